"""The door of this package: the plain text of a document, whatever format it comes in.

Offsets into the text count Unicode code points. The text of ``text/plain`` is its content, control for
control and line end for line end; that of every other format is made here, and whoever uses offsets into it
has to keep it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from adapters.documents.cda import V3, cda_text
from adapters.documents.charset import decode
from adapters.documents.cleaning import clean
from adapters.documents.hypertext import html_text
from adapters.documents.pdf import pdf_text
from adapters.documents.rtf import rtf_text
from profiles.outcome import OperationOutcomeError

LARGEST: Final = 20_000_000
"""Bytes of one document."""

_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([\w.:+-]{1,40})", re.IGNORECASE)
_PDF_HEADER: Final = 1024
"""Bytes in which readers look for the header of a PDF."""


def document_text(content: bytes, media_type: str) -> str:
    """The text of a document.

    Parameters
    ----------
    content : bytes
        The document.
    media_type : str
        As its source declares it, parameters included; what the content itself says of PDF and RTF wins.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` for a format that has no text here, ``invalid`` for content that is not of its
        format, ``too-costly`` beyond the limits, ``business-rule`` when there is no text in it.
    """
    return _text(content, media_type, enclosed=False)


def is_text(media_type: str) -> bool:
    """Whether documents of a media type may have text."""
    name = base_type(media_type)
    return name in _FORMATS or name in ("", "application/octet-stream")


def base_type(media_type: str) -> str:
    """Type and subtype alone."""
    return media_type.partition(";")[0].strip().lower()


def _text(content: bytes, media_type: str, *, enclosed: bool) -> str:
    if len(content) > LARGEST:
        raise OperationOutcomeError("too-costly", f"the document has more than {LARGEST} bytes")
    read = _FORMATS.get(_sniffed(content, base_type(media_type)))
    if read is None:
        raise OperationOutcomeError(
            "not-supported", "text is read out of text, RTF, HTML, PDF and CDA, not of this format"
        )
    if enclosed and read is _xml:
        raise OperationOutcomeError("not-supported", "a CDA document encloses another one")
    charset = _CHARSET.search(media_type)
    text = clean(read(content, charset[1] if charset else ""))
    if not text.strip():
        raise OperationOutcomeError("business-rule", "there is no text in the document")
    return text


def _sniffed(content: bytes, declared: str) -> str:
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:5] == b"{\\rtf":
        return "text/rtf"
    if content[:5] == b"%PDF-" or (b"%PDF-" in content[:_PDF_HEADER] and declared not in _TEXTS):
        return "application/pdf"
    if declared in ("", "application/octet-stream"):
        head = content[:4096]
        if V3.encode() in head and b"ClinicalDocument" in head:
            return "application/xml"
        return "text/html" if b"<html" in head.lower() else declared
    return declared


def _xml(content: bytes, declared: str) -> str:
    """XML is a CDA document, or XHTML."""
    del declared  # XML declares its own (XML 1.0 4.3.3)
    if b"http://www.w3.org/1999/xhtml" in content[:4096] and V3.encode() not in content[:4096]:
        return html_text(content)
    return cda_text(content, lambda inner, media: _text(inner, media, enclosed=True))


def _undeclared(read: Callable[[bytes], str]) -> Callable[[bytes, str], str]:
    return lambda content, _: read(content)


_TEXTS: Final = frozenset(("text/plain", "text/markdown", "text/html", "application/xhtml+xml"))
_FORMATS: Final[Mapping[str, Callable[[bytes, str], str]]] = {
    "text/plain": decode,
    "text/markdown": decode,
    "text/html": html_text,
    "application/xhtml+xml": html_text,
    "application/pdf": _undeclared(pdf_text),
    **dict.fromkeys(("text/rtf", "application/rtf"), _undeclared(rtf_text)),
    **dict.fromkeys(
        ("text/xml", "application/xml", "application/cda+xml", "application/hl7-cda+xml"), _xml
    ),
}
