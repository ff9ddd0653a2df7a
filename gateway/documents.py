"""The text of a note: out of the attachments or the narrative of the resource that holds it.

Evidence counts in this text. It is kept with every coding (the ``coding-request`` of the review Task), so
that anybody can look an offset up, whatever format the source has.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.documents.cda import headed
from adapters.documents.cleaning import clean
from adapters.documents.download import download
from adapters.documents.hypertext import markup_text
from adapters.documents.text import base_type, document_text, is_text
from gateway.addresses import is_below
from profiles.clinical_document import ClinicalDocument
from profiles.coding_records import Note
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal

Read = Callable[[str], Mapping[str, Any] | None]
"""The resource of a relative reference, None where there is none."""

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
    """

    def __init__(self, read: Read, bases: Sequence[str], servers: Sequence[str]) -> None:
        self._read = read
        self._bases = tuple(bases)
        self._servers = tuple(servers)

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
        media_type = str(attachment.get("contentType", ""))
        if "data" in attachment:
            place, content = f"{path}.data", _decoded(attachment["data"], f"{path}.data")
        else:
            place = f"{path}.url"
            content, declared = self._linked(str(attachment["url"]), place)
            media_type = media_type or declared
        _require_unchanged(attachment, content, path)
        text: str = _at(place, lambda: document_text(content, media_type))
        return text

    def _linked(self, url: str, place: str) -> tuple[bytes, str]:
        """Content and media type of what an address names: a Binary of ours, or a site's server."""
        found = [literal(url, base) for base in ("", *self._bases)]
        target = next((one for one in found if one is not None), None)
        if target is not None:
            return self._binary("/".join(target), target[0], place)
        if urlsplit(url).scheme not in ("http", "https") or not is_below(url, self._servers):
            raise OperationOutcomeError(
                "forbidden",
                "the attachment's address is neither ours nor in the setting document_servers",
                place,
            )
        return _at(place, lambda: download(url)), ""

    def _binary(self, reference: str, kind: str, place: str) -> tuple[bytes, str]:
        binary = self._read(reference) if kind == "Binary" else None
        if binary is None:
            raise OperationOutcomeError("not-found", "there is no such Binary", place)
        return _decoded(binary.get("data", ""), place), str(binary.get("contentType", ""))


def _rank(listed: tuple[str, Mapping[str, Any]]) -> int:
    name = base_type(listed[1].get("contentType", ""))
    return _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)


def _decoded(data: Any, place: str) -> bytes:
    try:
        return base64.b64decode("".join(str(data).split()), validate=True)
    except (binascii.Error, ValueError):
        raise OperationOutcomeError("value", "this is no base64", place) from None


def _require_unchanged(attachment: Mapping[str, Any], content: bytes, path: str) -> None:
    """``size`` counts the bytes before base64, ``hash`` is their SHA-1 (R4 datatypes.html#attachment)."""
    if attachment.get("size", len(content)) != len(content):
        raise OperationOutcomeError(
            "value", "the content has another size than is stated", f"{path}.size"
        )
    stated = attachment.get("hash")
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    if stated is not None and _decoded(stated, f"{path}.hash") != digest:
        raise OperationOutcomeError(
            "value", "the content has another SHA-1 than is stated", f"{path}.hash"
        )


def _at(place: str, work: Callable[[], Any]) -> Any:
    """Do what may fail, and say of which element."""
    try:
        return work()
    except OperationOutcomeError as error:
        raise OperationOutcomeError(error.kind_name, error.diagnostics, place) from None


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
