"""Every error as the answer that a FHIR client understands: an OperationOutcome with its status."""

import logging
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import fhir_json
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.http")

_HTTP_KINDS: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-costly"}
_SAID: Final = {
    404: "there is nothing at this address",
    405: "this method is not served here",
}


async def refused(request: Request, error: Exception) -> Response:
    """What an interaction has refused, with its reasons."""
    if not isinstance(error, OperationOutcomeError):
        raise error
    return fhir_json(request, error.to_resource(), error.kind.http)


async def not_served(request: Request, error: Exception) -> Response:
    """An address or a method that nothing answers."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return plain_failure(request, status, headers)


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
