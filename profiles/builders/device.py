"""The model version as Device and its card as DocumentReference (HL7 AI Transparency: AI-Device)."""

from typing import Any

from profiles.builders.ai_engine import ai_device
from profiles.builders.ai_engine import model_card as card
from profiles.builders.context import ResultContext, card_id, device_id
from profiles.fhir_time import instant
from profiles.records import ImagingFindings
from terminology.ai_transparency import DEEP_LEARNING
from terminology.coding import concept


def device(findings: ImagingFindings) -> dict[str, Any]:
    """One Device per model version, identified by the digest of weights and configuration."""
    model = findings.model
    kind = concept(DEEP_LEARNING)
    made = ai_device(
        device_id(findings), card_id(findings), kind, model.digest, model.name, model.version
    )
    return {**made, "manufacturer": model.manufacturer, "note": [{"text": model.description}]}


def model_card(findings: ImagingFindings, context: ResultContext) -> dict[str, Any]:
    """The model card in Markdown."""
    model = findings.model
    made = card(card_id(findings), f"{model.name} {model.version}", model.card)
    return {**made, "date": instant(context.moment)}
