"""Codes for ``:in``, ``:above`` and ``:below``, from stored ValueSets and CodeSystems and those of R4 itself.

R4 search.html#modifiers. A value set that needs more than it says is refused, never taken for empty.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from adapters.sql.records import SearchPage, StoredVersion
from profiles.definitions.r4 import definitions, value_sets
from profiles.outcome import OperationOutcomeError

Codes = list[tuple[str, str]]


class Reads(Protocol):
    """Where definitions are read."""

    def read(self, kind: str, resource_id: str) -> StoredVersion | None:
        """A resource by id."""
        ...

    def search(self, kind: str, pairs: Any, *, count: int | None = None) -> SearchPage:
        """Resources by parameters."""
        ...


class StoredTerminology:
    """Expands what the store holds.

    Parameters
    ----------
    reader : Reads
    """

    def __init__(self, reader: Reads) -> None:
        self._reader = reader

    def in_value_set(self, reference: str) -> Codes:
        """Codes of a value set given by URL, or as ``ValueSet/id``.

        Raises
        ------
        OperationOutcomeError
            ``not-found`` when it is unknown, ``not-supported`` when it cannot be listed here.
        """
        return sorted(self._expanded(reference, set()))

    def subsumed(self, token: str, above: bool) -> Codes:
        """A code with those below it, or above it, in its code system."""
        system, bar, code = token.partition("|")
        if not bar:
            raise OperationOutcomeError("invalid", ":above and :below need system|code")
        concepts = self._concepts(system)
        found = list(_above(concepts, code) if above else _below(concepts, code))
        return [(system, one) for one in found] or [(system, code)]

    def _expanded(self, reference: str, seen: set[str]) -> set[tuple[str, str]]:
        url = reference.partition("|")[0]
        if url in seen:
            return set()
        resource = self._value_set(url)
        if resource is not None:
            return self._composed(resource, seen | {url})
        listed = value_sets().get(url)
        if listed is not None:
            return {(system, code) for system, codes in listed.items() for code in codes}
        closed = definitions().codes.get(url)
        if closed is not None:
            return {("", code) for code in closed}
        raise OperationOutcomeError("not-found", "this value set is not known here")

    def _value_set(self, url: str) -> dict[str, Any] | None:
        if url.startswith("ValueSet/"):
            stored = self._reader.read("ValueSet", url.removeprefix("ValueSet/"))
            return None if stored is None or stored.deleted else stored.json()
        page = self._reader.search("ValueSet", [("url", url)], count=1)
        return page.matches[0].json() if page.matches else None

    def _composed(self, resource: dict[str, Any], seen: set[str]) -> set[tuple[str, str]]:
        if "expansion" in resource:
            return set(_contained(resource["expansion"].get("contains", ())))
        compose = resource.get("compose", {})
        found: set[tuple[str, str]] = set()
        for include in compose.get("include", ()):
            found |= self._included(include, seen)
        for exclude in compose.get("exclude", ()):
            found -= self._included(exclude, seen)
        return found

    def _included(self, include: dict[str, Any], seen: set[str]) -> set[tuple[str, str]]:
        sets = [self._expanded(url, seen) for url in include.get("valueSet", ())]
        if "system" in include:
            system = include["system"]
            if include.get("concept"):
                sets.append({(system, concept["code"]) for concept in include["concept"]})
            else:
                sets.append({(system, code) for code in self._filtered(system, include)})
        if not sets:
            return set()
        return set.intersection(*sets)

    def _filtered(self, system: str, include: dict[str, Any]) -> set[str]:
        concepts = self._concepts(system)
        found = set(_codes(concepts))
        for rule in include.get("filter", ()):
            if rule["op"] not in ("is-a", "descendent-of") or rule["property"] != "concept":
                raise OperationOutcomeError(
                    "not-supported", "the value set has a filter that cannot be applied here"
                )
            below = set(_below(concepts, rule["value"]))
            found &= below if rule["op"] == "is-a" else below - {rule["value"]}
        return found

    def _concepts(self, system: str) -> Any:
        page = self._reader.search("CodeSystem", [("url", system)], count=1)
        if not page.matches:
            raise OperationOutcomeError("not-supported", "this code system is not known here")
        return page.matches[0].json().get("concept", ())


def _contained(contains: Any) -> Iterator[tuple[str, str]]:
    for entry in contains:
        if "code" in entry:
            yield entry.get("system", ""), entry["code"]
        yield from _contained(entry.get("contains", ()))


def _codes(concepts: Any) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", ()))


def _below(concepts: Any, code: str) -> Iterator[str]:
    for concept in concepts:
        if concept["code"] == code:
            yield from _codes((concept,))
        else:
            yield from _below(concept.get("concept", ()), code)


def _above(concepts: Any, code: str) -> list[str]:
    for concept in concepts:
        if concept["code"] == code:
            return [code]
        inside = _above(concept.get("concept", ()), code)
        if inside:
            return [concept["code"], *inside]
    return []
