"""Diagnoses, inpatient procedures and service lines of a draft Claim, numbered and linked (R4 claim.html)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from profiles.builders.claim_context import ClaimContext
from profiles.builders.coded_element import (
    code_concept,
    code_of_concept,
    explanation,
    modifier_concept,
    suggested_concept,
)
from profiles.coding_records import CodeSuggestion
from profiles.exact_json import Number
from terminology.claims import (
    ADMITTING,
    EXTERNAL_CAUSE,
    ICD_10_PCS,
    OTHER_DIAGNOSIS,
    PRINCIPAL,
    REVENUE,
)
from terminology.coding import concept
from terminology.fees import Fee
from terminology.systems import ICD_10_CM
from terminology.x12 import PLACE_OF_SERVICE

_EXTERNAL: Final = ("V", "W", "X", "Y")
"""Chapter 20 of ICD-10-CM: external causes of morbidity, never first-listed (guideline I.C.20.a.6)."""


def diagnoses(coded: Sequence[CodeSuggestion], context: ClaimContext) -> list[dict[str, Any]]:
    """The coded diagnoses in the coder's sequence, each code once."""
    once = {one.code: one for one in reversed(coded) if one.system == ICD_10_CM}
    found = [
        {
            "extension": explanation(one),
            "sequence": at,
            "diagnosisCodeableConcept": suggested_concept(one),
        }
        for at, one in enumerate(reversed(once.values()), 1)
    ]
    if context.institutional:
        return typed_diagnoses(_admitted(found, context))
    return found


def _admitted(found: list[dict[str, Any]], context: ClaimContext) -> list[dict[str, Any]]:
    """The diagnoses with the one at admission among them, its type set."""
    wanted = context.admitting
    if wanted is None:
        return found
    for diagnosis in found:
        if diagnosis_code(diagnosis) == wanted.code:
            both = [concept(OTHER_DIAGNOSIS), concept(ADMITTING)]
            return [{**d, "type": both} if d is diagnosis else d for d in found]
    known = code_concept(wanted.system, wanted.code, display=wanted.display)
    admitting = {
        "sequence": len(found) + 1,
        "diagnosisCodeableConcept": known,
        "type": [concept(ADMITTING)],
    }
    return [*found, admitting]


def typed_diagnoses(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Types of an institutional claim by sequence: the first is principal, admitting stays what it is."""
    typed, principal = [], False
    for diagnosis in found:
        types = diagnosis.get("type", [])
        if types != [concept(ADMITTING)]:
            admitting = [one for one in types if one == concept(ADMITTING)]
            types = [concept(_type(diagnosis, principal)), *admitting]
            principal = True
        typed.append({**diagnosis, "type": types})
    return typed


def _type(diagnosis: dict[str, Any], principal: bool) -> Any:
    if not principal:
        return PRINCIPAL
    return EXTERNAL_CAUSE if diagnosis_code(diagnosis).startswith(_EXTERNAL) else OTHER_DIAGNOSIS


def diagnosis_code(diagnosis: dict[str, Any]) -> str:
    """The code of a diagnosis, empty when it has none."""
    return code_of_concept(diagnosis.get("diagnosisCodeableConcept"))


def procedures(coded: Sequence[CodeSuggestion], context: ClaimContext) -> list[dict[str, Any]]:
    """ICD-10-PCS procedures: they stand beside the lines, not in them (R4 Claim.procedure)."""
    found = [one for one in coded if one.system == ICD_10_PCS]
    return [
        {
            "extension": explanation(one),
            "sequence": at,
            **({"date": context.service_date} if context.service_date else {}),
            "procedureCodeableConcept": suggested_concept(one),
        }
        for at, one in enumerate(found, 1)
    ]


def items(
    coded: Sequence[CodeSuggestion], found: Sequence[dict[str, Any]], context: ClaimContext
) -> list[dict[str, Any]]:
    """Service lines that point to the diagnoses by sequence; an unknown pointer points nowhere."""
    sequences = {diagnosis_code(diagnosis): diagnosis["sequence"] for diagnosis in found}
    lines = [one for one in coded if one.system not in (ICD_10_CM, ICD_10_PCS)]
    return [
        _item(at, one, [sequences[code] for code in one.pointers if code in sequences], context)
        for at, one in enumerate(lines, 1)
    ]


def _item(
    at: int, one: CodeSuggestion, pointers: Sequence[int], context: ClaimContext
) -> dict[str, Any]:
    line: dict[str, Any] = {"extension": explanation(one), "sequence": at}
    if pointers:
        line["diagnosisSequence"] = list(dict.fromkeys(pointers))
    line["productOrService"] = suggested_concept(one)
    if one.modifiers:
        line["modifier"] = [modifier_concept(modifier) for modifier in one.modifiers]
    if context.service_date:
        line["servicedDate"] = context.service_date[:10]
    if context.place and not context.institutional:
        place = {"system": PLACE_OF_SERVICE, "code": context.place}
        line["locationCodeableConcept"] = {"coding": [place]}
    if context.encounter:
        line["encounter"] = [{"reference": context.encounter}]
    line["quantity"] = {"value": one.units}
    return priced(line, context.fees.get(one.code))


def priced(line: dict[str, Any], fee: Fee | None) -> dict[str, Any]:
    """A line with the charge of a fee table, or without any amount."""
    plain = {name: value for name, value in line.items() if name not in ("unitPrice", "net")}
    if fee is None:
        return plain
    if fee.revenue:
        plain["revenue"] = {"coding": [{"system": REVENUE, "code": fee.revenue}]}
    return _charged(plain, {"value": Number(fee.amount), "currency": fee.currency})


def repriced(line: dict[str, Any], fee: Fee | None, *, same_code: bool) -> dict[str, Any]:
    """A changed line: the table's charge, else the price that its own code had before."""
    price = line.get("unitPrice")
    if fee is None and same_code and price is not None:
        return _charged(line, price)
    return priced(line, fee)


def _charged(line: dict[str, Any], price: dict[str, Any]) -> dict[str, Any]:
    units = Decimal(str(line.get("quantity", {}).get("value", 1)))
    net = Decimal(str(price["value"])) * units * Decimal(str(line.get("factor", 1)))
    return {**line, "unitPrice": price, "net": {**price, "value": _money(net)}}


def total(lines: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Sum of the lines, when every line has an amount and all are in one currency."""
    amounts = [line.get("net") for line in lines]
    currencies = {amount["currency"] for amount in amounts if amount}
    if not amounts or not all(amounts) or len(currencies) != 1:
        return None
    whole = sum(Decimal(str(amount["value"])) for amount in amounts if amount)
    return {"value": _money(Decimal(whole)), "currency": currencies.pop()}


def _money(value: Decimal) -> Number:
    return Number(f"{value:f}")
