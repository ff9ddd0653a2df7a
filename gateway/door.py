"""What holds for every request, before it is known what it asks for: one host, and HEAD without a body."""

import re
from functools import lru_cache
from typing import Final

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.fhir_answer import CACHING, MEDIA_TYPE
from profiles.outcome import OperationOutcomeError

_HOST: Final = re.compile(
    rb"(?:[\w.~!$&'()*+,;=%-]+|\[[0-9A-Fa-fv:.]+\])(?::[0-9]{0,5})?", re.ASCII
)


def names_one_host(scope: Scope) -> bool:
    """Whether a request has the ``Host`` that it must have, as it must be (RFC 9112 3.2)."""
    found = [value for name, value in scope["headers"] if name == b"host"]
    if found in ([], [b""]):  # the server writes an empty one where none came
        return bool(scope.get("http_version") != "1.1")
    return len(found) == 1 and is_host(found[0])


@lru_cache(maxsize=64)
def is_host(text: bytes) -> bool:
    """Whether a text is a host with or without a port (RFC 3986 3.2.2)."""
    return _HOST.fullmatch(text) is not None


def no_host() -> Response:
    """400 for who does not say whom he asks: links could not be made for him."""
    error = OperationOutcomeError("invalid", "the request has to name one host")
    return Response(orjson.dumps(error.to_resource()), error.kind.http, CACHING, MEDIA_TYPE)


class Bodiless:
    """HEAD: everything of the answer to GET, compression included, but its body (RFC 9110 9.3.2).

    Parameters
    ----------
    app : ASGIApp
        Answers HEAD as GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, and keep the body."""

        async def bare(message: Message) -> None:
            await send({**message, "body": b""} if "body" in message else message)

        head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app(scope, receive, bare if head else send)
