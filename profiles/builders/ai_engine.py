"""What every AI result brings along: the Device that made it, its card, its authorship, the kept record.

HL7 AI Transparency on FHIR: ``AI-Device``, ``AI-ModelCard``, ``AI-Provenance``.
"""

import base64
from collections.abc import Iterable
from typing import Any

import orjson

from profiles.narrative import attachment
from terminology.ai_transparency import (
    DESCRIBED_BY,
    KIND,
    MARKDOWN_CARD,
    MODEL_CARD,
    artificial_intelligence,
)
from terminology.coding import Code, concept
from terminology.systems import MODEL_DIGEST, PROVENANCE_PARTICIPANT


def ai_device(
    key: str, card: str, kind: dict[str, Any], digest: str, name: str, version: str
) -> dict[str, Any]:
    """The Device of one version of an engine.

    Parameters
    ----------
    key, card : str
        Ids of the Device and of the DocumentReference with its card.
    kind : dict
        CodeableConcept of the kind of artificial intelligence.
    digest : str
        SHA-256 over what it ran with, in hexadecimal.
    name, version : str
    """
    described = {"reference": f"DocumentReference/{card}"}
    return {
        "resourceType": "Device",
        "id": key,
        "extension": [
            {"url": KIND, "valueCodeableConcept": kind},
            {"url": DESCRIBED_BY, "valueReference": described},
        ],
        "identifier": [{"system": MODEL_DIGEST, "value": f"sha256:{digest}"}],
        "status": "active",
        "deviceName": [{"name": name, "type": "model-name"}],
        "type": artificial_intelligence(),
        "version": [{"value": version}],
    }


def model_card(key: str, name: str, markdown: str) -> dict[str, Any]:
    """The card of an engine, by the name and version that people know it by."""
    return {
        "resourceType": "DocumentReference",
        "id": key,
        "status": "current",
        "type": concept(MODEL_CARD),
        "category": [concept(MARKDOWN_CARD)],
        "description": f"Model card of {name}",
        "content": [{"attachment": attachment("text/markdown", markdown, name)}],
    }


def ai_authors(devices: Iterable[str]) -> list[dict[str, Any]]:
    """``Provenance.agent`` of the Devices with these ids."""
    return [
        {
            "type": concept(Code(PROVENANCE_PARTICIPANT, "author", "Author")),
            "role": [artificial_intelligence()],
            "who": {"reference": f"Device/{key}"},
        }
        for key in devices
    ]


def ran_with(digests: Iterable[tuple[str, str]], nothing: str) -> str:
    """Markdown list of what an engine ran with, for a card."""
    lines = [f"- {what}: sha256 {digest}\n" for what, digest in digests]
    return "".join(lines) or f"- {nothing}\n"


def kept_record(key: str, record: dict[str, Any], patient: str) -> dict[str, Any]:
    """A Binary with a whole record as JSON, as accessible as its patient is."""
    return {
        "resourceType": "Binary",
        "id": key,
        "contentType": "application/json",
        "securityContext": {"reference": patient},
        "data": base64.b64encode(orjson.dumps(record)).decode(),
    }
