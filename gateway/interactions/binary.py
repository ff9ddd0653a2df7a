"""A Binary that comes and goes as what it holds instead of as JSON (R4 binary.html#rest)."""

import base64
import binascii
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.fhir_answer import CACHING, read_body, version_headers
from gateway.negotiation import (
    JSON_TYPES,
    accepted,
    content_type,
    field,
    media_type,
    named_format,
    require_json_accepted,
    wanted_as,
)
from gateway.preconditions import preconditions
from profiles.outcome import OperationOutcomeError

_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}([;, ][\x20-\x7e]*)?")
_REFERENCE: Final = re.compile(r"[\x21-\x7e]+")
_UNTRUSTED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What somebody has sent must not act in our name when a browser opens it."""


def sends_content(request: Request) -> bool:
    """Whether the body is the content itself: of any type that is not FHIR."""
    declared = media_type(content_type(request))
    return bool(declared) and declared not in JSON_TYPES and "fhir" not in declared


async def read_binary(request: Request, resource_id: str | None = None) -> dict[str, Any]:
    """The Binary of a body; ``X-Security-Context`` names the resource that decides who may see it."""
    require_json_accepted(request)
    content = await read_body(request)
    binary: dict[str, Any] = {
        "resourceType": "Binary",
        **({"id": resource_id} if resource_id else {}),
        "contentType": content_type(request),
    }
    context = field(request, b"x-security-context")
    if context:
        binary["securityContext"] = {"reference": context}
    if content:
        binary["data"] = base64.b64encode(content).decode()
    return binary


def wants_content(request: Request) -> bool:
    """Whether the client does not ask for FHIR by name: then a Binary is what it holds."""
    if named_format(request):
        return False
    return not any("fhir" in one.name for one in accepted(field(request, b"accept")) if one.weight)


def content_answer(request: Request, stored: StoredVersion) -> Response:
    """Answer with what a Binary holds (``not-acceptable`` when another type is wanted)."""
    binary = stored.json()
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
    return Response(_content(binary), 200, headers)


def _content(binary: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(binary.get("data", ""))
    except (binascii.Error, ValueError):
        raise OperationOutcomeError(
            "not-supported", "the data of this Binary is no base64"
        ) from None
