"""Search parameters and compartments of R4, cut down to what indexing and searching need."""

import re
from collections.abc import Iterable
from typing import Any, Final

_COMMON: Final = {"Resource", "DomainResource"}
_PREFIX: Final = "http://hl7.org/fhir/SearchParameter/"


def search_parameters(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Type → code → definition; ``Resource`` and ``DomainResource`` hold what every type has.

    Each type gets only the alternatives of the expression that begin with it.
    """
    listed = list(entries)
    by_url = {entry["url"]: entry for entry in listed}
    found: dict[str, dict[str, Any]] = {}
    for entry in listed:
        for base in entry["base"]:
            found.setdefault(base, {})[entry["code"]] = _definition(entry, base, by_url)
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


def _of_base(expression: str, base: str) -> str:
    """The alternatives of an expression that apply to one type: its own, and those without a type."""
    parts = [part.strip() for part in expression.split("|")]
    if base in _COMMON or len(parts) == 1:
        return expression
    return " | ".join(part for part in parts if re.match(rf"\(*(?:{base}\b|[a-z])", part))
