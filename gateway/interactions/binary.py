"""A Binary that comes and goes as what it holds instead of as JSON (R4 binary.html#rest)."""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from adapters.store import StoredVersion
from gateway.content_file import file_of, names_file
from gateway.fhir_answer import (
    AT_HAND,
    CACHING,
    read_body,
    read_resource,
    store_of,
    version_headers,
    versioned,
)
from gateway.interactions.binary_upload import with_content
from gateway.negotiation import (
    FHIR_JSON,
    JSON_TYPES,
    accepted,
    answer_type,
    content_type,
    field,
    media_type,
    named_format,
    require_json_accepted,
    require_json_body,
    wanted_as,
)
from gateway.preconditions import preconditions
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse_resource

_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}([;, ][\x20-\x7e]*)?")
_REFERENCE: Final = re.compile(r"[\x21-\x7e]+")
_UNTRUSTED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What somebody has sent must not act in our name when a browser opens it."""
_PARTS: Final = frozenset({"_summary", "_elements"})
_PIECE: Final = 3 << 16
"""Bytes that are read at once: whole groups of three, so that their base64 can be joined."""


async def read_binary(request: Request, resource_id: str | None = None) -> dict[str, Any]:
    """The Binary in a body: as JSON of FHIR, or as the content itself under any other type.

    JSON of no special kind is a Binary only if it says so. ``X-Security-Context`` names the resource that
    decides who may see the content.
    """
    declared = media_type(content_type(request))
    if not declared or "fhir" in declared:
        return await read_resource(request)
    require_json_accepted(request)
    content = await read_body(request) if declared in JSON_TYPES else None
    if content is not None and _is_binary(content):
        require_json_body(request)
        return parse_resource(content)
    binary: dict[str, Any] = {
        "resourceType": "Binary",
        **({"id": resource_id} if resource_id else {}),
        "contentType": content_type(request),
    }
    context = field(request, b"x-security-context")
    if context:
        binary["securityContext"] = {"reference": context}
    if content is None:
        return await with_content(request, binary)
    if content:
        binary["data"] = base64.b64encode(content).decode()
    return binary


def _is_binary(content: bytes) -> bool:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and found.get("resourceType") == "Binary"


def wants_content(request: Request) -> bool:
    """Whether the client does not ask for FHIR by name: then a Binary is what it holds."""
    if named_format(request):
        return False
    return not any("fhir" in one.name for one in accepted(field(request, b"accept")) if one.weight)


def binary_answer(request: Request, stored: StoredVersion) -> Response:
    """Answer with a Binary or with what it holds.

    An entry of a Bundle, and a part that is asked for, say which file has the content instead of having it.
    """
    binary = loads_exact(stored.body)
    filed = names_file(binary)
    if filed and AT_HAND in request.scope:
        return versioned(request, stored)
    if wants_content(request):
        return _content_answer(request, stored, binary)
    if filed and not _PARTS & set(request.query_params):
        return _json_answer(request, stored, binary)
    return versioned(request, stored)


def _content_answer(request: Request, stored: StoredVersion, binary: dict[str, Any]) -> Response:
    """What a Binary holds (``not-acceptable`` when another type is wanted)."""
    declared = str(binary["contentType"])
    if _MEDIA_TYPE.fullmatch(declared) is None:
        declared = "application/octet-stream"
    ranges = accepted(field(request, b"accept"))
    if ranges and not wanted_as(ranges, media_type(declared))[0]:
        raise OperationOutcomeError("not-acceptable", "the content is of another type")
    headers = {**CACHING, **version_headers(stored), **_UNTRUSTED, "Content-Type": declared}
    context = binary.get("securityContext", {}).get("reference", "")
    if _REFERENCE.fullmatch(context):
        headers["X-Security-Context"] = context
    if preconditions(request).not_modified(stored):
        del headers["Content-Type"]
        return Response(status_code=304, headers=headers)
    file = file_of(binary, store_of(request))
    if file is not None:
        return FileResponse(file, 200, headers, stat_result=file.stat())
    return Response(_content(binary), 200, headers)


def _json_answer(request: Request, stored: StoredVersion, binary: dict[str, Any]) -> Response:
    """A Binary as JSON, with the content of its file put in while it is sent."""
    file = file_of(binary, store_of(request))
    tagged = {**CACHING, **version_headers(stored)}
    if file is None or preconditions(request).not_modified(stored):
        return Response(status_code=304, headers=tagged)
    rest = {name: value for name, value in binary.items() if name not in ("data", "_data")}
    head, tail = dumps_exact(rest)[:-1] + b',"data":"', b'"}'
    size = len(head) + 4 * -(-file.stat().st_size // 3) + len(tail)
    declared = f"{answer_type(request) or FHIR_JSON}; charset=utf-8"
    headers = {**tagged, "Content-Type": declared, "Content-Length": str(size)}
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(_as_json(head, file, tail), headers=headers)


def _as_json(head: bytes, file: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            yield base64.b64encode(piece)
    yield tail


def _content(binary: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(binary.get("data", ""))
    except (binascii.Error, ValueError):
        raise OperationOutcomeError(
            "not-supported", "the data of this Binary is no base64"
        ) from None
