"""The text of a note: out of the attachments or the narrative of the resource that holds it.

Evidence counts in this text. It is kept with every coding (the ``coding-request`` of the review Task), so
that anybody can look an offset up, whatever format the source has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.documents.cda import headed
from adapters.documents.cleaning import clean
from adapters.documents.hypertext import markup_text
from adapters.documents.text import base_type, document_text, is_text
from gateway.attachment_content import AttachmentContent, FileOf, Read, at_place
from profiles.clinical_document import ClinicalDocument
from profiles.coding_records import Note
from profiles.outcome import OperationOutcomeError

_PREFERRED: Final = ("text/plain", "text/markdown", "text/html", "application/xhtml+xml")
"""Renditions of one content, the one first in which least can be lost."""


class Documents:
    """Reads notes.

    Parameters
    ----------
    read : callable
        Where Binaries are looked up.
    bases : sequence of str
        Addresses of our own endpoint; what lies there is read from the store.
    servers : sequence of str
        URL prefixes from which attachments may be fetched.
    file : callable
        The file that holds the content of a Binary, None where the Binary itself does.
    """

    def __init__(
        self, read: Read, bases: Sequence[str], servers: Sequence[str], file: FileOf
    ) -> None:
        self._attachments = AttachmentContent(read, bases, servers, file)

    def note(self, document: ClinicalDocument) -> Note:
        """The text of a document.

        Raises
        ------
        OperationOutcomeError
            With the element that is at fault; ``business-rule`` when there is no text in it.
        """
        if document.kind == "Composition":
            text = _narrative(document)
        else:
            text = self._attached(document)
            if document.kind == "DiagnosticReport":
                text = _concluded(text, document.resource.get("conclusion", ""))
        if not text.strip():
            raise OperationOutcomeError(
                "business-rule", "there is no text in the document", document.kind
            )
        return Note(document.reference, text, document.title)

    def _attached(self, document: ClinicalDocument) -> str:
        """The text of the first rendition that can be read; the first error when none can."""
        listed = [
            (path, one)
            for path, one in document.attachments
            if is_text(one.get("contentType", "")) and ("data" in one or "url" in one)
        ]
        if not listed and document.kind == "DocumentReference":
            raise OperationOutcomeError(
                "business-rule",
                "no attachment has content of a type that text could be in",
                "DocumentReference.content",
            )
        first: OperationOutcomeError | None = None
        for path, attachment in sorted(listed, key=_rank):
            try:
                return self._text(attachment, path)
            except OperationOutcomeError as error:
                first = first or error
        if first is not None and not document.resource.get("conclusion"):
            raise first
        return ""

    def _text(self, attachment: Mapping[str, Any], path: str) -> str:
        content, media_type, place = self._attachments.content(attachment, path)
        text: str = at_place(place, lambda: document_text(content, media_type))
        return text


def _rank(listed: tuple[str, Mapping[str, Any]]) -> int:
    name = base_type(listed[1].get("contentType", ""))
    return _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)


def _narrative(document: ClinicalDocument) -> str:
    """Sections under their titles, each set off by an empty line."""
    parts = []
    for title, div in document.narratives():
        text = markup_text(div)
        parts.append("\n".join(filter(None, (headed(title) if title.strip() else "", text))))
    return clean("\n\n".join(filter(None, parts)))


def _concluded(text: str, conclusion: str) -> str:
    """A report's text with its conclusion, unless the text says it already."""
    said = clean(conclusion)
    if not said.strip() or " ".join(said.split()) in " ".join(text.split()):
        return text
    return f"{text.rstrip()}\n\nConclusion:\n{said}" if text.strip() else said
