"""The interactions of the FHIR endpoint, dispatched by the shape of their path.

What EHRs and payers send all day passes here straight to its interaction; pages, operations and everything
else go on to the application behind. Routes that are tried one after the other and a stack of middleware
cost more than half of a create (decision 0020).
"""

import zlib
from email.utils import formatdate
from typing import Final

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.store import Store
from gateway.failures import plain_failure, refused, unexpected
from gateway.fhir_answer import ID, MEDIA_TYPE
from gateway.interactions.table import INTERACTIONS, shape_of
from gateway.negotiation import accepts_gzip
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError

_BASE: Final = "/fhir"
_ACCEPTED: Final = frozenset(
    {b"*/*", b"application/fhir+json", b"application/json", b"application/fhir+json, */*"}
)
_CONDITIONAL: Final = frozenset({b"if-none-match", b"if-modified-since"})
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
            await self._app(scope, receive, send)
            return
        segments = path[6:].split("/")
        if not segments[-1]:
            segments.pop()
        plain = self._plain_read(scope, segments)
        if plain is not None:
            await send({"type": "http.response.start", "status": 200, "headers": plain[0]})
            await send({"type": "http.response.body", "body": plain[1]})
            return
        scope["app"] = self._app
        request = Request(scope, receive)
        try:
            response = await _answer(request, segments)
        except ClientDisconnect:
            return
        await _compress(request, response)
        await response(scope, receive, send)

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
        compressed = False
        for name, value in scope["headers"]:
            if name in _CONDITIONAL or (name == b"accept" and value not in _ACCEPTED):
                return None
            compressed = compressed or (name == b"accept-encoding" and b"gzip" in value)
        try:
            stored = self._store.read(kind, wanted)
        except OperationOutcomeError:
            return None
        if compressed and len(stored.body) > _SMALL:
            return None
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(stored.body)).encode()),
            (b"etag", f'W/"{stored.version}"'.encode()),
            (b"last-modified", formatdate(stored.stamp // 1000, usegmt=True).encode()),
            (b"vary", b"Accept-Encoding"),
        ]
        return headers, stored.body


async def _answer(request: Request, segments: list[str]) -> Response:
    """The answer of the interaction at this address, or of its failure."""
    found = INTERACTIONS.get(shape_of(segments))
    if found is None:
        return plain_failure(request, 404)
    names, methods, allowed = found
    endpoint = methods.get(request.method)
    if endpoint is None:
        return plain_failure(request, 405, {"Allow": allowed})
    request.scope["path_params"] = dict(zip(names, segments, strict=True))
    try:
        return await endpoint(request)
    except OperationOutcomeError as error:
        return await refused(request, error)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - the edge: a bug of ours must be an answer too
        return await unexpected(request, error)


async def _compress(request: Request, response: Response) -> None:
    """Compress a body for who accepts that (RFC 9110 12.5.3)."""
    response.headers["vary"] = "Accept-Encoding"
    size = len(response.body)
    if size <= _SMALL or not accepts_gzip(request.headers.get("accept-encoding", "")):
        return
    if size < _LONG:
        packed = zlib.compress(response.body, _LEVEL, _GZIP)
    else:
        packed = await anyio.to_thread.run_sync(zlib.compress, response.body, _LEVEL, _GZIP)
    response.body = packed
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(packed))
