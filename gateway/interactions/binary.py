"""A Binary that comes as what it holds instead of as JSON (R4 binary.html#rest)."""

import base64
from typing import Any

from starlette.requests import Request

from gateway.fhir_answer import read_body
from gateway.negotiation import JSON_TYPES, media_type


def sends_content(request: Request) -> bool:
    """Whether the body is the content itself: of any type that is not FHIR."""
    declared = media_type(request.headers.get("content-type", ""))
    return bool(declared) and declared not in JSON_TYPES and "fhir" not in declared


async def read_binary(request: Request, resource_id: str | None = None) -> dict[str, Any]:
    """The Binary of a body; ``X-Security-Context`` names the resource that decides who may see it."""
    content = await read_body(request)
    binary: dict[str, Any] = {
        "resourceType": "Binary",
        **({"id": resource_id} if resource_id else {}),
        "contentType": request.headers["content-type"],
    }
    context = request.headers.get("x-security-context")
    if context:
        binary["securityContext"] = {"reference": context}
    if content:
        binary["data"] = base64.b64encode(content).decode()
    return binary
