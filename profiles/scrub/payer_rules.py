"""Rules of payers as data that the site supplies: one JSON file per payer, checked when it is read.

```json
{"payers": ["Organization/1", "00123"], "version": "2026-10", "source": "provider manual 2026, chapter 4",
 "timelyFilingDays": 180,
 "severity": {"excludes1": "error", "line-net-mismatch": "off"},
 "notCovered": ["A9270"], "authorization": ["70551"], "units": {"97110": 4},
 "diagnoses": {"77067": ["Z12.31"]},
 "constraint": [{"key": "facility", "severity": "error", "human": "The claim names the facility.",
                 "expression": "facility.exists()"}]}
```

``payers`` are references of the insurer or values of its identifiers; without it the rules are for everyone.
``constraint`` is written as in an ElementDefinition (R4 elementdefinition.html) and looks at the Claim.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from profiles.fhirpath.engine import Expression, compile_expression
from profiles.outcome import OperationOutcomeError
from profiles.scrub.rules import RULES

_SEVERITIES: Final = frozenset({"error", "warning", "information"})
OFF: Final = "off"
_LISTS: Final = ("payers", "notCovered", "authorization")
_MEMBERS: Final = frozenset(
    {
        *_LISTS,
        "version",
        "source",
        "timelyFilingDays",
        "severity",
        "units",
        "diagnoses",
        "constraint",
    }
)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A rule as FHIRPath: it has to give true for the Claim."""

    key: str
    severity: str
    human: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class PayerRules:
    """The rules of one payer; see the module for the members."""

    payers: frozenset[str] = frozenset()
    version: str = ""
    source: str = "payer rule"
    timely_filing_days: int | None = None
    severity: Mapping[str, str] = field(default_factory=dict)
    not_covered: frozenset[str] = frozenset()
    authorization: frozenset[str] = frozenset()
    units: Mapping[str, int] = field(default_factory=dict)
    diagnoses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()

    @property
    def cited(self) -> str:
        """The source with its version."""
        return f"{self.source}, {self.version}" if self.version else self.source


def read_payer_rules(folder: Path) -> tuple[PayerRules, ...]:
    """The rules of every JSON file of a folder; none where there is no folder.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` with the file's name and what is wrong in it.
    """
    return tuple(_read(file) for file in sorted(folder.glob("*.json")))


def _read(file: Path) -> PayerRules:
    try:
        return payer_rules(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(file, str(error)) from None
    except OperationOutcomeError as error:
        raise _refused(file, error.diagnostics) from None


def _refused(file: Path, reason: str) -> OperationOutcomeError:
    return OperationOutcomeError("invalid", f"payer rules {file.name}: {reason}", "payer_rules")


def payer_rules(given: Any) -> PayerRules:
    """The rules of one JSON object.

    Raises
    ------
    ValueError
        For a member that is unknown or of the wrong form.
    OperationOutcomeError
        For an expression that is no FHIRPath.
    """
    if not isinstance(given, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - said of a file
    unknown = sorted(given.keys() - _MEMBERS)
    if unknown:
        raise ValueError(f"there is no member {unknown[0]}")
    lists = {name: _texts(given.get(name, []), name) for name in _LISTS}
    return PayerRules(
        frozenset(lists["payers"]),
        str(given.get("version", "")),
        str(given.get("source", "payer rule")),
        _whole(given["timelyFilingDays"], "timelyFilingDays")
        if "timelyFilingDays" in given
        else None,
        _severities(given.get("severity", {})),
        frozenset(lists["notCovered"]),
        frozenset(lists["authorization"]),
        {code: _whole(most, "units") for code, most in _object(given, "units").items()},
        {code: _texts(codes, "diagnoses") for code, codes in _object(given, "diagnoses").items()},
        tuple(_constraint(one) for one in given.get("constraint", ())),
    )


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name} is an object by procedure code")  # noqa: TRY004 - of a file
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{name} holds lists of texts")
    return tuple(value)


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} holds whole numbers")
    return value


def _severities(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError("severity is an object by rule")  # noqa: TRY004 - said of a file
    for rule, severity in value.items():
        if rule not in RULES:
            raise ValueError(f"severity: there is no rule {rule}")
        if severity not in _SEVERITIES | {OFF}:
            raise ValueError("severity is error, warning, information or off")
    return value


def _constraint(value: Any) -> Constraint:
    texts = [
        value.get(name) if isinstance(value, dict) else None
        for name in ("key", "human", "expression")
    ]
    severity = value.get("severity", "error") if isinstance(value, dict) else ""
    if not all(isinstance(text, str) and text for text in texts) or severity not in _SEVERITIES:
        raise ValueError("a constraint has key, severity, human and expression")
    key, human, expression = texts
    return Constraint(str(key), severity, str(human), compile_expression(str(expression)))
