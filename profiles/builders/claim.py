"""A coder's result becomes a draft Claim with everything that a person needs to decide on it (R4 claim.html).

Below-threshold suggestions stay in the coding result. Nothing is billed that nobody suggested, and no amount
is written that no fee table gave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from profiles.builders.claim_context import ClaimContext, billed_coverages
from profiles.builders.claim_lines import diagnoses, items, procedures, total
from profiles.builders.claim_narrative import claim_narrative
from profiles.builders.claim_record import (
    coder_card,
    coder_device,
    coding_provenance,
    kept_request,
    kept_result,
    review_task,
)
from profiles.coding_records import SUGGESTED, CodingResult
from profiles.fhir_time import instant
from terminology.ai_transparency import labelled
from terminology.claims import (
    ABSENT,
    ASSISTING_PROVIDER,
    ATTACHMENT,
    BILL,
    CLAIM_TYPES,
    NORMAL_PRIORITY,
    PRIMARY_PROVIDER,
    TYPE_OF_BILL,
)
from terminology.coding import concept

__all__ = ["ClaimContext", "ClaimDraft", "build_claim"]


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """The Claim, what it rests on, and the Task of the person who decides; all link by derived ids."""

    claim: dict[str, Any]
    task: dict[str, Any]
    beside: tuple[dict[str, Any], ...]

    @property
    def resources(self) -> tuple[dict[str, Any], ...]:
        """Everything, in an order in which nothing points ahead but the Provenance's targets."""
        return (*self.beside, self.claim, self.task)


def build_claim(result: CodingResult, context: ClaimContext) -> ClaimDraft:
    """The draft of one coding; the same result and context give the same draft."""
    claim = _claim(result, context)
    kept = [kept_result(result, context)]
    if context.request is not None:
        kept.append(kept_request(context.request, context))
    beside = (
        coder_device(result),
        coder_card(result, context),
        *kept,
        coding_provenance(result, context, [claim, *kept]),
    )
    return ClaimDraft(claim, review_task(result, context), beside)


def _claim(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    coded = [one for one in result.suggestions if one.status == SUGGESTED]
    found = diagnoses(coded, context)
    lines = items(coded, found, context)
    coverages = billed_coverages(context)
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "id": context.claim_id,
        "meta": labelled(),
        "text": claim_narrative(result),
        "status": "draft",
        "type": concept(CLAIM_TYPES[context.kind]),
        "use": context.use,
        "patient": {"reference": context.patient},
        **_billable_period(context),
        "created": instant(context.moment),
        **_insurer(coverages),
        "provider": dict(context.provider) if context.provider else _unknown("provider"),
        "priority": concept(NORMAL_PRIORITY),
        "careTeam": _care_team(context),
        "supportingInfo": _supporting_info(context),
        "diagnosis": found,
        "procedure": procedures(coded, context),
        "insurance": _insurance(coverages),
        "item": lines,
    }
    whole = total(lines)
    if whole is not None:
        claim["total"] = whole
    return {name: value for name, value in claim.items() if value != []}


def _billable_period(context: ClaimContext) -> dict[str, Any]:
    start, end = (moment or context.service_date for moment in context.period)
    period = {name: at for name, at in (("start", start), ("end", end)) if at}
    return {"billablePeriod": period} if period else {}


def _unknown(what: str) -> dict[str, Any]:
    """A Reference that R4 requires and that nobody has told us; the scrubber reports it."""
    return {
        "extension": [{"url": ABSENT, "valueCode": "unknown"}],
        "display": f"No {what} is known",
    }


def _insurer(coverages: Sequence[Any]) -> dict[str, Any]:
    """The first payor of the primary coverage, where it is an organization (R4 Coverage.payor)."""
    payors = coverages[0].get("payor", ()) if coverages else ()
    if not payors:
        return {}
    payor = payors[0]
    reference = str(payor.get("reference", ""))
    if "Organization/" not in f"/{reference}" and (reference or "display" not in payor):
        return {}
    return {"insurer": dict(payor)}


def _insurance(coverages: Sequence[Any]) -> list[dict[str, Any]]:
    if not coverages:
        return [{"sequence": 1, "focal": True, "coverage": _unknown("coverage")}]
    return [
        {
            "sequence": at,
            "focal": at == 1,
            "coverage": {"reference": f"Coverage/{coverage['id']}"},
        }
        for at, coverage in enumerate(coverages, 1)
    ]


def _care_team(context: ClaimContext) -> list[dict[str, Any]]:
    return [
        {
            "sequence": at,
            "provider": dict(provider),
            **({"responsible": True} if at == 1 else {}),
            "role": concept(PRIMARY_PROVIDER if at == 1 else ASSISTING_PROVIDER),
        }
        for at, provider in enumerate(context.care_team, 1)
    ]


def _supporting_info(context: ClaimContext) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [
        {"category": concept(ATTACHMENT), "valueReference": {"reference": document}}
        for document in context.documents
    ]
    if context.institutional and context.type_of_bill:
        bill = {"coding": [{"system": TYPE_OF_BILL, "code": context.type_of_bill}]}
        said.append({"category": concept(BILL), "code": bill})
    return [{"sequence": at, **entry} for at, entry in enumerate(said, 1)]
