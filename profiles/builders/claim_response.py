"""The answer to a Claim that has come: queued for a person, or refused with its reasons (R4 ClaimResponse).

Rules have judged, no AI, so there is no AI label; the Provenance names the tables that they used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from profiles.exact_json import Number
from profiles.fhir_time import instant
from profiles.scrub.claim_view import number
from profiles.scrub.finding import Finding
from profiles.scrub.rules import RULES
from profiles.uids import derived_id
from terminology.adjudication import (
    AUTHORIZATION,
    CLAIM_CONTENT,
    EDIT_TABLE,
    ERRORS,
    REASON,
    SUBMITTED,
    reason_of,
)
from terminology.claims import ABSENT
from terminology.coding import Code, coding, concept
from terminology.systems import CLAIM_EDIT, PROVENANCE_PARTICIPANT

_ITEM: Final = re.compile(r"Claim\.item\[(\d+)\]")
QUEUED: Final = "Received and checked; queued for a decision."
REFUSED: Final = "Not processed: the claim has errors."
CANCELLED: Final = "Cancelled by its sender."
MOST_NOTES: Final = 200
"""Findings that one answer spells out; it says so when there are more."""
DUPLICATE: Final = "claim-duplicate"


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer is made of.

    Parameters
    ----------
    claim : mapping
        The Claim as it is stored.
    digest : str
        SHA-256 of its content.
    findings : tuple of Finding
    moment : datetime
        Aware.
    insurer : mapping
        Reference to the insurer that answers.
    """

    claim: Mapping[str, Any]
    digest: str
    findings: tuple[Finding, ...]
    moment: datetime
    insurer: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether an error keeps the claim from being processed."""
        return any(finding.severity == "error" for finding in self.findings)


def response_id(claim_id: str) -> str:
    """Id of the answer to a Claim: a new version of the Claim gets the next version of it."""
    return derived_id("ClaimResponse", "received", claim_id)


def build_response(answered: Answered) -> dict[str, Any]:
    """The ``ClaimResponse``: ``queued`` where no error was found, else ``error`` with every reason."""
    claim = answered.claim
    listed = answered.findings[:MOST_NOTES]
    response: dict[str, Any] = {
        "resourceType": "ClaimResponse",
        "id": response_id(str(claim["id"])),
        "identifier": [{"system": CLAIM_CONTENT, "value": answered.digest}],
        "status": "active",
        **_same(claim),
        "created": instant(answered.moment),
        "insurer": from_outside(answered.insurer, claim),
        "request": {"reference": f"Claim/{claim['id']}"},
        "outcome": "error" if answered.refused else "queued",
        "disposition": REFUSED if answered.refused else QUEUED,
        "item": _items(claim, listed),
        "processNote": _notes(answered.findings),
        "error": [_error(claim, one) for one in listed if one.severity == "error"],
    }
    whole = total_of(claim)
    if whole is not None:
        response["total"] = [{"category": concept(SUBMITTED), "amount": whole}]
    if claim.get("use") == "preauthorization" and not answered.refused:
        response["preAuthRef"] = f"PA{authorization_number(str(claim['id']))}"
    return {name: value for name, value in response.items() if value != []}


def authorization_number(claim_id: str) -> str:
    """The number under which an authorization is asked about; the same for every version of a request."""
    return derived_id(AUTHORIZATION, claim_id)[:12].upper()


def _same(claim: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer has in common with its Claim."""
    same = {name: claim[name] for name in ("type", "subType", "use") if name in claim}
    if "_use" in claim:
        same["_use"] = claim["_use"]
    for name, party in (("patient", claim.get("patient")), ("requestor", claim.get("provider"))):
        if party:
            same[name] = from_outside(party, claim)
    return same


def from_outside(reference: Mapping[str, Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    """A Reference as another resource may write it: what the Claim contains is named, not pointed at.

    R4 references.html#contained: nothing can refer to a contained resource from outside.
    """
    target = str(reference.get("reference") or "")
    if not target.startswith("#"):
        return dict(reference)
    inside = (one for one in claim.get("contained", ()) if one.get("id") == target[1:])
    contained: Mapping[str, Any] = next(inside, {})
    named: dict[str, Any] = {
        key: value for key, value in reference.items() if key not in ("reference", "_reference")
    }
    if contained.get("resourceType"):
        named["type"] = contained["resourceType"]
    identifiers = contained.get("identifier", ())
    if isinstance(identifiers, list) and identifiers:
        named.setdefault("identifier", identifiers[0])
    named.setdefault("display", "contained in the Claim")
    return named


def unknown(what: str) -> dict[str, Any]:
    """A Reference that R4 requires where nobody is named."""
    return {
        "extension": [{"url": ABSENT, "valueCode": "unknown"}],
        "display": f"No {what} is known",
    }


def _items(claim: Mapping[str, Any], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The lines that something was found at: what was asked for, why it is not paid, and the notes."""
    items = []
    by_line: dict[int | None, list[int]] = {}
    for n, one in enumerate(findings, 1):
        by_line.setdefault(_line_of(one), []).append(n)
    for at, line in enumerate(claim.get("item", ())):
        numbers = by_line.get(at)
        if not numbers or "sequence" not in line:
            continue
        errors = [findings[n - 1] for n in numbers if findings[n - 1].severity == "error"]
        items.append(
            {
                "itemSequence": line["sequence"],
                "noteNumber": numbers,
                "adjudication": [_submitted(line, errors[0] if errors else None)]
                + [{"category": concept(SUBMITTED), "reason": _reason(one)} for one in errors[1:]],
            }
        )
    return items


def _submitted(line: Mapping[str, Any], error: Finding | None) -> dict[str, Any]:
    said: dict[str, Any] = {"category": concept(SUBMITTED)}
    if error is not None:
        said["reason"] = _reason(error)
    if line.get("net"):
        said["amount"] = line["net"]
    return said


def _reason(finding: Finding) -> dict[str, Any]:
    """Why a line is not paid: X12's number, and the edit itself."""
    return {"coding": [{"system": REASON, "code": reason_of(finding.rule)}, _edit(finding)]}


def _error(claim: Mapping[str, Any], finding: Finding) -> dict[str, Any]:
    codes = [_edit(finding), {"system": REASON, "code": reason_of(finding.rule)}]
    known = ERRORS.get(finding.rule)
    if known is not None:
        codes.insert(0, coding(known))
    error: dict[str, Any] = {"code": {"coding": codes, "text": finding.text}}
    at = _line_of(finding)
    lines = claim.get("item", ())
    if at is not None and at < len(lines) and "sequence" in lines[at]:
        error = {"itemSequence": lines[at]["sequence"], **error}
    return error


def _edit(finding: Finding) -> dict[str, Any]:
    known = RULES.get(finding.rule)
    display = {"display": known.display} if known is not None else {}
    return {"system": CLAIM_EDIT, "code": finding.rule, **display}


def _notes(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    notes = [
        {
            "number": at,
            "type": "display",
            "text": f"{one.severity}: {one.text} ({one.rule}; {one.source}; {one.expression})",
        }
        for at, one in enumerate(findings[:MOST_NOTES], 1)
    ]
    if len(findings) > MOST_NOTES:
        left = len(findings) - MOST_NOTES
        text = f"{left} further findings are not listed"
        notes.append({"number": MOST_NOTES + 1, "type": "display", "text": text})
    return notes


def _line_of(finding: Finding) -> int | None:
    """Index of the line that a finding is about; None for one about the claim."""
    found = _ITEM.match(finding.expression)
    return None if found is None else int(found[1])


def build_provenance(
    response: Mapping[str, Any],
    version: int,
    tables: Sequence[tuple[str, str, str]],
    moment: datetime,
) -> dict[str, Any]:
    """What judged: our edits, on which version of the Claim, with which tables (name, version, SHA-256)."""
    claim = response["request"]["reference"]
    return {
        "resourceType": "Provenance",
        "id": derived_id(
            "Provenance", "adjudication", response["id"], str(version), instant(moment)
        ),
        "target": [{"reference": f"ClaimResponse/{response['id']}"}],
        "recorded": instant(moment),
        "policy": [CLAIM_EDIT],
        "agent": [
            {
                "type": concept(Code(PROVENANCE_PARTICIPANT, "assembler", "Assembler")),
                "who": {"display": "Isthmus claim edits (rules, no AI)"},
            }
        ],
        "entity": [
            {"role": "source", "what": {"reference": f"{claim}/_history/{version}"}},
            *(
                {
                    "role": "derivation",
                    "what": {
                        "identifier": {"system": EDIT_TABLE, "value": f"{name}:sha256:{digest}"},
                        "display": f"{name} {release}",
                    },
                }
                for name, release, digest in tables
            ),
        ],
    }


def total_of(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was asked for in all: the stated total, else the sum of lines in one currency."""
    if claim.get("total", {}).get("value") is not None:
        return dict(claim["total"])
    nets = [line.get("net", {}) for line in claim.get("item", ())]
    values = [number(net.get("value")) for net in nets]
    currencies = {net.get("currency") for net in nets}
    if not nets or None in values or len(currencies) != 1 or None in currencies:
        return None
    whole = sum((value for value in values if value is not None), Decimal(0))
    return {"value": Number(format(whole, "f")), "currency": currencies.pop()}
