"""A note that a person finalises is rendered in the same transaction; withdrawn, it takes its files along."""

from collections.abc import Mapping
from typing import Any

from adapters.documents.hypertext import markup_text
from adapters.store import Transaction
from profiles.builders.note_rendering import outdated, rendered, rendering_id
from profiles.clinical_document import ClinicalDocument, local
from profiles.note_document import Around, note_document


def render_note(tx: Transaction, composition: Mapping[str, Any], version: int) -> str:
    """Write PDF and HTML of a version of a note; the reference of their document."""
    note = ClinicalDocument(composition)
    scribe = local(next(iter(composition.get("author", ())), None), "Device")
    around = Around(_target(tx, note.patient), _target(tx, note.encounter), _target(tx, scribe))
    made = rendered(note_document(composition, version, around, _lines), composition, version)
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


def _lines(div: str) -> list[str]:
    return [line for line in markup_text(div).splitlines() if line.strip()]


def _target(tx: Transaction, reference: str) -> Mapping[str, Any]:
    kind, _, key = reference.partition("/")
    stored = tx.read(kind, key) if key else None
    return {} if stored is None else stored.json()
