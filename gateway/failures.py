"""Every error as the answer that a FHIR client understands: an OperationOutcome with its status."""

import logging
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.content_coding import CODINGS
from gateway.fhir_answer import drain, fhir_json
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.http")

_HTTP_KINDS: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-costly"}
_SAID: Final = {
    404: "there is nothing at this address",
    405: "this method is not served here",
}


RETRY_AFTER_S: Final = "2"
ACCEPT_PATCH: Final = (
    "application/json-patch+json, application/fhir+json, application/merge-patch+json"
)


async def refused(request: Request, error: Exception) -> Response:
    """What an interaction has refused, with its reasons.

    415 says what would have been taken (RFC 5789 2.2, RFC 9110 12.5.3), 503 when to ask again (10.2.3).
    """
    if not isinstance(error, OperationOutcomeError):
        raise error
    await drain(request)
    said = {}
    if error.kind.http == 503:
        said["Retry-After"] = RETRY_AFTER_S
    if error.kind.http == 415:
        said["Accept-Encoding"] = ", ".join(name for name in CODINGS if not name.startswith("x-"))
        if request.method == "PATCH":
            said["Accept-Patch"] = ACCEPT_PATCH
    return fhir_json(request, error.to_resource(), error.kind.http, said)


async def not_served(request: Request, error: Exception) -> Response:
    """An address or a method that nothing answers."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405 or request.scope["path"] == "*":
        return await not_allowed(request, _methods(request))
    await drain(request)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return plain_failure(request, status, headers)


async def not_allowed(request: Request, methods: str) -> Response:
    """A method that is not served at an address, and OPTIONS, which asks for those that are."""
    await drain(request)
    headers = {"Allow": methods}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={**headers, "Accept-Patch": ACCEPT_PATCH})
    return plain_failure(request, 405, headers)


def _methods(request: Request) -> str:
    """Every method of an address behind the interactions (RFC 9110 10.2.1)."""
    found, path = {"OPTIONS"}, request.scope["path"]
    for start, routes in (("", request.app.routes), ("/fhir", request.app.state.operations)):
        for route in routes:
            if path.startswith(start) and route.path_regex.match(path.removeprefix(start)):
                found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))


def plain_failure(
    request: Request, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of a status that stands for itself, 404 or 405."""
    kind = _HTTP_KINDS.get(status, "not-supported")
    text = _SAID.get(status, "the request cannot be served")
    outcome = OperationOutcomeError(kind, text)
    return fhir_json(request, outcome.to_resource(), status, headers)


async def unexpected(request: Request, error: Exception) -> Response:
    """Our bug: a reference for the log, and nothing of what the request held."""
    reference = uuid4().hex[:12]
    log.error("request.failed", extra={"reference": reference}, exc_info=error)
    outcome = OperationOutcomeError("exception", f"internal error, reference {reference}")
    return fhir_json(request, outcome.to_resource(), 500)
