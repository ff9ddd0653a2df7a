"""What stands beside a draft Claim: coder, model card, kept input and result, Provenance, review Task.

HL7 AI Transparency on FHIR for the labels (``AI-Device``, ``AI-Provenance``); R4 task.html for the review.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

import orjson

from profiles.builders.claim_context import (
    ClaimContext,
    coder_card_id,
    coder_id,
    digest_of,
)
from profiles.builders.coded_element import sayable
from profiles.coding_records import CodingRemark, CodingRequest, CodingResult
from profiles.fhir_time import instant
from profiles.narrative import attachment
from profiles.records import to_json
from profiles.task import REVIEW, item, new_task
from profiles.uids import derived_id
from terminology.ai_transparency import (
    DESCRIBED_BY,
    DEVICE_TYPE,
    KIND,
    MARKDOWN_CARD,
    MODEL_CARD,
    artificial_intelligence,
    asserted_reason,
    labelled,
)
from terminology.coding import Code, concept
from terminology.systems import MODEL_DIGEST, PROVENANCE_PARTICIPANT

RESULT: Final = "coding-result"
REQUEST: Final = "coding-request"
REASON: Final = "a coded claim awaits a person"


def coder_device(result: CodingResult) -> dict[str, Any]:
    """One Device per coder version, models and code-system releases included."""
    return {
        "resourceType": "Device",
        "id": coder_id(result),
        "extension": [
            {
                "url": KIND,
                "valueCodeableConcept": {
                    "coding": [{"system": DEVICE_TYPE, "code": "Rule-Based-Systems"}]
                },
            },
            {
                "url": DESCRIBED_BY,
                "valueReference": {"reference": f"DocumentReference/{coder_card_id(result)}"},
            },
        ],
        "identifier": [{"system": MODEL_DIGEST, "value": f"sha256:{digest_of(result)}"}],
        "status": "active",
        "deviceName": [{"name": result.coder, "type": "model-name"}],
        "type": artificial_intelligence(),
        "version": [{"value": result.coder_version}],
    }


def coder_card(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    """The coder's model card in Markdown."""
    name = f"{result.coder} {result.coder_version}"
    return {
        "resourceType": "DocumentReference",
        "id": coder_card_id(result),
        "status": "current",
        "type": concept(MODEL_CARD),
        "category": [concept(MARKDOWN_CARD)],
        "description": f"Model card of {name}",
        "content": [
            {"attachment": attachment("text/markdown", context.card or _card(name, result), name)}
        ],
    }


def _card(name: str, result: CodingResult) -> str:
    """What a result says of its coder, where the coder brings no card."""
    ran_with = "".join(f"- {what}: sha256 {digest}\n" for what, digest in result.digests)
    return (
        f"# {name}\n\nSuggests billing codes for clinical notes. Every suggestion is a draft with its "
        "evidence until a named person has decided; scores are no calibrated probabilities.\n\n"
        f"Ran with:\n\n{ran_with or '- nothing that has a digest' + chr(10)}"
    )


def kept_result(result: CodingResult, context: ClaimContext) -> dict[str, Any]:
    """The whole result, below-threshold suggestions, features and remarks included."""
    return {**_kept(RESULT, to_json(result), context), "meta": labelled()}


def kept_request(request: CodingRequest, context: ClaimContext) -> dict[str, Any]:
    """The notes as the coder read them: the text in which every offset counts."""
    return _kept(REQUEST, to_json(request), context)


def _kept(name: str, record: dict[str, Any], context: ClaimContext) -> dict[str, Any]:
    return {
        "resourceType": "Binary",
        "id": kept_id(name, context),
        "contentType": "application/json",
        "securityContext": {"reference": context.patient},
        "data": base64.b64encode(orjson.dumps(record)).decode(),
    }


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
        "agent": [
            {
                "type": concept(Code(PROVENANCE_PARTICIPANT, "author", "Author")),
                "role": [artificial_intelligence()],
                "who": {"reference": f"Device/{coder_id(result)}"},
            }
        ],
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
