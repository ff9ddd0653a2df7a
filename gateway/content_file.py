"""The content of a Binary in a file of the store instead of in its JSON: large recordings and uploads.

``Binary.data`` then has an extension in place of a value (R4 json.html#primitive): the SHA-256 of the file,
and a seal of this store, so that nobody reads a file of the archive by naming its digest. The file never
changes, so a version keeps its content, and a backup has it with the other files.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapters.store import Store
from profiles.outcome import OperationOutcomeError
from terminology.systems import ISTHMUS

CONTENT_FILE: Final = f"{ISTHMUS}/StructureDefinition/content-file"
_SEALED: Final = re.compile(r"([0-9a-f]{64})\.([0-9a-f]{64})")


def filed(binary: Mapping[str, Any], digest: str, secret: bytes) -> dict[str, Any]:
    """A Binary whose content is a file.

    Parameters
    ----------
    binary : mapping
        Without content.
    digest : str
        SHA-256 of the file, which is kept already.
    secret : bytes
        Of the store.
    """
    sealed = f"{digest}.{_seal(digest, secret)}"
    return {**binary, "_data": {"extension": [{"url": CONTENT_FILE, "valueString": sealed}]}}


def file_of(binary: Mapping[str, Any], store: Store) -> Path | None:
    """The file with the content of a Binary; None when the content stands in the Binary itself.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` when it is no file of this store.
    """
    sealed = _named(binary)
    if not sealed:
        return None
    path = store.blobs.path(_digest(sealed, store.secret))
    if not path.is_file():
        raise _not_here()
    return path


def names_file(binary: Mapping[str, Any]) -> bool:
    """Whether the content of a Binary lies in a file."""
    return bool(_named(binary))


def require_own_file(resource: Mapping[str, Any], secret: bytes) -> None:
    """Refuse a Binary that names a file as its content which this store has not sealed (``not-found``)."""
    if resource["resourceType"] == "Binary" and (sealed := _named(resource)):
        _digest(sealed, secret)


def _named(binary: Mapping[str, Any]) -> str:
    marks = (binary.get("_data") or {}).get("extension", ())
    return next((str(one.get("valueString")) for one in marks if one["url"] == CONTENT_FILE), "")


def _digest(sealed: str, secret: bytes) -> str:
    found = _SEALED.fullmatch(sealed)
    if found is None or not hmac.compare_digest(found[2], _seal(found[1], secret)):
        raise _not_here()
    return found[1]


def _seal(digest: str, secret: bytes) -> str:
    return hmac.new(secret, f"content-file:{digest}".encode(), hashlib.sha256).hexdigest()


def _not_here() -> OperationOutcomeError:
    text = "the content of this Binary is not kept here: send it with its content"
    return OperationOutcomeError("not-found", text, "Binary.data")
