"""What the page of a note shows: transcript with marks, note with evidence, facts, remarks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.documents.hypertext import markup_text
from adapters.store import Store
from gateway.content_file import file_of
from gateway.note_draft import open_note_reviews
from gateway.note_transcript import kept_transcript
from gateway.note_turns import clock, speakers, turns
from gateway.page import patient_words, target, words
from profiles.builders.composition_record import SOURCE
from profiles.builders.composition_section import Rest, part_of, rests_of, sentences_in
from profiles.builders.note_rendering import PDF, rendering_id
from profiles.exact_json import loads_exact
from profiles.recording import AUDIO, Recording
from profiles.speaker_corrections import ROLES
from profiles.task import REVIEW, TRANSCRIBE, input_of, why_undone
from terminology.notes import SECTION_DECISION
from terminology.systems import TASK_CODE


def note_content(store: Store, key: str) -> dict[str, Any]:
    """Everything that the template needs (``not-found``, ``deleted``)."""
    stored = store.read("Composition", key)
    note = loads_exact(stored.body)
    newest = _review(store, key)
    reviews = open_note_reviews(store, f"Composition/{key}")
    transcript = kept_transcript(store, newest)
    sections = [_section(store, one, at) for at, one in enumerate(note.get("section", ()))]
    open_ = bool(reviews) and note["status"] == "preliminary"
    job = _last_job(store, newest)
    segments = () if transcript is None else transcript.segments
    patient = target(store, note.get("subject"))
    return {
        "note": note,
        "kind": words(note.get("type")) or note.get("title", ""),
        "version": stored.version,
        "patient": patient_words(patient),
        "born": patient.get("birthDate", ""),
        "attester": _first(note.get("attester")).get("party", {}),
        "task": reviews[-1]["id"] if open_ else "",
        "later": reviews[-1] if reviews and not open_ else None,
        "correctable": open_ and bool(segments) and not any(one["decision"] for one in sections),
        **job,
        "remarks": [one["text"] for one in newest.get("note", ())],
        "engine": "" if transcript is None else transcript.engine,
        "turns": turns(segments, sections),
        "speakers": speakers(segments),
        "roles": ROLES,
        "sections": sections,
        "pdf": f"/notes/{key}/pdf" if pdf_of(store, key) is not None else "",
        "audio": f"/notes/{key}/audio" if recorded(store, newest) is not None else "",
    }


def _last_job(store: Store, review: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the note is being written again, or why that has come to nothing."""
    source = str(_named(review, SOURCE).get("reference", ""))
    wanted = [
        ("focus", source),
        ("code", f"{TASK_CODE}|{TRANSCRIBE.code}"),
        ("_sort", "-_lastUpdated"),
    ]
    found = store.search("Task", wanted, count=1).matches if source else ()
    task = found[0].json() if found else {}
    drafting = task.get("status") in ("requested", "in-progress")
    return {"drafting": drafting, "undone": "" if drafting else why_undone(task)}


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


def pdf_of(store: Store, key: str) -> Mapping[str, Any] | None:
    """The Binary with the PDF of a note, None where it has not been rendered."""
    document = target(store, {"reference": f"DocumentReference/{rendering_id(key)}"})
    listed = [one["attachment"] for one in document.get("content", ())]
    found: Mapping[str, Any] = next((one for one in listed if one.get("contentType") == PDF), {})
    binary = target(store, {"reference": found.get("url")})
    return binary if "data" in binary and document.get("status") == "current" else None


def _section(store: Store, section: Mapping[str, Any], at: int) -> dict[str, Any]:
    marks = section.get("extension", ())
    rests = rests_of(section)
    decided = next((m for m in marks if m["url"] == SECTION_DECISION), None)
    sentences = [_sentence(name, text, rests.get(name, ())) for name, text in _said(section)]
    return {
        "at": at,
        "title": section.get("title", ""),
        "code": _first(section.get("code", {}).get("coding")).get("code", ""),
        "sentences": sentences,
        "text": "\n".join(one["text"] for one in sentences),
        "decision": "" if decided is None else part_of(decided, "decision"),
        "facts": [_fact(target(store, one)) for one in section.get("entry", ())],
    }


def _sentence(name: str, text: str, rests: Sequence[Rest]) -> dict[str, Any]:
    """A sentence with its turns, and the parts of the recording where their seconds are known."""
    spans = [(one.start_s, one.end_s) for one in rests if None not in (one.start_s, one.end_s)]
    return {
        "id": name,
        "text": text,
        "segments": [one.number for one in rests],
        "spans": spans,
        "clock": clock(spans[0][0] or 0.0) if spans else "",
    }


def _said(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Id and text of each sentence; lines without an id where another program has written the section."""
    own = sentences_in(section)
    div = str(section.get("text", {}).get("div", ""))
    return own or [("", line) for line in markup_text(div).splitlines() if line.strip()]


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
