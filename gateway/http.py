"""The application over HTTP: interactions in front, then operations, jobs and pages.

R4 http.html. Each interaction and each operation is a file of its own; this one only connects them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp

from adapters.store import Store, Transaction
from gateway.door import Bodiless
from gateway.failures import not_served, refused, unexpected
from gateway.front import Front
from gateway.live.connection import Listen
from gateway.live.endpoint import live_routes
from gateway.live.sessions import Sessions
from gateway.operations.endpoint import endpoint_of
from gateway.operations.job_status import cancel_job, job_status
from gateway.operations.table import OPERATIONS
from gateway.pages import page_routes
from gateway.payers import Payers
from gateway.runner import no_lane
from gateway.settings import Settings
from profiles.outcome import OperationOutcomeError


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoint asks of the rest of the gateway."""

    request_analysis: Callable[[str, dict[str, Any]], str]
    on_created: Callable[[Transaction, dict[str, Any]], None]
    call_lane: Callable[[str, dict[str, Any], float], dict[str, Any]] = no_lane
    lanes_alive: Callable[[], bool] = lambda: True
    payers: Payers | None = None
    live: Sessions | None = None
    listen: Listen | None = None


def build_app(store: Store, settings: Settings, services: Services) -> ASGIApp:
    """The ASGI application; CORS only for the origins that a site names."""
    operations = _operations()
    app = Starlette(
        routes=[
            Mount("/fhir", app=Router(operations, redirect_slashes=False)),
            *live_routes(),
            *page_routes(),
        ],
        middleware=[Middleware(Bodiless), Middleware(GZipMiddleware, minimum_size=1024)],
        exception_handlers={
            OperationOutcomeError: refused,
            HTTPException: not_served,
            Exception: unexpected,
        },
    )
    app.state.store, app.state.settings, app.state.services = store, settings, services
    app.state.started, app.state.operations = datetime.now(UTC), operations
    app.router.redirect_slashes = False
    front = Front(app, store)
    if not settings.cors_origins:
        return front
    return CORSMiddleware(
        front,
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=["Content-Location", "ETag", "Last-Modified", "Location", "X-Progress"],
    )


def _operations() -> list[BaseRoute]:
    return [
        *(
            Route(path, endpoint_of(operation), methods=list(operation.methods))
            for operation in OPERATIONS
            for path in operation.paths()
        ),
        Route("/$job-status/{id}", job_status, methods=["GET"]),
        Route("/$job-status/{id}", cancel_job, methods=["DELETE"]),
    ]
