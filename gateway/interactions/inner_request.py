"""An entry that only asks is answered as the request that it describes (R4 http.html#transaction).

So a read, a search, a history or an operation gives the same inside a Bundle as on its own. In a
transaction it is asked on the thread that writes, and sees what was written before it.
"""

import base64
import binascii
from collections.abc import Coroutine
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.store import Transaction
from gateway.fhir_answer import AT_HAND
from gateway.interactions.entry import Entry
from gateway.interactions.entry_answer import Outcome
from gateway.interactions.within import Within
from gateway.negotiation import JSON_TYPES, media_type, preference
from gateway.operations.table import OPERATIONS
from profiles.exact_json import dumps_exact
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.primitives import is_valid

_FORM: Final = "application/x-www-form-urlencoded"
_APART: Final = frozenset(
    [
        *(o.name for o in OPERATIONS if o.compute is None),
        *(o.name for o in OPERATIONS if o.affects_state and "GET" not in o.methods),
        "job-status",
    ]
)
"""Operations that write or wait on their own; one that can be asked by GET may do neither."""


async def ask(request: Request, entry: Entry, base: str) -> Outcome:
    """Answer an entry of a batch."""
    inner = _Inner(request, entry, request.app)
    await inner.run()
    return inner.outcome(base)


def ask_within(request: Request, tx: Transaction, entry: Entry, base: str) -> Outcome:
    """Answer an entry of a transaction, after its writes.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` for an operation that writes or waits, and whatever the entry itself has come to.
    """
    if "$" in entry.path and entry.path.partition("$")[2].partition("/")[0] in _APART:
        raise OperationOutcomeError(
            "not-supported", "send this operation on its own or in a batch", "request.url"
        )
    state = SimpleNamespace(**{**request.app.state._state, "store": Within(tx)})
    inner = _Inner(request, entry, SimpleNamespace(state=state))
    _finish(inner.run())
    return inner.outcome(base)


def _finish(running: Coroutine[Any, Any, None]) -> None:
    """Run to the end what waits for nothing."""
    try:
        running.send(None)
    except StopIteration:
        return
    running.close()
    raise OperationOutcomeError("not-supported", "this cannot be asked inside a transaction")


class _Inner:
    """One request to the routes of the application, without a connection."""

    def __init__(self, request: Request, entry: Entry, app: Any) -> None:
        self._operations = request.app.router
        self._entry = entry
        kind, self._body = _content(entry)
        self._status = 0
        self._headers: dict[str, str] = {}
        self._answer = b""
        path = f"/fhir/{entry.path}" if entry.path else "/fhir"
        self._scope = {
            **{name: request.scope.get(name) for name in ("type", "asgi", "scheme", "server")},
            "http_version": "1.1",
            "client": request.scope.get("client"),
            "method": entry.method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": entry.query.encode(),
            "headers": [*_kept(request), (b"content-type", kind.encode()), *_conditions(entry)],
            "app": app,
            AT_HAND: True,
        }

    async def run(self) -> None:
        """Take the way of a request; an error is raised as the interaction has raised it."""
        if "$" in self._entry.path:
            await self._operate()
            return
        # Imported here, because a Bundle is an interaction of that table itself.
        from gateway.interactions.table import INTERACTIONS, shape_of

        segments = self._entry.path.split("/") if self._entry.path else []
        names, methods, _ = INTERACTIONS.get(shape_of(segments), ((), {}, ""))
        endpoint = methods.get(self._entry.method)
        if endpoint is None:
            raise _nothing_there(405 if methods else 404)
        self._scope["path_params"] = dict(zip(names, segments, strict=True))
        response = await endpoint(Request(self._scope, self._receive))
        await response(self._scope, self._receive, self._send)

    async def _operate(self) -> None:
        try:
            await self._operations(self._scope, self._receive, self._send)
        except HTTPException as error:
            raise _nothing_there(error.status_code) from None

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        else:
            self._answer += message.get("body", b"")

    def outcome(self, base: str) -> Outcome:
        """What the answer says, as that of an entry."""
        headers = self._headers
        if 300 <= self._status < 400 and self._status != 304:
            raise OperationOutcomeError("not-found", "nothing is at this address", "request.url")
        json = media_type(headers.get("content-type", "")) in JSON_TYPES
        if self._answer and not json:
            raise OperationOutcomeError("not-supported", "the answer is no resource", "request.url")
        if self._status >= 400:
            return Outcome(self._status, outcome=orjson.loads(self._answer))
        shown = None if self._entry.method == "HEAD" else self._answer
        made = Outcome(self._status, body=shown or None, etag=headers.get("etag", ""))
        awaited = headers.get("content-location", "") if self._status == 202 else ""
        made.location = headers.get("location", awaited)
        if "last-modified" in headers:
            made.last_modified = instant(parsedate_to_datetime(headers["last-modified"]))
        if made.etag and self._answer:
            meta = orjson.loads(self._answer).get("meta", {})
            made.last_modified = meta.get("lastUpdated", made.last_modified)
            if shown:
                made.address = "/".join([base, *self._entry.path.split("/")[:2]])
        return made


def _nothing_there(status: int) -> OperationOutcomeError:
    kind = "method-not-allowed" if status == 405 else "not-found"
    text = "there is nothing at this address, or not by this method"
    return OperationOutcomeError(kind, text, "request.url")


def _kept(request: Request) -> list[tuple[bytes, bytes]]:
    """Headers of the Bundle that hold for its entries too."""
    kept = [(b"accept", b"application/fhir+json")]
    handling = preference(request, "handling")
    if handling:
        kept.append((b"prefer", f"handling={handling}".encode()))
    if "host" in request.headers:
        kept.append((b"host", request.headers["host"].encode()))
    return kept


def _conditions(entry: Entry) -> list[tuple[bytes, bytes]]:
    """Conditions of a request as the headers that they stand for."""
    found = [
        (header, str(entry.request[name]).encode())
        for name, header in (("ifNoneMatch", b"if-none-match"), ("ifMatch", b"if-match"))
        if name in entry.request
    ]
    since = entry.request.get("ifModifiedSince")
    if since is not None:
        found.append((b"if-modified-since", _http_date(since).encode()))
    return found


def _http_date(since: str) -> str:
    """An instant as HTTP writes it, to the second (RFC 9110, 5.6.7)."""
    try:
        moment = datetime.fromisoformat(since) if is_valid("instant", since) else None
    except ValueError:
        moment = None
    if moment is None:
        raise OperationOutcomeError("value", "this is no instant", "request.ifModifiedSince")
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _content(entry: Entry) -> tuple[str, bytes]:
    """Type and body of the request."""
    resource = entry.resource
    if entry.method != "POST" or resource is None:
        return (_FORM if entry.path.endswith("_search") else "application/fhir+json"), b""
    if not entry.path.endswith("_search"):
        return "application/fhir+json", dumps_exact(resource)
    if resource["resourceType"] == "Parameters":
        return _FORM, urlencode(list(_pairs(resource))).encode()
    if resource["resourceType"] == "Binary":
        try:
            return _FORM, base64.b64decode(resource.get("data", ""), validate=True)
        except (binascii.Error, ValueError, TypeError):
            pass
    raise OperationOutcomeError(
        "invalid", "a search takes Parameters, or a form in a Binary", "resource"
    )


def _pairs(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for part in parameters.get("parameter", ()):
        value = next((v for k, v in part.items() if k.startswith("value")), None)
        if not isinstance(part.get("name"), str) or not isinstance(value, str):
            raise OperationOutcomeError(
                "invalid", "a search parameter has a name and a text", "resource"
            )
        found.append((part["name"], value))
    return found
