"""Text out of a PDF that has some (ISO 32000-2 9.10); a picture of a page is not read."""

import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from adapters.documents.cleaning import LONGEST
from profiles.outcome import OperationOutcomeError

MOST_PAGES: Final = 300
LONGEST_S: Final = 20.0
"""Time for one document; checked between the operators of a page."""
_LIMITS: Final = {
    **dict.fromkeys(
        (
            *("zlib_maximum_output_length", "lzw_maximum_output_length"),
            *("run_length_maximum_output_length", "array_based_stream_maximum_output_length"),
        ),
        10_000_000,
    ),
    "stream_decoding_work_maximum_length": 40_000_000,
    "stream_parsing_work_maximum_count": 400_000,
}
"""Bytes that a stream may unpack to and pieces that it may have: a page of text has some ten thousand."""


def pdf_text(content: bytes) -> str:
    """The text of a PDF, page by page.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when it cannot be read, ``not-supported`` when it is encrypted or shows pictures only,
        ``too-costly`` when it has too many pages, unpacks to too much or takes too long.
    """
    try:
        import pypdf
        from pypdf.errors import LimitReachedError
    except ModuleNotFoundError:
        raise OperationOutcomeError(
            "not-supported", "reading a PDF needs the extra: pip install isthmus[language]"
        ) from None
    try:
        with pypdf.apply_configuration(None, **_LIMITS):
            return _text(pypdf.PdfReader(BytesIO(content), strict=False))
    except OperationOutcomeError:
        raise
    except LimitReachedError:
        raise OperationOutcomeError("too-costly", "the PDF unpacks to too much") from None
    except Exception:  # noqa: BLE001 - a damaged file makes the library raise almost anything
        raise OperationOutcomeError("invalid", "the PDF cannot be read") from None


def _text(reader: Any) -> str:
    if reader.is_encrypted and not reader.decrypt(""):
        raise OperationOutcomeError("not-supported", "the PDF is encrypted")
    if len(reader.pages) > MOST_PAGES:
        raise OperationOutcomeError("too-costly", f"the PDF has more than {MOST_PAGES} pages")
    text = "\n\n".join(page.strip("\n") for page in _pages(reader, time.monotonic() + LONGEST_S))
    if not any(character.isalnum() for character in text):
        raise OperationOutcomeError(
            "not-supported", "the PDF holds pictures of text, no text: it would need OCR"
        )
    return text


def _pages(reader: Any, deadline: float) -> Iterator[str]:
    total = 0

    def in_time(*_: Any) -> None:
        if time.monotonic() > deadline:
            raise OperationOutcomeError("too-costly", "reading the PDF takes too long")

    for page in reader.pages:
        in_time()
        text = page.extract_text(visitor_operand_before=in_time)
        total += len(text)
        if total > LONGEST:
            raise OperationOutcomeError(
                "too-costly", f"the text has more than {LONGEST} characters"
            )
        yield text
