"""Requests and answers of the FHIR endpoint: bodies, ids, resources, versions (R4 http.html)."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Store, StoredVersion, Transaction
from gateway.content_coding import Unpacker, coding_of
from gateway.literal_references import require_literal_references
from gateway.negotiation import (
    FHIR_JSON,
    answer_type,
    field,
    preference,
    require_json_accepted,
    require_json_body,
)
from gateway.preconditions import preconditions
from gateway.slow_bodies import SLOWEST, SlowBodies
from profiles.admission import issues
from profiles.definitions.r4 import definitions
from profiles.exact_json import indented, loads_exact
from profiles.outcome import KINDS, OperationOutcomeError, outcome
from profiles.strict_json import parse_resource
from profiles.subset import part_of

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
MEDIA_TYPE: Final = "application/fhir+json; charset=utf-8"
CACHING: Final = {"Cache-Control": "private, no-cache", "Vary": "Accept"}
"""Of every answer: what has an age is otherwise taken for fresh for a while (RFC 9111 4.2.2)."""
RETURNS: Final = frozenset({"minimal", "representation", "OperationOutcome"})
_DRAINED: Final = 1 << 30
"""Bytes of a refused body that are still taken in, so that the client reads why."""
_BEGUN: Final = "isthmus.body-begun"
AT_HAND: Final = "isthmus.body-at-hand"
"""Marks a request whose body is there already: nothing has to be waited for."""
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
    host = field(request, b"host") or request.url.netloc
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
    """Body of a request, unpacked (``too-costly`` beyond the limit, ``media-type`` for other codings)."""
    limit = request.app.state.settings.max_body_bytes
    coding = coding_of(field(request, b"content-encoding"))
    unpacker = Unpacker(coding, limit) if coding else None
    announced = field(request, b"content-length")
    pieces = _pieces(request)
    try:
        if announced.isdecimal() and int(announced) > limit:
            raise _too_long(limit)
        if unpacker is None:
            return await _joined(pieces, limit)
        return await _unpacked(pieces, unpacker, limit)
    except OperationOutcomeError:
        await _drain(request, pieces)
        raise


async def body_in_pieces(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Body of a request, unpacked, as it comes; refused as ``read_body`` refuses."""
    coding = coding_of(field(request, b"content-encoding"))
    unpacker = Unpacker(coding, limit) if coding else None
    announced = field(request, b"content-length")
    pieces, size, taken = _pieces(request), 0, 0
    try:
        if announced.isdecimal() and int(announced) > limit:
            raise _too_long(limit)
        async for piece in pieces:
            unpacked = piece if unpacker is None else unpacker.feed(piece)
            size, taken = size + len(unpacked), taken + len(piece)
            if max(size, taken) > limit:
                raise _too_long(limit)
            yield unpacked
        if unpacker is not None:
            unpacker.end()
    except OperationOutcomeError:
        await _drain(request, pieces)
        raise


async def _pieces(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes (``invalid`` when it breaks off, ``too-slow`` when it hardly comes)."""
    request.scope[_BEGUN] = more = True
    receive = request.receive
    if AT_HAND in request.scope:
        yield (await receive()).get("body", b"")
        return
    watch = _watch(request)
    coming = watch.begin()
    try:
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise OperationOutcomeError("invalid", "the body breaks off")
            piece = message.get("body", b"")
            coming.size += len(piece)
            more = message.get("more_body", False)
            yield piece
    except asyncio.CancelledError:
        if not coming.slow:
            raise
        coming.task.uncancel()
        text = f"the body came slower than {SLOWEST} bytes per second for {watch.longest_s:g} s"
        raise OperationOutcomeError("too-slow", text) from None
    finally:
        watch.end(coming)


def _watch(request: Request) -> SlowBodies:
    """What ends slow bodies; one for each event loop."""
    state = request.app.state
    watch: SlowBodies | None = getattr(state, "slow_bodies", None)
    if watch is None or watch.loop is not asyncio.get_running_loop():
        watch = state.slow_bodies = SlowBodies(
            state.settings.body_timeout_s, asyncio.get_running_loop()
        )
    return watch


async def _joined(pieces: AsyncGenerator[bytes, None], limit: int) -> bytes:
    """A body that is not compressed; nearly always it comes in one piece."""
    parts, size = [], 0
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            raise _too_long(limit)
        if piece:
            parts.append(piece)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _unpacked(pieces: AsyncGenerator[bytes, None], unpacker: Unpacker, limit: int) -> bytes:
    body, taken = bytearray(), 0
    async for piece in pieces:
        taken += len(piece)
        body += unpacker.feed(piece)
        if len(body) > limit or taken > limit:
            raise _too_long(limit)
    unpacker.end()
    return bytes(body)


def _too_long(limit: int) -> OperationOutcomeError:
    return OperationOutcomeError("too-costly", f"the body is larger than {limit} bytes")


async def drain(request: Request) -> None:
    """Take in the body of a request that is refused without it."""
    if request.scope.get(_BEGUN):
        return
    if field(request, b"content-length").strip("0") or field(request, b"transfer-encoding"):
        await _drain(request, _pieces(request))


async def _drain(request: Request, pieces: AsyncGenerator[bytes, None]) -> None:
    """Take in what is still on its way: few clients read an answer before they have sent everything."""
    if field(request, b"expect").lower() == "100-continue":
        return
    left = _DRAINED
    with contextlib.suppress(OperationOutcomeError):
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                return


async def read_resource(request: Request) -> dict[str, Any]:
    """The resource in the body of a request whose answer is wanted as JSON.

    Raises
    ------
    OperationOutcomeError
        ``not-acceptable``, ``media-type``, ``too-costly``, ``structure`` (not UTF-8, not JSON, duplicate
        keys, too deep), ``invalid`` for a search in the place of a reference.
    """
    require_json_accepted(request)
    require_json_body(request)
    body = await read_body(request)
    resource = parse_resource(body)
    if b"?" in body or b"\\u" in body:
        require_literal_references(resource)
    return resource


def fhir_json(
    request: Request,
    resource: Mapping[str, Any] | bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a resource as JSON; ``_pretty=true`` indents it."""
    body = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    if b"_pretty" in request.scope["query_string"] and _is_pretty(request):
        body = indented(body)
    declared = f"{answer_type(request) or FHIR_JSON}; charset=utf-8"
    return Response(body, status, {**CACHING, **(headers or {})}, media_type=declared)


def gone(request: Request, kind: str, headers: Mapping[str, str]) -> Response:
    """410 with the tag of the deletion, for who brings the resource back (R4 http.html#read)."""
    error = OperationOutcomeError("deleted", f"this {kind} was deleted")
    return fhir_json(request, error.to_resource(), error.kind.http, headers)


def _is_pretty(request: Request) -> bool:
    return request.query_params.get("_pretty") == "true"


@lru_cache(maxsize=64)
def http_date(seconds: int) -> str:
    """A moment as HTTP writes it (RFC 9110 5.6.7); what is written or read together shares few of them."""
    return formatdate(seconds, usegmt=True)


def version_headers(stored: StoredVersion) -> dict[str, str]:
    """ETag and time of a version."""
    return {
        "ETag": f'W/"{stored.version}"',
        "Last-Modified": http_date(stored.stamp // 1000),
    }


def versioned(request: Request, stored: StoredVersion) -> Response:
    """Answer with a stored version or the part that is asked for, its ETag and its time, or 304."""
    tagged = version_headers(stored)
    if preconditions(request).not_modified(stored):
        return Response(status_code=304, headers={**CACHING, **tagged})
    return fhir_json(request, part(request, stored), 200, tagged)


def part(request: Request, stored: StoredVersion) -> bytes:
    """A version as ``_summary`` and ``_elements`` want it (R4 http.html#parameters)."""
    if not request.scope["query_string"]:
        return stored.body
    query = request.query_params
    mode = query.get("_summary") or "false"
    listed = [name.strip() for text in query.getlist("_elements") for name in text.split(",")]
    elements = tuple(filter(None, listed))
    return part_of(stored.body, mode, elements)


def location(base: str, stored: StoredVersion) -> str:
    """Address of a version."""
    return f"{base}/{stored.type}/{stored.id}/_history/{stored.version}"


def written(request: Request, stored: StoredVersion, status: int) -> Response:
    """Answer to a create, update or patch, as ``Prefer: return`` wants it (R4 http.html#ops)."""
    headers = {
        **CACHING,
        **version_headers(stored),
        "Location": location(base_of(request), stored),
    }
    wanted = preference(request, "return")
    if wanted in RETURNS:
        headers["Preference-Applied"] = f"return={wanted}"
    if wanted == "minimal":
        return Response(status_code=status, headers=headers)
    if wanted == "OperationOutcome":
        return fhir_json(request, stored_outcome(stored), status, headers)
    headers["Content-Location"] = headers["Location"]
    return fhir_json(request, part(request, stored), status, headers)


def stored_outcome(stored: StoredVersion) -> dict[str, Any]:
    """What is to be said of what was stored: hints and warnings (R4 http.html#ops)."""
    said = outcome("information", "informational", "stored")
    for severity, kind, text, expression in issues(loads_exact(stored.body)):
        if severity != "error":
            code = KINDS[kind].code if kind in KINDS else kind
            said["issue"] += outcome(severity, code, text, expression)["issue"]
    return said
