"""The model version as Device and its card as DocumentReference (HL7 AI Transparency: AI-Device)."""

from typing import Any

from profiles.builders.context import ResultContext, card_id, device_id
from profiles.fhir_time import instant
from profiles.narrative import attachment
from profiles.records import ImagingFindings
from terminology.ai_transparency import (
    DEEP_LEARNING,
    DESCRIBED_BY,
    KIND,
    MARKDOWN_CARD,
    MODEL_CARD,
    artificial_intelligence,
)
from terminology.coding import concept
from terminology.systems import MODEL_DIGEST


def device(findings: ImagingFindings) -> dict[str, Any]:
    """One Device per model version, identified by the digest of weights and configuration."""
    model = findings.model
    return {
        "resourceType": "Device",
        "id": device_id(findings),
        "extension": [
            {"url": KIND, "valueCodeableConcept": concept(DEEP_LEARNING)},
            {
                "url": DESCRIBED_BY,
                "valueReference": {"reference": f"DocumentReference/{card_id(findings)}"},
            },
        ],
        "identifier": [{"system": MODEL_DIGEST, "value": f"sha256:{model.digest}"}],
        "status": "active",
        "manufacturer": model.manufacturer,
        "deviceName": [{"name": model.name, "type": "model-name"}],
        "type": artificial_intelligence(),
        "version": [{"value": model.version}],
        "note": [{"text": model.description}],
    }


def model_card(findings: ImagingFindings, context: ResultContext) -> dict[str, Any]:
    """The model card in Markdown."""
    model = findings.model
    name = f"{model.name} {model.version}"
    return {
        "resourceType": "DocumentReference",
        "id": card_id(findings),
        "status": "current",
        "type": concept(MODEL_CARD),
        "category": [concept(MARKDOWN_CARD)],
        "date": instant(context.moment),
        "description": f"Model card of {name}",
        "content": [{"attachment": attachment("text/markdown", model.card, name)}],
    }
