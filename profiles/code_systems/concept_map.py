"""Translation by a ConceptMap (R4 conceptmap.html): forward, in reverse, and for codes without a mapping."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

NO_MATCH: Final = frozenset({"unmatched", "disjoint"})
_REVERSED: Final = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}


@dataclass(frozen=True, slots=True)
class Match:
    """One match: equivalence, the Coding, products and the map that says so."""

    equivalence: str
    coding: dict[str, Any] | None
    products: tuple[tuple[str, dict[str, Any]], ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is translated.

    Parameters
    ----------
    system, code : str
    target_system : str
        Only matches in it; empty for any.
    reverse : bool
        Which codes are mapped to this one.
    dependencies : mapping of str to frozenset
        Other elements: by name, the (system, code) pairs of their value.
    """

    system: str
    code: str
    target_system: str = ""
    reverse: bool = False
    dependencies: tuple[tuple[str, frozenset[tuple[str, str]]], ...] = ()


Maps = Callable[[str], dict[str, Any] | None]
"""Finds a map by its canonical."""


class Translation:
    """Translates one code.

    Parameters
    ----------
    asked : Asked
    maps : callable
        Finds the map to which another one leaves the codes that it does not name.
    """

    def __init__(self, asked: Asked, maps: Maps) -> None:
        self._asked = asked
        self._maps = maps
        self._seen: set[str] = set()

    def matches(self, concept_map: dict[str, Any]) -> Iterator[Match]:
        """Every match of a map, each map once."""
        url = str(concept_map.get("url", id(concept_map)))
        if url in self._seen:
            return
        self._seen.add(url)
        asked = self._asked
        for group in concept_map.get("group", ()):
            source, target = group.get("source", ""), group.get("target", "")
            from_, to = (target, source) if asked.reverse else (source, target)
            if from_ not in ("", asked.system) or asked.target_system not in ("", to):
                continue
            if asked.reverse:
                yield from _backward(concept_map, group, asked)
            else:
                yield from self._forward(concept_map, group)

    def _forward(self, concept_map: dict[str, Any], group: dict[str, Any]) -> Iterator[Match]:
        code = self._asked.code
        elements = [one for one in group.get("element", ()) if one.get("code") == code]
        for element in elements:
            for target in element.get("target", ()):
                if _depends(target, self._asked):
                    products = tuple(map(_product, target.get("product", ())))
                    yield _match(concept_map, group, target, products)
        if not elements:
            yield from self._unmapped(concept_map, group)

    def _unmapped(self, concept_map: dict[str, Any], group: dict[str, Any]) -> Iterator[Match]:
        """What holds for codes that a group does not name (R4 ConceptMap.group.unmapped)."""
        unmapped = group.get("unmapped", {})
        mode = unmapped.get("mode")
        if mode == "provided":
            yield _match(concept_map, group, {"code": self._asked.code, "equivalence": "equal"})
        elif mode == "fixed":
            yield _match(concept_map, group, {**unmapped, "equivalence": "inexact"})
        elif mode == "other-map":
            other = self._maps(unmapped.get("url", ""))
            if other is None:
                raise OperationOutcomeError(
                    "not-found", "the map leaves this code to a map that is not known here"
                )
            yield from self.matches(other)


def _backward(concept_map: dict[str, Any], group: dict[str, Any], asked: Asked) -> Iterator[Match]:
    for element in group.get("element", ()):
        for target in element.get("target", ()):
            if target.get("code") == asked.code:
                equivalence = target["equivalence"]
                yield Match(
                    _REVERSED.get(equivalence, equivalence),
                    _coding(group.get("source", ""), group.get("sourceVersion", ""), element),
                    source=concept_map.get("url", ""),
                )


def _match(
    concept_map: dict[str, Any],
    group: dict[str, Any],
    target: dict[str, Any],
    products: tuple[tuple[str, dict[str, Any]], ...] = (),
) -> Match:
    coding = _coding(group.get("target", ""), group.get("targetVersion", ""), target)
    return Match(target["equivalence"], coding, products, concept_map.get("url", ""))


def _coding(system: str, version: str, named: dict[str, Any]) -> dict[str, Any] | None:
    if "code" not in named:
        return None
    found = {"system": system, "version": version, "code": named["code"]}
    found["display"] = named.get("display", "")
    return {name: value for name, value in found.items() if value}


def _depends(target: dict[str, Any], asked: Asked) -> bool:
    """Whether the dependencies of a target are met; one that is not said is not met."""
    given = dict(asked.dependencies)
    return all(
        (one.get("system", ""), one["value"]) in given.get(one["property"], frozenset())
        or ("", one["value"]) in given.get(one["property"], frozenset())
        for one in target.get("dependsOn", ())
    )


def _product(product: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    coding = {"system": product.get("system", ""), "code": product["value"]}
    coding["display"] = product.get("display", "")
    return product["property"], {name: value for name, value in coding.items() if value}
