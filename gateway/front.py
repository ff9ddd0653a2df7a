"""The interactions of the FHIR endpoint, dispatched by the shape of their path.

What EHRs and payers send all day passes here straight to its interaction; pages, operations and everything
else go on to the application behind. Routes that are tried one after the other and a stack of middleware
cost more than half of a create (decision 0020).
"""

import zlib
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.store import Store
from gateway.door import is_host, names_one_host, no_host
from gateway.failures import not_allowed, plain_failure, refused, unexpected
from gateway.fhir_answer import CACHING, ID, MEDIA_TYPE, drain, http_date
from gateway.interactions.table import INTERACTIONS, shape_of
from gateway.negotiation import accepts_gzip, field
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError

_BASE: Final = "/fhir"
_PLAIN: Final = MEDIA_TYPE.encode()
_ACCEPTED: Final = {
    b"*/*": _PLAIN,
    b"application/fhir+json": _PLAIN,
    b"application/fhir+json, */*": _PLAIN,
    b"application/json": b"application/json; charset=utf-8",
}
"""What the usual ``Accept`` headers are answered as."""
_CONDITIONAL: Final = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)
_VARY: Final = "Accept, Accept-Encoding"
_CACHING: Final = (
    (b"cache-control", CACHING["Cache-Control"].encode()),
    (b"vary", _VARY.encode()),
)
_IN_PIECES: Final = (FileResponse, StreamingResponse)
"""Answers that are sent as they are read."""
_SMALL: Final = 1024
"""Bytes below which an answer is not compressed."""
_GZIP: Final = 31
"""Window bits of zlib that stand for the gzip format."""
_LEVEL: Final = 4
"""Of zlib: a megabyte of Synthea shrinks to 10.8 %, against 9.9 % at level 9, in a third of the time."""
_LONG: Final = 128 * 1024
"""Bytes from which compressing is the work of another thread."""


class Front:
    """ASGI application: interactions here, the rest behind.

    Parameters
    ----------
    app : ASGIApp
        Answers what is no interaction; its ``state`` is what the interactions use.
    store : Store
    """

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._kinds = definitions().resources - {"Binary"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an interaction, or hand the request on."""
        path: str = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith(_BASE) or path[5:6] not in ("", "/") or "$" in path:
            await self._behind(scope, receive, send)
            return
        segments = path[6:].split("/")
        if not segments[-1]:
            segments.pop()
        plain = self._plain_read(scope, segments)
        if plain is not None:
            await send({"type": "http.response.start", "status": 200, "headers": plain[0]})
            await send({"type": "http.response.body", "body": plain[1]})
            return
        if not names_one_host(scope):
            await no_host()(scope, receive, send)
            return
        scope["app"] = self._app
        request = Request(scope, receive)
        response = await _answer(request, segments)
        response.headers["vary"] = _VARY
        if not isinstance(response, _IN_PIECES):
            await _compress(request, response)
            if scope["method"] == "HEAD":
                response.body = b""
        await response(scope, receive, send)

    async def _behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is no interaction; a slash at the end of an operation means nothing."""
        if scope["type"] == "http":
            if not names_one_host(scope):
                await no_host()(scope, receive, send)
                return
            path: str = scope["path"]
            if "$" in path and path.endswith("/"):
                scope = {**scope, "path": path[:-1]}
        await self._app(scope, receive, send)

    def _plain_read(
        self, scope: Scope, segments: list[str]
    ) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
        """``GET [type]/[id]`` without query, condition or compression: what EHRs ask most.

        None, also for every error, when the interaction itself has to answer.
        """
        if scope["method"] != "GET" or scope["query_string"] or len(segments) != 2:
            return None
        kind, wanted = segments
        if kind not in self._kinds or ID.fullmatch(wanted) is None:
            return None
        plain = _plain(scope["headers"])
        if plain is None:
            return None
        declared, compressed = plain
        try:
            stored = self._store.read(kind, wanted)
        except OperationOutcomeError:
            return None
        if compressed and len(stored.body) > _SMALL:
            return None
        headers = [
            (b"content-type", declared),
            (b"content-length", str(len(stored.body)).encode()),
            (b"etag", f'W/"{stored.version}"'.encode()),
            (b"last-modified", http_date(stored.stamp // 1000).encode()),
            *_CACHING,
        ]
        return headers, stored.body


def _plain(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bool] | None:
    """What a plain request is answered as, and whether compressed; None when it is not plain."""
    declared, compressed, hosts = _PLAIN, False, 0
    for name, value in headers:
        if name == b"accept":
            if value not in _ACCEPTED:
                return None
            declared = _ACCEPTED[value]
        elif name == b"host":
            hosts += is_host(value)
        elif name in _CONDITIONAL:
            return None
        elif name == b"accept-encoding" and b"gzip" in value:
            compressed = True
    return (declared, compressed) if hosts == 1 else None


async def _answer(request: Request, segments: list[str]) -> Response:
    """The answer of the interaction at this address, or of its failure."""
    found = INTERACTIONS.get(shape_of(segments))
    if found is None:
        await drain(request)
        return plain_failure(request, 404)
    names, methods, allowed = found
    endpoint = methods.get(request.method)
    if endpoint is None:
        return await not_allowed(request, allowed)
    request.scope["path_params"] = dict(zip(names, segments, strict=True))
    try:
        return await endpoint(request)
    except OperationOutcomeError as error:
        return await refused(request, error)
    except Exception as error:  # noqa: BLE001 - the edge: a bug of ours must be an answer too
        return await unexpected(request, error)


async def _compress(request: Request, response: Response) -> None:
    """Compress a body for who accepts that (RFC 9110 12.5.3)."""
    size = len(response.body)
    if size <= _SMALL or not accepts_gzip(field(request, b"accept-encoding")):
        return
    if size < _LONG:
        packed = zlib.compress(response.body, _LEVEL, _GZIP)
    else:
        packed = await anyio.to_thread.run_sync(zlib.compress, response.body, _LEVEL, _GZIP)
    response.body = packed
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(packed))
