"""Codes as values: the one type that carries a code between rooms, and its two FHIR shapes."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Code:
    """One code of one code system.

    Parameters
    ----------
    system : str
        Canonical URI of the code system.
    code : str
        The code itself.
    display : str
        Its preferred name in that system.
    """

    system: str
    code: str
    display: str


def coding(code: Code) -> dict[str, Any]:
    """FHIR ``Coding`` of a code (R4 datatypes.html#Coding)."""
    return {"system": code.system, "code": code.code, "display": code.display}


def concept(*codes: Code, text: str | None = None) -> dict[str, Any]:
    """FHIR ``CodeableConcept`` of synonymous codes (R4 datatypes.html#CodeableConcept)."""
    value: dict[str, Any] = {"coding": [coding(code) for code in codes]}
    if text is not None:
        value["text"] = text
    return value
