"""References by the address of this server are those by type and id (R4 references.html#literal).

The address under which a client writes is known with its request alone. So the links are added to the rows
that a resource has anyway, which also keep the reference as it was written.
"""

from collections.abc import Iterable, Iterator, Mapping

from profiles.search.parameters import SearchParameter
from profiles.search.values import Row, address_of


def own_links(
    rows: Iterable[Row], parameters: Mapping[str, SearchParameter], bases: Iterable[str]
) -> Iterator[tuple[Row, str]]:
    """The link of each reference by an address under one of some bases, and that base."""
    starts = tuple(f"{base}/" for base in bases)
    for row in rows:
        if row[0] == "uri" and row[2].startswith(starts):
            base, link = _link(row, parameters)
            if link is not None and f"{base}/" in starts:
                yield link, base


def possible_links(rows: Iterable[Row], parameters: Mapping[str, SearchParameter]) -> Iterator[Row]:
    """The links that rows have come with, if what they name was ever the address of this server."""
    for row in rows:
        if row[0] == "uri" and row[2].startswith("http"):
            _, link = _link(row, parameters)
            if link is not None:
                yield link


def _link(row: Row, parameters: Mapping[str, SearchParameter]) -> tuple[str, Row | None]:
    parameter = parameters.get(row[1])
    if parameter is None or parameter.kind != "reference":
        return "", None
    base, kind, key = address_of(row[2])
    return base, ("ref", row[1], kind, key) if base else None
