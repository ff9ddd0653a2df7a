"""Value sets as closed lists of codes per system, where R4's own definitions are enough to list them."""

from collections.abc import Iterator
from typing import Any

Codes = dict[str, set[str]]


class ValueSets:
    """Expands value sets out of the definitions.

    Parameters
    ----------
    value_sets, systems : dict
        ValueSet and CodeSystem resources by URL.
    """

    def __init__(self, value_sets: dict[str, Any], systems: dict[str, Any]) -> None:
        self._value_sets = value_sets
        self._systems = systems

    def expanded(self, url: str) -> Codes | None:
        """System → codes; None when a terminology server is needed (R4 valueset.html#compose)."""
        compose = self._value_sets.get(url.partition("|")[0], {}).get("compose", {})
        if not compose.get("include"):
            return None
        found: Codes = {}
        for include in compose["include"]:
            codes = self._included(include)
            if codes is None:
                return None
            for system, listed in codes.items():
                found.setdefault(system, set()).update(listed)
        for exclude in compose.get("exclude", ()):
            codes = self._included(exclude)
            if codes is None:
                return None
            for system, listed in codes.items():
                found.get(system, set()).difference_update(listed)
        return found

    def _included(self, include: dict[str, Any]) -> Codes | None:
        codes = self._of_system(include)
        for url in include.get("valueSet", ()):
            other = self.expanded(url)
            if other is None:
                return None
            codes = other if codes is None else _common(codes, other)
        return codes

    def _of_system(self, include: dict[str, Any]) -> Codes | None:
        if "system" not in include:
            return None
        if include.get("concept"):
            return {include["system"]: {concept["code"] for concept in include["concept"]}}
        system = self._systems.get(include["system"])
        if system is None or system.get("content") != "complete":
            return None
        listed = set(_all(system.get("concept", ())))
        for rule in include.get("filter", ()):
            kept = _filtered(system, rule)
            if kept is None:
                return None
            listed &= kept
        return {include["system"]: listed}


def _common(one: Codes, other: Codes) -> Codes:
    return {system: codes & other[system] for system, codes in one.items() if system in other}


def _filtered(system: dict[str, Any], rule: dict[str, Any]) -> set[str] | None:
    if rule["property"] != "concept" or rule["op"] not in ("is-a", "is-not-a"):
        return None
    below = set(_below(system.get("concept", ()), rule["value"], inside=False))
    below |= _by_parent(system, below | {rule["value"]})
    return below if rule["op"] == "is-a" else set(_all(system.get("concept", ()))) - below


def _all(concepts: Any) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all(concept.get("concept", ()))


def _below(concepts: Any, code: str, *, inside: bool) -> Iterator[str]:
    for concept in concepts:
        here = inside or concept["code"] == code
        if here:
            yield concept["code"]
        yield from _below(concept.get("concept", ()), code, inside=here)


def _by_parent(system: dict[str, Any], roots: set[str]) -> set[str]:
    """Concepts that name their parents as a property (v3 code systems with several parents)."""
    parents: dict[str, set[str]] = {}
    for concept in _flat(system.get("concept", ())):
        for entry in concept.get("property", ()):
            if entry["code"] in ("subsumedBy", "parent"):
                parents.setdefault(concept["code"], set()).add(entry.get("valueCode", ""))
    found = set(roots)
    grown = True
    while grown:
        more = {code for code, above in parents.items() if above & found} - found
        grown = bool(more)
        found |= more
    return found


def _flat(concepts: Any) -> Iterator[dict[str, Any]]:
    for concept in concepts:
        yield concept
        yield from _flat(concept.get("concept", ()))
