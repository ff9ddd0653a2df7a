"""What the page of a note shows: transcript with marks, note with evidence, facts, remarks."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.store import Store
from gateway.content_file import file_of
from gateway.note_draft import open_note_reviews
from gateway.page import patient_words, target, words
from profiles.builders.composition_record import SOURCE, TRANSCRIPT
from profiles.builders.composition_section import sentences_in
from profiles.exact_json import loads_exact
from profiles.recording import AUDIO, Recording
from profiles.records import from_json
from profiles.speech_records import Segment, Transcript
from profiles.task import REVIEW, input_of
from terminology.notes import SECTION_DECISION, SENTENCE_EVIDENCE
from terminology.systems import TASK_CODE

UNSURE: Final = 0.5
"""Probability of a recognised word below which it is marked."""


def note_content(store: Store, key: str) -> dict[str, Any]:
    """Everything that the template needs (``not-found``, ``deleted``)."""
    stored = store.read("Composition", key)
    note = loads_exact(stored.body)
    newest = _review(store, key)
    reviews = open_note_reviews(store, f"Composition/{key}")
    transcript = kept_transcript(store, newest)
    sections = [_section(store, one, at) for at, one in enumerate(note.get("section", ()))]
    segments = () if transcript is None else transcript.segments
    return {
        "note": note,
        "kind": words(note.get("type")) or note.get("title", ""),
        "version": stored.version,
        "patient": patient_words(target(store, note.get("subject"))),
        "attester": _first(note.get("attester")).get("party", {}),
        "task": reviews[-1]["id"] if reviews and note["status"] == "preliminary" else "",
        "remarks": [one["text"] for one in newest.get("note", ())],
        "engine": "" if transcript is None else transcript.engine,
        "turns": [_turn(segment, sections) for segment in segments],
        "sections": sections,
        "audio": f"/notes/{key}/audio" if recorded(store, newest) is not None else "",
    }


def _review(store: Store, key: str) -> dict[str, Any]:
    """The newest review of a note, with what it rests on."""
    wanted = [
        ("focus", f"Composition/{key}"),
        ("code", f"{TASK_CODE}|{REVIEW.code}"),
        ("_sort", "-_lastUpdated"),
    ]
    found = store.search("Task", wanted, count=1).matches
    return found[0].json() if found else {}


def _first(listed: Any) -> Mapping[str, Any]:
    """The first of some elements, empty where there are none."""
    return listed[0] if listed else {}


def _named(task: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _first([one.get("valueReference", {}) for one in input_of(task, name)])


def kept_transcript(store: Store, task: Mapping[str, Any]) -> Transcript | None:
    """The transcript in our JSON, None where it is not kept here."""
    document = target(store, _named(task, TRANSCRIPT))
    for content in document.get("content", ()):
        url = content.get("attachment", {}).get("url")
        binary = target(store, {"reference": url}) if url else {}
        if "data" in binary:
            return from_json(Transcript, orjson.loads(base64.b64decode(binary["data"])))
    return None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The audio of a note that lies here: in base64, or in a file."""

    data: str
    file: Path | None
    media_type: str


def recorded(store: Store, task: Mapping[str, Any]) -> Recorded | None:
    """The audio of a note: of its attachment or Binary, None where there is none here."""
    resource = target(store, _named(task, SOURCE))
    found = Recording(resource).content if resource else None
    if found is None or found[0] != AUDIO:
        return None
    attachment = found[2]
    holds = attachment if "data" in attachment else target(store, _reference(attachment))
    if holds is not attachment and holds.get("resourceType") != "Binary":
        return None
    media_type = str(attachment.get("contentType") or holds.get("contentType", ""))
    file = None if holds is attachment else file_of(holds, store)
    if file is None and "data" not in holds:
        return None
    return Recorded(str(holds.get("data", "")), file, media_type)


def _reference(attachment: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": attachment.get("url")}


def audio_of(store: Store, key: str) -> Recorded | None:
    """The audio of a note (``not-found`` for a note that is not here)."""
    store.read("Composition", key)
    return recorded(store, _review(store, key))


def _section(store: Store, section: Mapping[str, Any], at: int) -> dict[str, Any]:
    marks = section.get("extension", ())
    rests = {_part(m, "sentence"): _numbers(m) for m in marks if m["url"] == SENTENCE_EVIDENCE}
    decided = next((m for m in marks if m["url"] == SECTION_DECISION), None)
    sentences = [
        {"id": name, "text": text, "segments": rests.get(name, [])}
        for name, text in sentences_in(section)
    ]
    return {
        "at": at,
        "title": section.get("title", ""),
        "code": _first(section.get("code", {}).get("coding")).get("code", ""),
        "sentences": sentences,
        "text": "\n".join(text for _, text in sentences_in(section)),
        "decision": "" if decided is None else _part(decided, "decision"),
        "facts": [_fact(target(store, one)) for one in section.get("entry", ())],
    }


def _fact(resource: Mapping[str, Any]) -> dict[str, str]:
    """A fact in words: its type, what it says, and how sure it is."""
    named = words(resource.get("code") or resource.get("medicationCodeableConcept"))
    doses = [one.get("text", "") for one in resource.get("dosage", ())]
    values = [
        f"{one['valueQuantity'].get('value', '')} {one['valueQuantity'].get('unit', '')}"
        for one in (resource, *resource.get("component", ()))
        if "valueQuantity" in one
    ]
    stated = words(resource.get("verificationStatus")) or str(resource.get("status", ""))
    said = " ".join(filter(None, (named, *doses, " / ".join(values))))
    return {"type": str(resource.get("resourceType", "")), "text": said, "state": stated}


def _turn(segment: Segment, sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    used = [
        (sentence["id"], f"{section['at'] + 1}.{n}")
        for section in sections
        for n, sentence in enumerate(section["sentences"], 1)
        if segment.number in sentence["segments"]
    ]
    return {
        "number": segment.number,
        "role": segment.role or "speaker",
        "start": segment.start_s,
        "clock": "" if segment.start_s is None else _clock(segment.start_s),
        "words": _words(segment),
        "flags": segment.flags,
        "used": used,
    }


def _words(segment: Segment) -> list[tuple[str, bool]]:
    """Words with whether the recogniser was unsure; the text alone where it gave no words."""
    if not segment.words:
        return [(segment.text, False)]
    return [
        (word.text.strip(), word.probability is not None and word.probability < UNSURE)
        for word in segment.words
    ]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _part(mark: Mapping[str, Any], name: str) -> str:
    for part in mark.get("extension", ()):
        if part["url"] == name:
            return str(next((value for key, value in part.items() if key != "url"), ""))
    return ""


def _numbers(mark: Mapping[str, Any]) -> list[int]:
    segments = [part for part in mark["extension"] if part["url"] == "segment"]
    return [int(_part(one, "number")) for one in segments]
