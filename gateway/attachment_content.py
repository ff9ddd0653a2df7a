"""The bytes of an attachment: inline, in a Binary of ours, or on a server that the site has named."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.documents.download import download
from adapters.documents.text import LARGEST
from gateway.addresses import is_below
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal

Read = Callable[[str], Mapping[str, Any] | None]
"""The resource of a relative reference, None where there is none."""


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
    max_bytes : int
        Most that is fetched from a server.
    """

    def __init__(
        self,
        read: Read,
        bases: Sequence[str],
        servers: Sequence[str],
        max_bytes: int = LARGEST,
    ) -> None:
        self._read = read
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
        media_type = str(attachment.get("contentType", ""))
        if "data" in attachment:
            place, content = f"{path}.data", _decoded(attachment["data"], f"{path}.data")
        else:
            place = f"{path}.url"
            content, declared = self._linked(str(attachment.get("url", "")), place)
            media_type = media_type or declared
        _require_unchanged(attachment, content, path)
        return content, media_type, place

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
        return at_place(place, lambda: download(url, max_bytes=self._max_bytes)), ""

    def _binary(self, reference: str, kind: str, place: str) -> tuple[bytes, str]:
        binary = self._read(reference) if kind == "Binary" else None
        if binary is None:
            raise OperationOutcomeError("not-found", "there is no such Binary", place)
        return _decoded(binary.get("data", ""), place), str(binary.get("contentType", ""))


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
