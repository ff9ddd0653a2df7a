"""What stands beside a drafted note: transcript, engines, kept records, Provenance, review Task.

HL7 AI Transparency on FHIR for the labels (``AI-Device``, ``AI-Provenance``); R4 documentreference.html for
the transcript, task.html for the review.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson

from profiles.builders.ai_engine import (
    ai_authors,
    ai_device,
    kept_record,
    model_card,
    ran_with,
)
from profiles.builders.coded_element import sayable
from profiles.builders.composition_context import ATTACHED, Engine, NoteContext
from profiles.fhir_time import instant
from profiles.narrative import attachment
from profiles.records import to_json
from profiles.speech_records import ScribeNote, Transcript
from profiles.task import REVIEW, item, new_task
from profiles.uids import derived_id
from profiles.webvtt import is_timed, turns, webvtt
from terminology.ai_transparency import DEVICE_TYPE, asserted_reason, labelled
from terminology.coding import concept
from terminology.notes import VISIT_TRANSCRIPT

TRANSCRIPT: Final = "transcript"
NOTE: Final = "scribe-note"
SOURCE: Final = "recording"
REASON: Final = "a drafted note awaits a person"
MOST_REMARKS: Final = 200


def engine_resources(engine: Engine) -> list[dict[str, Any]]:
    """The Device of an engine, its models included, and its card in Markdown."""
    name = sayable(engine.name).strip() or "engine"
    version = sayable(engine.version).strip()
    called = f"{name} {version}".strip()
    kind = {"coding": [{"system": DEVICE_TYPE, "code": engine.kind}]}
    models = ran_with(engine.digests, "no model file")
    card = f"# {called}\n\n{engine.purpose}\n\nRan with:\n\n{models}"
    keys = engine.device_id, engine.card_id
    return [
        ai_device(*keys, kind, engine.digest, name, version or "0"),
        model_card(engine.card_id, called, sayable(card)),
    ]


def transcript_document(transcript: Transcript, context: NoteContext) -> dict[str, Any]:
    """What was said: WebVTT (text where there are no times), and our JSON by its Binary.

    ``docStatus`` is preliminary: what a recogniser heard is no note, and nothing is coded from it.
    """
    vtt = is_timed(transcript)
    text = webvtt(transcript) if vtt else turns(transcript)
    kind = "text/vtt" if vtt else "text/plain"
    read = [{"attachment": attachment(kind, sayable(text), "Transcript")}] if text else []
    whole = orjson.dumps(to_json(transcript))
    document: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "id": context.transcript_id,
        **({} if transcript.engine == ATTACHED else {"meta": labelled()}),
        "status": "current",
        "docStatus": "preliminary",
        "type": concept(VISIT_TRANSCRIPT),
        "subject": {"reference": context.patient},
        "date": instant(context.moment),
        "description": "Transcript of a visit",
        "content": [
            *read,
            {
                "attachment": {
                    "contentType": "application/json",
                    "url": f"Binary/{kept_id(TRANSCRIPT, context)}",
                    "size": len(whole),
                    "hash": base64.b64encode(
                        hashlib.sha1(whole, usedforsecurity=False).digest()
                    ).decode(),
                    "title": "Transcript with words and marks",
                }
            },
        ],
    }
    around: dict[str, Any] = {}
    if context.encounter:
        around["encounter"] = [{"reference": context.encounter}]
    if context.source.startswith("DocumentReference/"):
        document["relatesTo"] = [{"code": "transforms", "target": {"reference": context.source}}]
    else:
        around["related"] = [{"reference": context.source}]
    if around:
        document["context"] = around
    return document


def kept(name: str, record: Transcript | ScribeNote, context: NoteContext) -> dict[str, Any]:
    """A whole record, with what the resources do not say."""
    made = kept_record(kept_id(name, context), to_json(record), context.patient)
    return {**made, "meta": labelled()}


def kept_id(name: str, context: NoteContext) -> str:
    """Id of a kept record: that of an earlier run stays readable."""
    return derived_id("Binary", name, context.composition_id, context.task_id)


def note_provenance(
    composition: dict[str, Any],
    targets: Sequence[dict[str, Any]],
    ran: Sequence[Engine],
    context: NoteContext,
) -> dict[str, Any]:
    """Who made what of what; the evidence of every sentence stands at the transcript that it is in."""
    evidence = [
        mark for section in composition.get("section", ()) for mark in section.get("extension", ())
    ]
    heard: dict[str, Any] = {"role": "source", "what": {"reference": context.transcript}}
    if evidence:
        heard["extension"] = evidence
    derived = [
        f"Binary/{kept_id(NOTE, context)}",
        *(f"DocumentReference/{one.card_id}" for one in ran),
    ]
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", context.composition_id, context.task_id),
        "target": [{"reference": f"{r['resourceType']}/{r['id']}"} for r in targets],
        "recorded": instant(context.moment),
        "reason": [asserted_reason()],
        "agent": ai_authors(one.device_id for one in ran),
        "entity": [
            heard,
            {"role": "source", "what": {"reference": context.source}},
            *(
                {"role": "source", "what": {"reference": one}}
                for one in (context.corrected,)
                if one
            ),
            *({"role": "derivation", "what": {"reference": one}} for one in derived),
        ],
    }


def review_task(transcript: Transcript, note: ScribeNote, context: NoteContext) -> dict[str, Any]:
    """The review of the note; its remarks are what a person must know."""
    inputs = (
        item(TRANSCRIPT, valueReference={"reference": context.transcript}),
        item(NOTE, valueReference={"reference": f"Binary/{kept_id(NOTE, context)}"}),
        item(SOURCE, valueReference={"reference": context.source}),
    )
    task = new_task(
        derived_id("Task", REVIEW.code, context.composition_id, context.task_id),
        REVIEW,
        f"Composition/{context.composition_id}",
        context.moment,
        state="awaiting-review",
        reason=REASON,
        patient=context.patient,
        inputs=inputs,
    )
    if context.encounter:
        task["encounter"] = {"reference": context.encounter}
    texts = [sayable(one.text).strip() for one in (*transcript.remarks, *note.remarks)]
    remarks = [{"text": text} for text in dict.fromkeys(texts) if text][:MOST_REMARKS]
    if remarks:
        task["note"] = remarks
    task["basedOn"] = [{"reference": f"Task/{context.task_id}"}]
    return task
