"""A note that a person finalises is rendered in the same transaction; withdrawn, it takes its files along."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.documents.hypertext import markup_text
from adapters.store import Transaction
from gateway.settings import Settings
from profiles.builders.composition_section import Rest, rests_of, sentences_in
from profiles.builders.note_rendering import outdated, rendered, rendering_id
from profiles.clinical_document import ClinicalDocument, local
from profiles.note_document import Around, note_document

ON: Final = "on"
TURNS: Final = "Numbers in brackets are turns of the transcript of the visit."


def render_note(
    tx: Transaction, composition: Mapping[str, Any], version: int, settings: Settings
) -> str:
    """Write PDF and HTML of a version of a note; the reference of their document."""
    rests = _rests(composition) if settings.note_evidence == ON else {}
    note = ClinicalDocument(composition)
    scribe = local(next(iter(composition.get("author", ())), None), "Device")
    around = Around(_target(tx, note.patient), _target(tx, note.encounter), _target(tx, scribe))
    read = note_document(composition, version, around, lambda div: _lines(div, rests))
    if rests:
        read = replace(read, remarks=(TURNS,))
    made = rendered(read, composition, version)
    for resource in (*made.files, made.document):
        tx.put(resource)
    return f"DocumentReference/{made.document['id']}"


def outdate_rendering(tx: Transaction, composition: dict[str, Any]) -> None:
    """Mark the renderings of a note that has another version now, or is not in force any more."""
    stored = tx.read("DocumentReference", rendering_id(composition["id"]))
    document: dict[str, Any] = {} if stored is None else stored.json()
    if document.get("status") != "current":
        return
    now = tx.current("Composition", composition["id"])
    shown = document["context"]["related"][0]["reference"]
    if ClinicalDocument(composition).withdrawn:
        tx.put(outdated(document, "entered-in-error"))
    elif now is not None and shown != f"Composition/{now.id}/_history/{now.version}":
        tx.put(outdated(document, "superseded"))


def _rests(composition: Mapping[str, Any]) -> dict[str, list[Rest]]:
    """What every sentence of a note rests on."""
    found = [rests_of(section) for section in composition.get("section", ())]
    return {name: rests for section in found for name, rests in section.items()}


def _lines(div: str, rests: Mapping[str, Sequence[Rest]]) -> list[str]:
    """Paragraphs of a narrative, each with the turns behind it where they are asked for."""
    own = sentences_in({"text": {"div": div}})
    if not own:
        return [line for line in markup_text(div).splitlines() if line.strip()]
    return [f"{text}{_turns(rests.get(name, ()))}" for name, text in own]


def _turns(rests: Sequence[Rest]) -> str:
    """Turns as the page of the note counts them, from 1."""
    numbers = ", ".join(str(one.number + 1) for one in rests)
    return f" [{numbers}]" if numbers else ""


def _target(tx: Transaction, reference: str) -> Mapping[str, Any]:
    kind, _, key = reference.partition("/")
    stored = tx.read(kind, key) if key else None
    return {} if stored is None else stored.json()
