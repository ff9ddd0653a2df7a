"""A Binary that comes and goes as what it holds instead of as JSON (R4 binary.html#rest)."""

import base64
import binascii
import re
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.fhir_answer import CACHING, read_body, read_resource, version_headers
from gateway.negotiation import (
    JSON_TYPES,
    accepted,
    content_type,
    field,
    media_type,
    named_format,
    require_json_accepted,
    require_json_body,
    wanted_as,
)
from gateway.preconditions import preconditions
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse_resource

_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}([;, ][\x20-\x7e]*)?")
_REFERENCE: Final = re.compile(r"[\x21-\x7e]+")
_UNTRUSTED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""What somebody has sent must not act in our name when a browser opens it."""


async def read_binary(request: Request, resource_id: str | None = None) -> dict[str, Any]:
    """The Binary in a body: as JSON of FHIR, or as the content itself under any other type.

    JSON of no special kind is a Binary only if it says so. ``X-Security-Context`` names the resource that
    decides who may see the content.
    """
    declared = media_type(content_type(request))
    if not declared or "fhir" in declared:
        return await read_resource(request)
    require_json_accepted(request)
    content = await read_body(request)
    if declared in JSON_TYPES and _is_binary(content):
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
