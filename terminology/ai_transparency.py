"""HL7 AI Transparency on FHIR: every code and URL that we emit, for one pinned draft.

Draft STU 1 of 2026-08 (CC0), canonical ``http://hl7.org/fhir/uv/aitransparency``. The draft moves: a newer
one changes this table and nothing else.
"""

from typing import Any, Final

from terminology.coding import Code, coding, concept
from terminology.systems import ACT_CODE, OBSERVATION_VALUE

IG: Final = "http://hl7.org/fhir/uv/aitransparency"
ASSERTED: Final = Code(OBSERVATION_VALUE, "AIAST", "Artificial Intelligence asserted")
INLINE_LABEL: Final = Code(ACT_CODE, "PROCESSINLINELABEL", "process inline security label")
INLINE_EXTENSION: Final = (
    "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
)
DEVICE_TYPE: Final = f"{IG}/CodeSystem/AIdeviceTypeCS"
DEEP_LEARNING: Final = Code(DEVICE_TYPE, "Deep-Learning-Models", "Deep Learning Models")
KIND: Final = f"{IG}/StructureDefinition/aitransparency.AIKind"
DESCRIBED_BY: Final = f"{IG}/StructureDefinition/aitransparency.modelCardDescription"
CONFIDENCE: Final = f"{IG}/StructureDefinition/AIconfidence"
MODEL_CARD: Final = Code(f"{IG}/CodeSystem/AIinputsCS", "AIModelCard", "AI Model-Card")
MARKDOWN_CARD: Final = Code(MODEL_CARD.system, "AIModelCardMarkdownFormat", "Markdown Format")


def labelled(*, inline: bool = False) -> dict[str, Any]:
    """``meta`` of a resource whose content an AI asserted."""
    labels = [coding(ASSERTED), *([coding(INLINE_LABEL)] if inline else [])]
    return {"security": labels}


def inline_label() -> dict[str, Any]:
    """Extension that labels one element as asserted by an AI (DS4P inline label)."""
    return {"url": INLINE_EXTENSION, "valueCoding": coding(ASSERTED)}


def artificial_intelligence() -> dict[str, Any]:
    """``Device.type`` and ``Provenance.agent.role``: the draft fixes the code, without a display."""
    return {"coding": [{"system": DEVICE_TYPE, "code": "Artificial-Intelligence"}]}


def confidence(score: float) -> dict[str, Any]:
    """Extension with a model's score from 0 to 1; a score, not a calibrated probability."""
    return {"url": CONFIDENCE, "valueDecimal": round(score, 3)}


def asserted_reason() -> dict[str, Any]:
    """``Provenance.reason`` of an AI assertion."""
    return concept(ASSERTED)
