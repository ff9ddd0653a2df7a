"""Lines of a remittance against the items of our Claim: which is which, and how each was adjudicated.

A line is found by its control number, else by its code where only one item of the Claim is left with it. What
is found by neither is an added item: nothing that a payer says is dropped.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from profiles.exact_json import Number
from profiles.remittance_records import Adjustment, PaidLine
from terminology.claims import REVENUE
from terminology.payer import ADJUDICATION, CARC
from terminology.systems import CPT, HCPCS
from terminology.x12 import ADJUSTMENT_GROUP, NDC, PROCEDURE

SUBMITTED, BENEFIT, ELIGIBLE = "submitted", "benefit", "eligible"
_CPT_LENGTH: Final = 5
SYSTEMS: Final = {"NU": REVENUE, "N4": NDC}
"""Systems of codes that are no HCPCS, by their qualifier (data element 235)."""


def matched(lines: Sequence[PaidLine], items: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Sequence of the item of every line; None for a line that is none of ours."""
    left = {int(item["sequence"]): item for item in items if item.get("sequence")}
    found: list[int | None] = [None] * len(lines)
    for by in (_by_control, _by_code):
        for at, line in enumerate(lines):
            if found[at] is None:
                found[at] = by(line, left)
                left.pop(found[at] or 0, None)
    return found


def _by_control(line: PaidLine, left: Mapping[int, Mapping[str, Any]]) -> int | None:
    control = line.control
    number = int(control) if control.isascii() and control.isdecimal() and len(control) < 10 else 0
    return number if number in left else None


def _by_code(line: PaidLine, left: Mapping[int, Mapping[str, Any]]) -> int | None:
    codes = {line.original or line.code}
    fitting = [n for n, item in left.items() if codes & _codes(item)]
    modifiers = set(line.modifiers)
    closer = [n for n in fitting if _modifiers(left[n]) == modifiers]
    chosen = closer if len(closer) == 1 else fitting
    return chosen[0] if len(chosen) == 1 else None


def _codes(item: Mapping[str, Any]) -> set[str]:
    """Codes of the service of an item; of the revenue center where a facility bills by that alone."""
    coding = item.get("productOrService", {}).get("coding") or item.get("revenue", {}).get("coding")
    return {str(one["code"]) for one in coding or () if one.get("code")}


def _modifiers(item: Mapping[str, Any]) -> set[str]:
    return {
        str(coding["code"])
        for modifier in item.get("modifier", ())
        for coding in modifier.get("coding", ())
        if coding.get("code")
    }


def adjudicated(line: PaidLine, currency: str) -> list[dict[str, Any]]:
    """Charge, allowed amount, payment and every reason of a line."""
    allowed = [] if line.allowed is None else [amount(ELIGIBLE, line.allowed, currency)]
    return [
        amount(SUBMITTED, line.charge, currency),
        *allowed,
        amount(BENEFIT, line.paid, currency),
        *(reason(one, currency) for one in line.adjustments),
    ]


def amount(category: str, value: Decimal, currency: str) -> dict[str, Any]:
    """An amount of a category of HL7's adjudication."""
    coding = {"system": ADJUDICATION, "code": category}
    return {"category": {"coding": [coding]}, "amount": money(value, currency)}


def reason(adjustment: Adjustment, currency: str) -> dict[str, Any]:
    """An adjustment with its group and reason codes."""
    made: dict[str, Any] = {
        "category": {"coding": [{"system": ADJUSTMENT_GROUP, "code": adjustment.group}]},
        "reason": {"coding": [{"system": CARC, "code": adjustment.reason}]},
        "amount": money(adjustment.amount, currency),
    }
    if adjustment.quantity is not None:
        made["value"] = exact(adjustment.quantity)
    return made


def money(value: Decimal, currency: str) -> dict[str, Any]:
    """A Money with every digit that came."""
    return {"value": exact(value), "currency": currency}


def exact(value: Decimal) -> Number:
    """A decimal as JSON writes it, exactly."""
    return Number(f"{value:f}")


def added(line: PaidLine, currency: str) -> dict[str, Any]:
    """A line that is none of ours."""
    concept: dict[str, Any] = {"text": "a service without a code"}
    if line.code:
        concept = {"coding": [coding_of(line)]}
    made: dict[str, Any] = {
        "productOrService": concept,
        "adjudication": adjudicated(line, currency),
    }
    if line.modifiers:
        made["modifier"] = [{"coding": [{"code": one}]} for one in line.modifiers]
    if line.begins:
        made["servicedDate"] = line.begins
    return made


def coding_of(line: PaidLine) -> dict[str, str]:
    """The code that was paid for, with its system where its kind tells it."""
    if line.qualifier in SYSTEMS:
        return {"system": SYSTEMS[line.qualifier], "code": line.code}
    if line.qualifier != PROCEDURE:
        return {"code": line.code}
    # HCPCS Level II codes begin with a letter, CPT numbers with a digit (CMS, HCPCS general information).
    numeric = len(line.code) == _CPT_LENGTH and line.code[0].isdecimal()
    return {"system": CPT if numeric else HCPCS, "code": line.code}
