"""The FHIR R4 endpoint over HTTP: routes, negotiation, limits, and one place where errors become answers.

R4 http.html. Each interaction and each operation is a file of its own; this one only connects them.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from adapters.store import Store, Transaction
from gateway.fhir_answer import fhir_json
from gateway.interactions import capabilities, create, history, read, search, update
from gateway.operations.analyze import cancel_job, job_status
from gateway.operations.table import OPERATIONS, load_operation
from gateway.pages import page_routes
from gateway.settings import Settings
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.http")

Endpoint = Callable[[Request], Awaitable[Response]]
_HTTP_KINDS = {404: "not-found", 405: "method-not-allowed", 413: "too-costly"}


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoint asks of the rest of the gateway."""

    request_analysis: Callable[[str, dict[str, Any]], str]
    on_created: Callable[[Transaction, dict[str, Any]], None]
    lanes_alive: Callable[[], bool] = lambda: True


def build_app(store: Store, settings: Settings, services: Services) -> Starlette:
    """The ASGI application."""
    app = Starlette(
        routes=[
            Mount("/fhir", routes=_fhir_routes()),
            *page_routes(),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
        exception_handlers={
            OperationOutcomeError: _outcome,
            HTTPException: _http,
            Exception: _unexpected,
        },
    )
    app.state.store, app.state.settings, app.state.services = store, settings, services
    app.state.started = datetime.now(UTC)
    return app


def _fhir_routes() -> list[BaseRoute]:
    return [
        Route("/metadata", capabilities.capabilities),
        Route("/OperationDefinition/{name}", capabilities.operation_definition),
        *(
            Route(operation.path, load_operation(operation), methods=list(operation.methods))
            for operation in OPERATIONS
        ),
        Route("/$job-status/{id}", job_status, methods=["GET"]),
        Route("/$job-status/{id}", cancel_job, methods=["DELETE"]),
        Route("/{type}/_search", search.search, methods=["POST"]),
        Route("/{type}/{id}/_history/{version}", read.vread),
        Route("/{type}/{id}/_history", history.history),
        Route("/{type}/{id}", read.read, methods=["GET"]),
        Route("/{type}/{id}", update.update, methods=["PUT"]),
        Route("/{type}", search.search, methods=["GET"]),
        Route("/{type}", create.create, methods=["POST"]),
    ]


async def _outcome(request: Request, error: Exception) -> Response:
    if not isinstance(error, OperationOutcomeError):
        raise error
    return fhir_json(request, error.to_resource(), error.kind.http)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = _HTTP_KINDS.get(status, "not-supported")
    text = {404: "there is nothing at this address", 405: "this method is not served here"}
    outcome = OperationOutcomeError(kind, text.get(status, "the request cannot be served"))
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return fhir_json(request, outcome.to_resource(), status, headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    """Our bug: a reference for the log, and nothing of what the request held."""
    reference = uuid4().hex[:12]
    log.error("request.failed", extra={"reference": reference}, exc_info=error)
    outcome = OperationOutcomeError("exception", f"internal error, reference {reference}")
    return fhir_json(request, outcome.to_resource(), 500)
