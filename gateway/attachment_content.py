"""The bytes of an attachment: inline, in a Binary of ours, or on a server that the site has named."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.documents.download import download, download_pieces
from adapters.documents.text import LARGEST
from gateway.addresses import is_below
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal

Read = Callable[[str], Mapping[str, Any] | None]
"""The resource of a relative reference, None where there is none."""
FileOf = Callable[[Mapping[str, Any]], Path | None]
RECORDING_S: Final = 900.0
"""How long a server may take to send a recording."""


class AttachmentContent:
    """Reads attachments (R4 datatypes.html#attachment).

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
    max_bytes : int
        Most that is read.
    """

    def __init__(
        self,
        read: Read,
        bases: Sequence[str],
        servers: Sequence[str],
        file: FileOf,
        max_bytes: int = LARGEST,
    ) -> None:
        self._read = read
        self._file = file
        self._bases = tuple(bases)
        self._servers = tuple(servers)
        self._max_bytes = max_bytes

    def content(self, attachment: Mapping[str, Any], path: str) -> tuple[bytes, str, str]:
        """Content, media type, and the element in which the content was found.

        Raises
        ------
        OperationOutcomeError
            With the element that is at fault.
        """
        found = self._found(attachment, path)
        if isinstance(found.content, Path):
            self._require_fitting(found.content.stat().st_size, found.place)
            content = found.content.read_bytes()
        elif isinstance(found.content, str):
            url = found.content
            content = at_place(found.place, lambda: download(url, max_bytes=self._max_bytes))
        else:
            content = found.content
        digest = hashlib.sha1(content, usedforsecurity=False).digest()
        _require_unchanged(attachment, len(content), digest, path)
        return content, found.media_type, found.place

    def saved(
        self, attachment: Mapping[str, Any], path: str, target: Path
    ) -> tuple[Path, str, str]:
        """As ``content``, in a file: the one that has it already, else ``target``."""
        found = self._found(attachment, path)
        file = found.content if isinstance(found.content, Path) else target
        if isinstance(found.content, bytes):
            file.write_bytes(found.content)
        elif isinstance(found.content, str):
            at_place(found.place, partial(self._download, found.content, file))
        self._require_fitting(file.stat().st_size, found.place)
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, _sha1).digest()
        _require_unchanged(attachment, file.stat().st_size, digest, path)
        return file, found.media_type, found.place

    def _download(self, url: str, target: Path) -> None:
        pieces = download_pieces(url, max_bytes=self._max_bytes, timeout_s=RECORDING_S)
        with target.open("wb") as file:
            file.writelines(pieces)

    def _require_fitting(self, size: int, place: str) -> None:
        if size > self._max_bytes:
            raise OperationOutcomeError(
                "too-costly", f"the attachment has more than {self._max_bytes} bytes", place
            )

    def _found(self, attachment: Mapping[str, Any], path: str) -> "_Found":
        """Where the content of an attachment is."""
        media_type = str(attachment.get("contentType", ""))
        if "data" in attachment:
            place = f"{path}.data"
            return _Found(_decoded(attachment["data"], place), media_type, place)
        place, url = f"{path}.url", str(attachment.get("url", ""))
        found = [literal(url, base) for base in ("", *self._bases)]
        target = next((one for one in found if one is not None), None)
        if target is not None:
            return self._binary("/".join(target), target[0], media_type, place)
        if urlsplit(url).scheme not in ("http", "https") or not is_below(url, self._servers):
            raise OperationOutcomeError(
                "forbidden",
                "the attachment's address is neither ours nor in the setting document_servers",
                place,
            )
        return _Found(url, media_type, place)

    def _binary(self, reference: str, kind: str, media_type: str, place: str) -> "_Found":
        binary = self._read(reference) if kind == "Binary" else None
        if binary is None:
            raise OperationOutcomeError("not-found", "there is no such Binary", place)
        media_type = media_type or str(binary.get("contentType", ""))
        file: Path | None = at_place(place, lambda: self._file(binary))
        if file is None:
            return _Found(_decoded(binary.get("data", ""), place), media_type, place)
        return _Found(file, media_type, place)


@dataclass(frozen=True, slots=True)
class _Found:
    """Content as bytes, as a file, or as the address of another server; its media type and element."""

    content: bytes | Path | str
    media_type: str
    place: str


def at_place(place: str, work: Callable[[], Any]) -> Any:
    """Do what may fail, and say of which element."""
    try:
        return work()
    except OperationOutcomeError as error:
        raise OperationOutcomeError(error.kind_name, error.diagnostics, place) from None


def _decoded(data: Any, place: str) -> bytes:
    try:
        return base64.b64decode("".join(str(data).split()), validate=True)
    except (binascii.Error, ValueError):
        raise OperationOutcomeError("value", "this is no base64", place) from None


def _sha1() -> Any:
    return hashlib.sha1(usedforsecurity=False)


def _require_unchanged(attachment: Mapping[str, Any], size: int, digest: bytes, path: str) -> None:
    """``size`` counts the bytes before base64, ``hash`` is their SHA-1 (R4 datatypes.html#attachment)."""
    if attachment.get("size", size) != size:
        raise OperationOutcomeError(
            "value", "the content has another size than is stated", f"{path}.size"
        )
    stated = attachment.get("hash")
    if stated is not None and _decoded(stated, f"{path}.hash") != digest:
        raise OperationOutcomeError(
            "value", "the content has another SHA-1 than is stated", f"{path}.hash"
        )
