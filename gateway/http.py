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
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.store import Store, Transaction
from gateway.door import Door
from gateway.fhir_answer import ACCEPT_PATCH, drain, fhir_json, refused
from gateway.interactions import (
    bundle,
    capabilities,
    create,
    delete,
    history,
    patch,
    read,
    search,
    update,
)
from gateway.operations.endpoint import endpoint_of
from gateway.operations.job_status import cancel_job, job_status
from gateway.operations.table import OPERATIONS
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
    named, interactions = _fhir_routes(), _interactions()
    app = Starlette(
        routes=[
            Route("/fhir", bundle.bundle, methods=["POST"]),
            Route("/fhir", search.search_everything, methods=["GET"]),
            Mount("/fhir", app=_by_path(named, interactions)),
            *page_routes(),
        ],
        middleware=_middleware(settings),
        exception_handlers={
            OperationOutcomeError: _outcome,
            HTTPException: _http,
            Exception: _unexpected,
        },
    )
    app.router.redirect_slashes = False
    app.state.store, app.state.settings, app.state.services = store, settings, services
    app.state.started, app.state.routes = datetime.now(UTC), [*named, *interactions]
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    """Compression always; CORS only for the origins that a site names."""
    found = [Middleware(Door), Middleware(GZipMiddleware, minimum_size=1024)]
    if settings.cors_origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["*"],
                expose_headers=[
                    "Content-Location",
                    "ETag",
                    "Last-Modified",
                    "Location",
                    "X-Progress",
                ],
            )
        )
    return found


def _fhir_routes() -> list[BaseRoute]:
    return [
        *(
            Route(path, endpoint_of(operation), methods=list(operation.methods))
            for operation in OPERATIONS
            for path in operation.paths()
        ),
        Route("/$job-status/{id}", job_status, methods=["GET"]),
        Route("/$job-status/{id}", cancel_job, methods=["DELETE"]),
    ]


def _by_path(named: list[BaseRoute], interactions: list[BaseRoute]) -> ASGIApp:
    """Operations have a ``$`` in their path and interactions have none: half of the routes are enough."""
    operations = Router(named, redirect_slashes=False)
    plain = Router(interactions, redirect_slashes=False)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        chosen = operations if "$" in path else plain
        if path.endswith("/") and len(path) > len("/fhir/"):
            # R4 http.html writes a conditional delete as [type]/?[parameters]; clients do with others.
            scope = {**scope, "path": path[:-1]}
        await chosen(scope, receive, send)

    return choose


def _interactions() -> list[BaseRoute]:
    """R4 http.html: instance, type and system; conditional forms are those without an id."""
    return [
        Route("/metadata", capabilities.capabilities),
        Route("/_history", history.system_history),
        Route("/{type}/_history", history.type_history),
        Route("/{type}/{id}", read.read, methods=["GET"]),
        Route("/_search", search.search_everything, methods=["POST"]),
        Route("/{type}", create.create, methods=["POST"]),
        Route("/{type}", search.search, methods=["GET"]),
        Route("/{type}/{id}", update.update, methods=["PUT"]),
        Route("/", bundle.bundle, methods=["POST"]),
        Route("/", search.search_everything, methods=["GET"]),
        Route("/{type}/_search", search.search, methods=["POST"]),
        Route("/{type}/{id}/_history/{version}", read.vread),
        Route("/{type}/{id}/_history", history.history),
        Route("/{compartment}/{id}/{type}/_search", search.search_compartment, methods=["POST"]),
        Route("/{compartment}/{id}/{type}", search.search_compartment, methods=["GET"]),
        Route("/{type}/{id}", patch.patch, methods=["PATCH"]),
        Route("/{type}/{id}", delete.delete, methods=["DELETE"]),
        Route("/{type}", update.conditional_update, methods=["PUT"]),
        Route("/{type}", patch.conditional_patch, methods=["PATCH"]),
        Route("/{type}", delete.conditional_delete, methods=["DELETE"]),
    ]


async def _outcome(request: Request, error: Exception) -> Response:
    if not isinstance(error, OperationOutcomeError):
        raise error
    await drain(request)
    allow = {"Allow": allowed(request)} if error.kind.http == 405 else {}
    return refused(request, error, allow)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    await drain(request)
    if request.method == "OPTIONS" and (status == 405 or request.scope["path"] == "*"):
        return Response(
            status_code=204, headers={"Allow": allowed(request), "Accept-Patch": ACCEPT_PATCH}
        )
    kind = _HTTP_KINDS.get(status, "not-supported")
    text = {404: "there is nothing at this address", 405: "this method is not served here"}
    outcome = OperationOutcomeError(kind, text.get(status, "the request cannot be served"))
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 405:
        headers["Allow"] = allowed(request)
    return fhir_json(request, outcome.to_resource(), status, headers)


def allowed(request: Request) -> str:
    """Every method of an address (RFC 9110 10.2.1); a name with another meaning is no type and no id."""
    path = request.scope["path"]
    inner = path.removeprefix("/fhir").removesuffix("/") or "/"
    found = {"OPTIONS"}
    for route in request.app.state.routes if path.startswith("/fhir/") else request.app.routes:
        match = route.path_regex.match(inner if path.startswith("/fhir/") else path)
        if match and not any(_named(part) for part in match.groupdict().values()):
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))


def _named(segment: str) -> bool:
    return segment.startswith(("_", "$")) or segment == "metadata"


async def _unexpected(request: Request, error: Exception) -> Response:
    """Our bug: a reference for the log, and nothing of what the request held."""
    reference = uuid4().hex[:12]
    log.error("request.failed", extra={"reference": reference}, exc_info=error)
    outcome = OperationOutcomeError("exception", f"internal error, reference {reference}")
    return fhir_json(request, outcome.to_resource(), 500)
