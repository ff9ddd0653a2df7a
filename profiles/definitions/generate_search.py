"""Search parameters and compartments of R4, cut down to what indexing and searching need."""

import re
from collections.abc import Iterable
from typing import Any, Final

_COMMON: Final = {"Resource", "DomainResource"}
_BOOLEAN: Final = "http://terminology.hl7.org/CodeSystem/special-values"
_PREFIX: Final = "http://hl7.org/fhir/SearchParameter/"


def search_parameters(
    entries: Iterable[dict[str, Any]], types: dict[str, Any], systems: dict[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """Type → code → definition; ``Resource`` and ``DomainResource`` hold what every type has.

    Each type gets only the alternatives of the expression that begin with it.

    Parameters
    ----------
    types : dict
        The types of R4, with the closed value set of each ``code`` that has one.
    systems : dict
        Value set → code systems.
    """
    listed = list(entries)
    by_url = {entry["url"]: entry for entry in listed}
    found: dict[str, dict[str, Any]] = {}
    for entry in listed:
        for base in entry["base"]:
            made = found.setdefault(base, {})[entry["code"]] = _definition(entry, base, by_url)
            implied = _implied(made, types, systems) if made["type"] == "token" else []
            if implied:
                made["systems"] = implied
    return {base: dict(sorted(codes.items())) for base, codes in sorted(found.items())}


def compartments(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Compartment → member type → the parameters that make a resource a member."""
    return {
        entry["code"]: {
            member["code"]: member["param"] for member in entry["resource"] if member.get("param")
        }
        for entry in entries
    }


def _definition(entry: dict[str, Any], base: str, by_url: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": entry["url"].removeprefix(_PREFIX), "type": entry["type"]}
    expression = _of_base(entry.get("expression", ""), base)
    if expression:
        found["expression"] = expression
    if entry.get("target"):
        found["target"] = sorted(entry["target"])
    if entry.get("component"):
        found["component"] = [
            {"code": by_url[c["definition"]]["code"], "expression": c["expression"]}
            for c in entry["component"]
        ]
    return found


def _implied(
    made: dict[str, Any], types: dict[str, Any], systems: dict[str, list[str]]
) -> list[str]:
    """Code systems of values that do not name one themselves (R4 search.html#token)."""
    found: set[str] = set()
    for path in made.get("expression", "").split(" | "):
        kind, *members = path.split(".")
        element: dict[str, Any] = {}
        for member in members:
            element = types.get(kind, {}).get("elements", {}).get(member, {})
            kind = element.get("types", [""])[0]
        if kind == "boolean":
            found.add(_BOOLEAN)
        found.update(systems.get(element.get("codes", ""), ()))
    return sorted(found)


def _of_base(expression: str, base: str) -> str:
    """The alternatives of an expression that apply to one type: its own, and those without a type."""
    parts = [part.strip() for part in expression.split("|")]
    if base in _COMMON or len(parts) == 1:
        return expression
    return " | ".join(part for part in parts if re.match(rf"\(*(?:{base}\b|[a-z])", part))
