"""history of a resource, a type and everything (R4 http.html#history): 200, 400, 404.

``_since``, ``_at`` and ``_count`` select; pages are linked by signed cursors and end where they say so.
"""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.cursor import opened, sealed
from gateway.fhir_answer import base_of, fhir_json, resource_id, served_type, store_of
from gateway.negotiation import require_json_accepted
from profiles.fhir_time import instant, instant_of
from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import EARLIEST, LATEST, date_range

DEFAULT_COUNT: Final = 50
LARGEST_COUNT: Final = 1000
_STATUS: Final = {"POST": "201", "DELETE": "204"}


async def history(request: Request) -> Response:
    """Every version of a resource, the newest first."""
    require_json_accepted(request)
    kind, wanted = served_type(request), resource_id(request)
    versions = store_of(request).history(kind, wanted)
    if not versions:
        raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
    since, at = _since(request), _at(request)
    kept = [v for v in versions if v.stamp >= since]
    if at is not None:
        kept = _valid_at(kept, versions, at)
    count, start = _count(request), 0
    cursor = request.query_params.get("_cursor")
    if cursor is not None:
        start = int(opened(store_of(request), cursor)[0])
    page = kept[start : start + count]
    after = [start + count] if start + count < len(kept) else None
    return _bundle(request, page, len(kept), after)


async def type_history(request: Request) -> Response:
    """Versions of every resource of a type."""
    return _recent(request, (served_type(request),))


async def system_history(request: Request) -> Response:
    """Versions of every resource."""
    return _recent(request, ())


def _recent(request: Request, kinds: tuple[str, ...]) -> Response:
    require_json_accepted(request)
    store, count = store_of(request), _count(request)
    cursor = request.query_params.get("_cursor")
    before = None if cursor is None else opened(store, cursor)
    at = _at(request)
    since, until = _since(request), LATEST
    if at is not None:
        until = at[1] - 1
    versions = store.recent(
        kinds,
        since_ms=since,
        until_ms=until,
        before=None if before is None else (before[0], before[1], before[2]),
        count=count + 1,
    )
    page = versions[:count]
    last = page[-1] if page else None
    after = None
    if last is not None and len(versions) > count:
        after = [last.stamp, last.key, last.version]
    if at is not None:
        page = tuple(v for v in page if _valid_at([v], store.history(v.type, v.id), at))
    return _bundle(request, page, None, after)


def _valid_at(
    wanted: list[StoredVersion], versions: tuple[StoredVersion, ...], at: tuple[int, int]
) -> list[StoredVersion]:
    """Versions that were current in a range: written before its end, superseded after its start."""
    superseded = {v.version - 1: v.stamp for v in versions}
    return [v for v in wanted if v.stamp < at[1] and superseded.get(v.version, LATEST) > at[0]]


def _bundle(
    request: Request,
    versions: tuple[StoredVersion, ...] | list[StoredVersion],
    total: int | None,
    after: list[int] | None,
) -> Response:
    base = base_of(request)
    links = [{"relation": "self", "url": str(request.url)}]
    if after is not None:
        url = request.url.include_query_params(_cursor=sealed(store_of(request), after))
        links.append({"relation": "next", "url": str(url)})
    head: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "history",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "link": links,
    }
    if total is not None:
        head["total"] = total
    head["entry"] = [_entry(base, stored) for stored in versions]
    if not head["entry"]:
        del head["entry"]
    return fhir_json(request, orjson.dumps(head))


def _entry(base: str, stored: StoredVersion) -> dict[str, Any]:
    address = f"{stored.type}/{stored.id}"
    method = stored.op or ("POST" if stored.version == 1 else "PUT")
    status = _STATUS.get(method, "201" if stored.version == 1 else "200")
    entry: dict[str, Any] = {
        "fullUrl": f"{base}/{address}",
        "request": {"method": method, "url": stored.type if method == "POST" else address},
        "response": {
            "status": status,
            "etag": f'W/"{stored.version}"',
            "lastModified": instant_of(stored.stamp),
        },
    }
    if not stored.deleted:
        entry["resource"] = orjson.Fragment(stored.body)
    return entry


def _since(request: Request) -> int:
    text = request.query_params.get("_since")
    return EARLIEST if text is None else date_range(text.replace(" ", "+"))[0]


def _at(request: Request) -> tuple[int, int] | None:
    text = request.query_params.get("_at")
    return None if text is None else date_range(text.replace(" ", "+"))


def _count(request: Request) -> int:
    text = request.query_params.get("_count", str(DEFAULT_COUNT))
    if not text.isascii() or not text.isdecimal():
        raise OperationOutcomeError("invalid", "_count is a whole number", "_count")
    return max(1, min(int(text[:9]), LARGEST_COUNT))
