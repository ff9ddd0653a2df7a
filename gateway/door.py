"""What holds for every request, before it is known what it asks for: one host, and HEAD without a body."""

import re
from typing import Final

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.fhir_answer import CACHING, MEDIA_TYPE
from profiles.outcome import OperationOutcomeError

_HOST: Final = re.compile(
    rb"(?:[\w.~!$&'()*+,;=%-]+|\[[0-9A-Fa-fv:.]+\])(?::[0-9]{0,5})?", re.ASCII
)


class Door:
    """ASGI application in front of another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what names no host or several; answer HEAD as GET is answered, without the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not names_one_host(scope):
            await _refuse(scope, receive, send)
        else:
            await self._app(scope, receive, _bodiless(send) if scope["method"] == "HEAD" else send)


def names_one_host(scope: Scope) -> bool:
    """Whether a request has the ``Host`` that it must have, as it must be (RFC 9112 3.2)."""
    found = [value for name, value in scope["headers"] if name == b"host"]
    if found in ([], [b""]):  # the server writes an empty one where none came
        return scope.get("http_version") != "1.1"
    return len(found) == 1 and _HOST.fullmatch(found[0]) is not None


def _bodiless(send: Send) -> Send:
    """HEAD: everything of the answer to GET, compression included, but its body (RFC 9110 9.3.2)."""

    async def bare(message: Message) -> None:
        await send({**message, "body": b""} if "body" in message else message)

    return bare


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    error = OperationOutcomeError("invalid", "the request has to name one host")
    body = orjson.dumps(error.to_resource())
    await Response(body, 400, CACHING, MEDIA_TYPE)(scope, receive, send)
