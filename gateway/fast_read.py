"""The plainest read, answered before routing: ``GET [type]/[id]`` without query, condition or compression.

It is what EHRs ask most. Everything else, errors included, goes on to the application behind it, which
answers the same request in the same way, only later (decision 0020).
"""

from email.utils import formatdate
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.store import Store
from gateway.fhir_answer import ID, MEDIA_TYPE
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError

_PREFIX: Final = "/fhir/"
_ACCEPTED: Final = frozenset(
    {b"*/*", b"application/fhir+json", b"application/json", b"application/fhir+json, */*"}
)
_ELSEWHERE: Final = frozenset({b"if-none-match", b"if-modified-since", b"origin"})
_SMALL: Final = 1024
"""Bytes below which an answer is not compressed."""


class FastRead:
    """ASGI application in front of another.

    Parameters
    ----------
    app : ASGIApp
        Answers what is not a plain read.
    store : Store
    """

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._kinds = definitions().resources - {"Binary"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain read, or hand the request on."""
        answer = self._answer(scope) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        headers, body = answer
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> tuple[list[tuple[bytes, bytes]], bytes] | None:
        path: str = scope["path"]
        if scope["method"] != "GET" or scope["query_string"] or not path.startswith(_PREFIX):
            return None
        kind, _, wanted = path[len(_PREFIX) :].partition("/")
        if kind not in self._kinds or ID.fullmatch(wanted) is None:
            return None
        compressed = False
        for name, value in scope["headers"]:
            if name in _ELSEWHERE or (name == b"accept" and value not in _ACCEPTED):
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
