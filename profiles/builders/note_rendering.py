"""The files of a finished note: PDF and HTML as Binaries, found by one DocumentReference.

R4 documentreference.html: renditions of one content are its ``content``, the note that they show is in
``context.related``, in the version that was rendered. The document is labelled as drafted by an AI (HL7 AI
Transparency on FHIR), so that nothing is coded from it a second time beside the note itself.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from profiles.builders.coded_element import sayable
from profiles.builders.note_html import note_html
from profiles.builders.note_pdf import note_pdf
from profiles.note_document import UNTITLED, NoteDocument
from profiles.uids import derived_id
from terminology.ai_transparency import labelled

PDF: Final = "application/pdf"
HTML: Final = "text/html"
LONGEST: Final = 300_000
"""Characters of a note up to which it becomes a PDF: it is made while other writers wait."""
TOO_LONG: Final = "The note is too long for a PDF."


@dataclass(frozen=True, slots=True)
class NoteRendering:
    """The DocumentReference and the Binaries that it names."""

    document: dict[str, Any]
    files: tuple[dict[str, Any], ...]


def rendering_id(composition_id: str) -> str:
    """Id of the DocumentReference with the renderings of a note."""
    return derived_id("DocumentReference", "note-rendering", composition_id)


def rendered(document: NoteDocument, composition: Mapping[str, Any], version: int) -> NoteRendering:
    """The renderings of a version of a note."""
    files = [(HTML, note_html(document).encode())]
    short = len(document.text) <= LONGEST
    if short:
        files.insert(0, (PDF, note_pdf(document)))
    made = [_file(kind, content, composition, version) for kind, content in files]
    attachments = [
        _attachment(binary, content, document)
        for binary, (_, content) in zip(made, files, strict=True)
    ]
    description = document.title if short else f"{document.title}. {TOO_LONG}"
    return NoteRendering(_document(composition, version, description, attachments), tuple(made))


def outdated(document: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The DocumentReference of a version of a note that is not the one in force any more."""
    return {**document, "status": status}


def _file(
    kind: str, content: bytes, composition: Mapping[str, Any], version: int
) -> dict[str, Any]:
    return {
        "resourceType": "Binary",
        "id": derived_id("Binary", "note-rendering", kind, composition["id"], str(version)),
        "meta": labelled(),
        "contentType": kind,
        **({"securityContext": composition["subject"]} if "subject" in composition else {}),
        "data": base64.b64encode(content).decode(),
    }


def _attachment(
    binary: Mapping[str, Any], content: bytes, document: NoteDocument
) -> dict[str, Any]:
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": binary["contentType"],
        "language": "en",
        "url": f"Binary/{binary['id']}",
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
        "title": _said(document.title),
        "creation": document.written,
    }


def _said(text: str) -> str:
    return sayable(text).strip() or UNTITLED


def _document(
    composition: Mapping[str, Any],
    version: int,
    description: str,
    attachments: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    attester = composition["attester"][0]
    shown = f"Composition/{composition['id']}/_history/{version}"
    around: dict[str, Any] = {"related": [{"reference": shown}]}
    if "encounter" in composition:
        around["encounter"] = [composition["encounter"]]
    periods = [event["period"] for event in composition.get("event", ()) if "period" in event]
    if periods:
        around["period"] = periods[0]
    return {
        "resourceType": "DocumentReference",
        "id": rendering_id(composition["id"]),
        "meta": labelled(),
        "status": "current",
        "docStatus": composition["status"],
        **{name: composition[name] for name in ("type", "subject") if name in composition},
        "date": attester["time"],
        "author": [*composition["author"], attester["party"]],
        "authenticator": attester["party"],
        "description": _said(description),
        "content": [{"attachment": dict(one)} for one in attachments],
        "context": around,
    }
