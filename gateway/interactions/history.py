"""history of a resource, a type and everything (R4 http.html#history): 200, 400, 404, 406.

The newest version first, deletions included; pages are linked by signed cursors, which name the version that
a page ended with, so that what is written meanwhile moves nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import History, Span, StoredVersion
from gateway.cursor import opened, sealed
from gateway.fhir_answer import base_of, fhir_json, resource_id, served_type, store_of
from gateway.interactions.history_request import HistoryRequest, understand_history
from gateway.negotiation import preference, require_json_accepted
from profiles.fhir_time import instant, instant_of
from profiles.outcome import OperationOutcomeError
from profiles.subset import part_of

COUNTED: Final = 10_000
"""Versions up to which ``total`` is said on a page that shows some."""
_ALL: Final = 1 << 62
_STATUS: Final = {"POST": "201", "DELETE": "204"}


async def history(request: Request) -> Response:
    """Every version of a resource."""
    require_json_accepted(request)
    kind, wanted = served_type(request), resource_id(request)
    if store_of(request).current(kind, wanted) is None:
        raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
    return _answer(request, f"{kind}/{quote(wanted)}/_history", (kind,), wanted)


async def type_history(request: Request) -> Response:
    """Versions of every resource of a type."""
    require_json_accepted(request)
    kind = served_type(request)
    return _answer(request, f"{kind}/_history", (kind,))


async def system_history(request: Request) -> Response:
    """Versions of every resource."""
    require_json_accepted(request)
    return _answer(request, "_history", ())


def _answer(request: Request, path: str, kinds: tuple[str, ...], wanted: str = "") -> Response:
    asked = understand_history(parse_qsl(request.url.query, keep_blank_values=True))
    if asked.ignored and preference(request, "handling") == "strict":
        unknown = ", ".join(sorted({name for name, _ in asked.ignored}))
        raise OperationOutcomeError("invalid", f"unknown history parameters: {unknown}")
    versions = store_of(request).versions(Span(kinds, wanted, asked.since, asked.at))
    return fhir_json(request, _bundle(request, path, asked, versions))


def _bundle(request: Request, path: str, asked: HistoryRequest, versions: History) -> bytes:
    store, base = store_of(request), base_of(request)
    address = f"{base}/{path}"
    links = [{"relation": "self", "url": _url(address, asked.used)}]
    head: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "history",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
    }
    if asked.count == 0 or asked.summary == "count":
        return orjson.dumps({**head, "total": versions.total(_ALL), "link": links})
    before = opened(store, asked.cursor, path) if asked.cursor else None
    # One more than the page shows whether there is another page.
    found = versions.page(before, asked.count + 1)
    page = found[: asked.count]
    if len(found) > asked.count:
        more = ("_cursor", sealed(store, versions.place(page[-1]), path))
        links.append({"relation": "next", "url": _url(address, [*asked.used, more])})
    total = versions.total(COUNTED + 1)
    if total <= COUNTED:
        head["total"] = total
    head["link"] = links
    if page:
        head["entry"] = [_entry(base, stored, asked) for stored in page]
    return orjson.dumps(head)


def _entry(base: str, stored: StoredVersion, asked: HistoryRequest) -> dict[str, Any]:
    address = f"{stored.type}/{stored.id}"
    entry: dict[str, Any] = {"fullUrl": f"{base}/{address}"}
    if not stored.deleted:
        part = part_of(stored.body, asked.summary, tuple(asked.elements))
        entry["resource"] = orjson.Fragment(part)
    entry["request"] = {
        "method": stored.op,
        "url": stored.type if stored.op == "POST" else address,
    }
    entry["response"] = {
        "status": _STATUS.get(stored.op, "201" if stored.new else "200"),
        "etag": f'W/"{stored.version}"',
        "lastModified": instant_of(stored.stamp),
    }
    return entry


def _url(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs, safe=':/|,$')}" if pairs else address
