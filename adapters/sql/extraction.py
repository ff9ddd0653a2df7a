"""The values under which resources are found, extracted as their types are indexed in this store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from profiles.search.contained import linked_row, with_links
from profiles.search.extract import Extractor
from profiles.search.parameters import SearchParameter, parameters_of
from profiles.search.values import Row

Lookup = Callable[[str], Mapping[str, SearchParameter]]


@dataclass(frozen=True, slots=True)
class Extracted:
    """Index rows of a resource, and the search parameters that they were extracted for."""

    parameters: Mapping[str, SearchParameter]
    rows: set[Row]


class Extraction:
    """Extracts index rows; any thread may.

    Parameters
    ----------
    lookup : callable
        The search parameters of a type.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._extractors: dict[str, tuple[Any, Extractor]] = {}

    def rows(self, resource: Mapping[str, Any]) -> set[Row]:
        """The rows of a resource, as its type is indexed now."""
        kind = resource["resourceType"]
        parameters = self._lookup(kind)
        known = self._extractors.get(kind)
        if known is None or known[0] is not parameters:
            known = self._extractors[kind] = (parameters, Extractor(kind, parameters))
        if resource.get("contained"):
            outer = f"{kind}/{resource['id']}"
            return {linked_row(row, outer) for row in known[1].rows(with_links(resource))}
        return known[1].rows(resource)

    def ahead(self, resource: Mapping[str, Any]) -> Extracted | None:
        """The rows of a resource before it has a version.

        None where a site has added parameters: they may look at what the store says of a version.
        """
        kind = resource["resourceType"]
        parameters = self._lookup(kind)
        if parameters is not parameters_of(kind):
            return None
        return Extracted(parameters, self.rows(resource))

    def still(self, kind: str, extracted: Extracted) -> bool:
        """Whether a type is indexed as it was then."""
        return extracted.parameters is self._lookup(kind)
