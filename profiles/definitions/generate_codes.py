"""HL7's own code systems with their displays, and the content of value sets (R4 terminologies.html).

Code systems of others are left out: their owners license them. Value sets name codes of theirs without the
displays.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

_OURS: Final = ("http://hl7.org/fhir/", "http://terminology.hl7.org/", "urn:ietf:")
_HEAD: Final = ("resourceType", "url", "version", "name", "title", "status")
_PROPERTIES: Final = frozenset(
    {"notSelectable", "status", "inactive", "parent", "subsumedBy", "child"}
)


def code_systems(resources: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Complete code systems of HL7, by URL, without definitions."""
    return {
        one["url"]: {
            **_head(one),
            **{k: one[k] for k in ("caseSensitive", "valueSet", "content") if k in one},
            "concept": list(_concepts(one.get("concept", ()))),
        }
        for one in resources
        if one.get("content") == "complete" and one["url"].startswith(_OURS)
    }


def value_set_content(resources: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Value sets that are composed, by URL."""
    return {
        one["url"]: {**_head(one), "compose": _compose(one["compose"])}
        for one in resources
        if one.get("compose", {}).get("include")
    }


def _head(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: resource[name] for name in _HEAD if name in resource}


def _concepts(concepts: Any) -> Iterator[dict[str, Any]]:
    for concept in concepts:
        kept = {k: concept[k] for k in ("code", "display") if k in concept}
        properties = [p for p in concept.get("property", ()) if p["code"] in _PROPERTIES]
        if properties:
            kept["property"] = properties
        if concept.get("concept"):
            kept["concept"] = list(_concepts(concept["concept"]))
        yield kept


def _compose(compose: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in compose.items() if k in ("inactive", "lockedDate")}
    for name in ("include", "exclude"):
        if compose.get(name):
            kept[name] = [_part(part) for part in compose[name]]
    return kept


def _part(part: dict[str, Any]) -> dict[str, Any]:
    ours = str(part.get("system", "")).startswith(_OURS)
    names = ("code", "display") if ours else ("code",)
    names_kept = ("system", "version", "filter", "valueSet")
    kept: dict[str, Any] = {k: part[k] for k in names_kept if k in part}
    if "concept" in part:
        kept["concept"] = [{k: one[k] for k in names if k in one} for one in part["concept"]]
    return kept
