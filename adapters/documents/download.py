"""The content of an attachment that lies on another server: one GET, without redirects, with limits."""

import time
from collections.abc import Iterator
from typing import Final

from adapters.documents.text import LARGEST
from profiles.outcome import OperationOutcomeError

LONGEST_S: Final = 30.0
_ACCEPTED: Final = "text/plain, text/html, text/rtf, application/rtf, application/pdf, */*;q=0.5"


def download(url: str, *, max_bytes: int = LARGEST, timeout_s: float = LONGEST_S) -> bytes:
    """What an address answers with 200, held in memory; raises as ``download_pieces`` does."""
    return b"".join(download_pieces(url, max_bytes=max_bytes, timeout_s=timeout_s))


def download_pieces(url: str, *, max_bytes: int, timeout_s: float) -> Iterator[bytes]:
    """What an address answers with 200, as it comes.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` for any other answer of 4xx or a redirect, ``too-costly`` beyond the limit,
        ``transient`` when the server cannot be reached, is slow or fails.
    """
    import httpx

    deadline, size = time.monotonic() + timeout_s, 0
    try:
        with httpx.stream(
            "GET",
            url,
            headers={"Accept": _ACCEPTED},
            timeout=min(timeout_s, LONGEST_S),
            follow_redirects=False,
            trust_env=False,
        ) as answer:
            _require_found(answer.status_code)
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > max_bytes:
                    raise OperationOutcomeError(
                        "too-costly", f"the document has more than {max_bytes} bytes"
                    )
                if time.monotonic() > deadline:
                    raise OperationOutcomeError("transient", "the document comes too slowly")
                yield piece
    except (httpx.HTTPError, httpx.InvalidURL):
        raise OperationOutcomeError(
            "transient", "the server of the document cannot be reached"
        ) from None


def _require_found(status: int) -> None:
    if status >= 500 or status == 429:
        raise OperationOutcomeError("transient", "the server of the document fails")
    if status != 200:
        raise OperationOutcomeError("not-found", "the document is not at its address")
