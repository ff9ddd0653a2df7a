"""What stands beside a draft Claim: coder, model card, kept input and result, Provenance, review Task.

HL7 AI Transparency on FHIR for the labels (``AI-Device``, ``AI-Provenance``); R4 task.html for the review.
"""

from collections.abc import Sequence
from typing import Any, Final

from profiles.builders.ai_engine import (
    ai_authors,
    ai_device,
    kept_record,
    model_card,
    ran_with,
)
from profiles.builders.claim_context import (
    ClaimContext,
    coder_card_id,
    coder_id,
    digest_of,
)
from profiles.builders.coded_element import sayable
from profiles.coding_records import CodingRemark, CodingRequest, CodingResult
from profiles.fhir_time import instant
from profiles.records import to_json
from profiles.task import REVIEW, item, new_task
from profiles.uids import derived_id
from terminology.ai_transparency import DEVICE_TYPE, asserted_reason, labelled

RESULT: Final = "coding-result"
REQUEST: Final = "coding-request"
REASON: Final = "a coded claim awaits a person"


def coder_device(result: CodingResult) -> dict[str, Any]:
    """One Device per coder version, models and code-system releases included."""
    kind = {"coding": [{"system": DEVICE_TYPE, "code": "Rule-Based-Systems"}]}
    keys = coder_id(result), coder_card_id(result)
    return ai_device(*keys, kind, digest_of(result), result.coder, result.coder_version)


def coder_card(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    """The coder's model card in Markdown."""
    name = f"{result.coder} {result.coder_version}"
    return model_card(coder_card_id(result), name, context.card or _card(name, result))


def _card(name: str, result: CodingResult) -> str:
    """What a result says of its coder, where the coder brings no card."""
    return (
        f"# {name}\n\nSuggests billing codes for clinical notes. Every suggestion is a draft with its "
        "evidence until a named person has decided; scores are no calibrated probabilities.\n\n"
        f"Ran with:\n\n{ran_with(result.digests, 'nothing that has a digest')}"
    )


def kept_result(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    """The whole result, below-threshold suggestions, features and remarks included."""
    record = kept_record(kept_id(RESULT, context), to_json(result), context.patient)
    return {**record, "meta": labelled()}


def kept_request(request: CodingRequest, context: ClaimContext) -> dict[str, Any]:
    """The notes as the coder read them: the text in which every offset counts."""
    return kept_record(kept_id(REQUEST, context), to_json(request), context.patient)


def kept_id(name: str, context: ClaimContext) -> str:
    """Id of a kept record: what a person has decided on stays readable when a later run is kept beside it."""
    return derived_id("Binary", name, context.claim_id, context.run)


def coding_provenance(
    result: CodingResult, context: ClaimContext, targets: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Who made what of what (HL7 AI Transparency: AI-Provenance)."""
    derived = (
        f"Binary/{kept_id(RESULT, context)}",
        f"DocumentReference/{coder_card_id(result)}",
    )
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", context.claim_id, context.run),
        "target": [{"reference": f"{r['resourceType']}/{r['id']}"} for r in targets],
        "recorded": instant(context.moment),
        "reason": [asserted_reason()],
        "agent": ai_authors([coder_id(result)]),
        "entity": [
            *({"role": "source", "what": {"reference": ref}} for ref in context.documents),
            *({"role": "derivation", "what": {"reference": ref}} for ref in derived),
        ],
    }


def review_task(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    """The Task of who decides; what the person must know stands in its inputs."""
    inputs = [item(RESULT, valueReference={"reference": f"Binary/{kept_id(RESULT, context)}"})]
    if context.request is not None:
        kept = {"reference": f"Binary/{kept_id(REQUEST, context)}"}
        inputs.append(item(REQUEST, valueReference=kept))
    inputs += [
        item(remark.kind, valueString=_words(remark)) for remark in result.remarks if remark.text
    ]
    task = new_task(
        derived_id("Task", REVIEW.code, context.claim_id, context.run),
        REVIEW,
        f"Claim/{context.claim_id}",
        context.moment,
        state="awaiting-review",
        reason=REASON,
        patient=context.patient,
        inputs=tuple(inputs),
    )
    if context.encounter:
        task["encounter"] = {"reference": context.encounter}
    if context.task_id:
        task["basedOn"] = [{"reference": f"Task/{context.task_id}"}]
    return task


def _words(remark: CodingRemark) -> str:
    codes = f" ({', '.join(remark.codes)})" if remark.codes else ""
    return sayable(f"{remark.text}{codes}")
