"""Parts of a resource: ``_summary`` and ``_elements`` (R4 search.html#summary, #elements).

The result is marked SUBSETTED, so that nobody takes it for the whole.
"""

from typing import Any, Final

from profiles.definitions.r4 import TypeDefinition, definitions
from profiles.exact_json import dumps_exact, loads_exact

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
"""Who the resource is, and what may change the meaning of everything else in it."""


def part_of(
    body: bytes, summary: str, elements: tuple[str, ...], *, included: bool = False
) -> bytes:
    """The part of a resource that ``_summary`` and ``_elements`` leave, each number as it was written.

    Parameters
    ----------
    summary : str
        ``true``, ``text``, ``data``, ``count`` (who it is, and no more) or ``false``.
    elements : tuple of str
        Top-level elements. ``Patient.name`` speaks of Patients alone, ``name`` of what matches.
    included : bool
        Whether the resource is there by ``_include``, not as a match.
    """
    resource = loads_exact(body)
    part = resource
    if summary != "false":
        part = _summarised(part, summary)
    names = _names(resource["resourceType"], elements, included)
    if names:
        part = _only(part, definitions().types[resource["resourceType"]], names)
    return body if part is resource else dumps_exact(_marked(part))


def _summarised(resource: dict[str, Any], mode: str) -> dict[str, Any]:
    definition = definitions().types[resource["resourceType"]]
    if mode == "count":
        return {name: resource[name] for name in ("resourceType", "id", "meta")}
    if mode == "data":
        return {name: value for name, value in resource.items() if name != "text"}
    if mode == "text":
        return _only(resource, definition, {"text"})
    return _summary(resource, definition)


def _names(kind: str, elements: tuple[str, ...], included: bool) -> set[str]:
    """The elements that speak of a type; none when it stays whole."""
    names = set()
    for name in elements:
        first, _, rest = name.partition(".")
        if first == kind and rest:
            names.add(rest.partition(".")[0])
        elif first not in definitions().resources and not included:
            names.add(first)
    return names


def _summary(value: dict[str, Any], definition: TypeDefinition) -> dict[str, Any]:
    """The elements that are marked as summary, inside of backbone elements too."""
    kept = {}
    for name, inner in value.items():
        element = definition.members.get(name.removeprefix("_"))
        if name in _ALWAYS or (element is not None and element[0].summary and name != "text"):
            kept[name] = inner if element is None else _summaries(inner, element[1])
    return kept


def _summaries(value: Any, kind: str) -> Any:
    """What an element holds; only a backbone element has parts that are no summary."""
    definition = definitions().types.get(kind) if "." in kind else None
    if definition is None:
        return value
    if isinstance(value, list):
        return [_summaries(entry, kind) for entry in value]
    return _summary(value, definition) if isinstance(value, dict) else value


def _only(resource: dict[str, Any], definition: TypeDefinition, names: set[str]) -> dict[str, Any]:
    wanted = names | {element.name for element in definition.elements if element.minimum}
    kept = {}
    for name, value in resource.items():
        element = definition.members.get(name.removeprefix("_"))
        listed = element is not None and (element[0].name in wanted or name in wanted)
        if name in _ALWAYS or listed:
            kept[name] = value
    return kept


def _marked(resource: dict[str, Any]) -> dict[str, Any]:
    meta = dict(resource.get("meta", {}))
    others = (tag for tag in meta.get("tag", ()) if tag.get("code") != SUBSETTED["code"])
    meta["tag"] = [*others, SUBSETTED]
    return {**resource, "meta": meta}
