"""Parts of a resource: ``_summary`` and ``_elements`` (R4 search.html#summary, #elements).

The result is marked SUBSETTED, so that nobody takes it for the whole.
"""

from typing import Any, Final

from profiles.definitions.r4 import TypeDefinition, definitions

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})


def summarised(resource: dict[str, Any], mode: str) -> dict[str, Any]:
    """The part that ``_summary=true``, ``text`` or ``data`` shows."""
    definition = definitions().types[resource["resourceType"]]
    if mode == "data":
        kept = {name: value for name, value in resource.items() if name != "text"}
    elif mode == "text":
        kept = _only(resource, definition, {"text"})
    else:
        summary = {element.name for element in definition.elements if element.summary}
        kept = _only(resource, definition, summary - {"text"}, mandatory=False)
    return _marked(kept)


def only_elements(resource: dict[str, Any], elements: tuple[str, ...]) -> dict[str, Any]:
    """The named top-level elements, and those that are mandatory."""
    kind = resource["resourceType"]
    names = {name.removeprefix(f"{kind}.").partition(".")[0] for name in elements}
    return _marked(_only(resource, definitions().types[kind], names))


def _only(
    resource: dict[str, Any], definition: TypeDefinition, names: set[str], *, mandatory: bool = True
) -> dict[str, Any]:
    wanted = set(names)
    if mandatory:
        wanted |= {element.name for element in definition.elements if element.minimum}
    kept = {}
    for name, value in resource.items():
        element = definition.members.get(name.removeprefix("_"))
        listed = element is not None and (element[0].name in wanted or name in wanted)
        if name in _ALWAYS or listed:
            kept[name] = value
    return kept


def _marked(resource: dict[str, Any]) -> dict[str, Any]:
    meta = dict(resource.get("meta", {}))
    meta["tag"] = [*meta.get("tag", ()), SUBSETTED]
    return {**resource, "meta": meta}
