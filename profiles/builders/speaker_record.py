"""What stands beside a correction of who speaks: the corrected transcript, who did it, what is kept of it."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from profiles.fhir_time import instant
from profiles.records import from_json, to_json
from profiles.speaker_corrections import SpeakerRecord, speaker_changes
from profiles.speech_records import Transcript
from profiles.uids import derived_id
from terminology.ai_transparency import labelled
from terminology.claims import DECISION_RECORD
from terminology.coding import Code, concept
from terminology.notes import SPEAKER_CORRECTIONS
from terminology.systems import PROVENANCE_PARTICIPANT


def corrected_transcript(
    transcript: Transcript, note: str, version: int, patient: Mapping[str, Any]
) -> dict[str, Any]:
    """The Binary from which a note is structured again."""
    return {
        "resourceType": "Binary",
        "id": derived_id("Binary", "corrected-transcript", note, str(version)),
        "meta": labelled(),
        "contentType": "application/json",
        **({"securityContext": dict(patient)} if patient else {}),
        "data": base64.b64encode(orjson.dumps(to_json(transcript))).decode(),
    }


def correction_record(
    before: Transcript,
    after: Transcript,
    note: str,
    version: int,
    performer: Mapping[str, Any],
    moment: datetime,
) -> dict[str, Any]:
    """Counts of a correction as a Basic resource, as the decisions on sections are kept."""
    record = SpeakerRecord(
        before.engine,
        before.engine_version,
        len(before.segments),
        speaker_changes(before, after),
        str(performer.get("reference") or performer.get("display")),
        instant(moment),
    )
    return {
        "resourceType": "Basic",
        "id": derived_id("Basic", "speaker-corrections", note, str(version)),
        "extension": [
            {"url": DECISION_RECORD, "valueString": orjson.dumps(to_json(record)).decode()}
        ],
        "code": concept(SPEAKER_CORRECTIONS),
        "subject": {"reference": note},
        "created": instant(moment)[:10],
        "author": dict(performer),
    }


def speaker_records(basic: Mapping[str, Any]) -> Iterator[SpeakerRecord]:
    """The record of a stored Basic; what another program has written there and is none is left out."""
    for extension in basic.get("extension", ()):
        if extension["url"] == DECISION_RECORD:
            try:
                yield from_json(SpeakerRecord, orjson.loads(extension["valueString"]))
            except (AttributeError, KeyError, TypeError, ValueError):
                continue


def correction_provenance(
    note: str,
    version: int,
    targets: Sequence[str],
    source: str,
    performer: Mapping[str, Any],
    reason: str,
    moment: datetime,
) -> dict[str, Any]:
    """Who has said who speaks, of which transcript, and in front of which version of the note."""
    verifier = Code(PROVENANCE_PARTICIPANT, "verifier", "Verifier")
    seen = f"{note}/_history/{version}"
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "speakers", note, str(version)),
        "target": [{"reference": one} for one in targets],
        "recorded": instant(moment),
        **({"reason": [{"text": reason}]} if reason else {}),
        "activity": {"text": "speakers corrected"},
        "agent": [{"type": concept(verifier), "who": dict(performer)}],
        "entity": [
            {"role": "derivation", "what": {"reference": source}},
            {"role": "source", "what": {"reference": seen}},
        ],
    }
