"""Requests and answers of the FHIR endpoint: bodies, ids, resources, versions (R4 http.html)."""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Store, StoredVersion, Transaction
from gateway.negotiation import not_modified, preference, require_json_body
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError, outcome
from profiles.strict_json import parse_resource

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
MEDIA_TYPE: Final = "application/fhir+json; charset=utf-8"

T = TypeVar("T")


def store_of(request: Request) -> Store:
    """The store of the running application."""
    store: Store = request.app.state.store
    return store


async def transact(request: Request, work: Callable[[Transaction], T]) -> T:
    """Run a transaction without holding the event loop: it waits for the disk."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    settled: _Settled | None = getattr(request.app.state, "settled", None)
    if settled is None or settled.loop is not loop:
        settled = request.app.state.settled = _Settled(loop)

    def ended(result: Any, error: BaseException | None) -> None:
        settled.add(done, result, error)

    store_of(request).transact_soon(work, ended)
    return await done


class _Settled:
    """Ended transactions on their way to the event loop: one wake-up for those of a whole commit."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()

    def add(self, done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        """Called by the writer's thread."""
        first = not self._waiting
        self._waiting.append((done, result, error))
        if first:
            self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        waiting = self._waiting
        while waiting:
            _settle(*waiting.popleft())


def _settle(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def base_of(request: Request) -> str:
    """Base address of the endpoint, as the client sees it."""
    host = request.headers.get("host") or request.url.netloc
    return f"{request.scope['scheme']}://{host}/fhir"


def served_type(request: Request) -> str:
    """Resource type in the path (``not-found`` when it is none of R4)."""
    kind = str(request.path_params["type"])
    if kind not in definitions().resources:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    return kind


def resource_id(request: Request) -> str:
    """Logical id in the path (R4 datatypes.html#id)."""
    found = str(request.path_params["id"])
    if ID.fullmatch(found) is None:
        raise OperationOutcomeError("invalid", "the id is not a FHIR id")
    return found


async def read_body(request: Request) -> bytes:
    """Body of a request (``too-costly`` beyond the limit)."""
    limit = request.app.state.settings.max_body_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise OperationOutcomeError("too-costly", f"the body is larger than {limit} bytes")
    return bytes(body)


async def read_resource(request: Request) -> dict[str, Any]:
    """The resource in the body of a request.

    Raises
    ------
    OperationOutcomeError
        ``media-type``, ``too-costly``, ``structure`` (not UTF-8, not JSON, duplicate keys, too deep).
    """
    require_json_body(request)
    return parse_resource(await read_body(request))


def fhir_json(
    request: Request,
    resource: Mapping[str, Any] | bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a resource as JSON; ``_pretty=true`` indents it, HEAD leaves it out."""
    body = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    if b"_pretty" in request.scope["query_string"] and _is_pretty(request):
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()
    answer = Response(body, status, dict(headers or {}), media_type=MEDIA_TYPE)
    if request.method == "HEAD":
        answer.body = b""
    return answer


def _is_pretty(request: Request) -> bool:
    return request.query_params.get("_pretty") == "true"


def version_headers(stored: StoredVersion) -> dict[str, str]:
    """ETag and time of a version."""
    return {
        "ETag": f'W/"{stored.version}"',
        "Last-Modified": formatdate(stored.stamp // 1000, usegmt=True),
    }


def versioned(request: Request, stored: StoredVersion, body: bytes | None = None) -> Response:
    """Answer with a stored version, its ETag and its time, or 304."""
    tagged = version_headers(stored)
    if not_modified(request, stored.version, stored.last_updated):
        return Response(status_code=304, headers=tagged)
    return fhir_json(request, stored.body if body is None else body, 200, tagged)


def location(base: str, stored: StoredVersion) -> str:
    """Address of a version."""
    return f"{base}/{stored.type}/{stored.id}/_history/{stored.version}"


def written(request: Request, stored: StoredVersion, status: int) -> Response:
    """Answer to a create, update or patch, as ``Prefer: return`` wants it (R4 http.html#ops)."""
    headers = {**version_headers(stored), "Location": location(base_of(request), stored)}
    wanted = preference(request, "return")
    if wanted == "minimal":
        return Response(status_code=status, headers=headers)
    if wanted == "OperationOutcome":
        said = outcome("information", "informational", "stored")
        return fhir_json(request, said, status, headers)
    return fhir_json(request, stored.body, status, headers)
