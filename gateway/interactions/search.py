"""search-type by GET and POST (R4 http.html#search, search.html): 200, 400, 404, 406.

A parameter that is not known is an error under ``Prefer: handling=strict``; otherwise it is missing from
the self link, which says what was really searched.
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import (
    base_of,
    fhir_json,
    preference,
    require_json_accepted,
    served_type,
    store_of,
)
from profiles.outcome import OperationOutcomeError

DEFAULT_COUNT: Final = 50
LARGEST_COUNT: Final = 1000


async def search(request: Request) -> Response:
    """One page of matches as a searchset Bundle; nothing is cut off silently."""
    require_json_accepted(request)
    kind = served_type(request)
    parameters = await _parameters(request)
    named = dict(parameters)
    count = _number(named, "_count", DEFAULT_COUNT, LARGEST_COUNT)
    offset = _number(named, "_offset", 0, 1 << 40)
    try:
        page = store_of(request).search(kind, parameters, count=count, offset=offset)
    except OperationOutcomeError as error:
        if error.kind.code != "value":
            raise
        # A search that cannot be understood is 400, not 422 (R4 http.html#search).
        raise OperationOutcomeError("invalid", error.diagnostics, error.expression) from None
    if page.ignored and preference(request, "handling") == "strict":
        unknown = ", ".join(sorted({name for name, _ in page.ignored}))
        raise OperationOutcomeError("invalid", f"unknown search parameters: {unknown}")
    kept = [*page.used, *((n, v) for n, v in parameters if n in ("_sort", "_count"))]
    address = f"{base_of(request)}/{kind}"
    links = [{"relation": "self", "url": _url(address, kept, offset)}]
    if page.more:
        links.append({"relation": "next", "url": _url(address, kept, offset + count)})
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": page.total,
        "link": links,
        "entry": [
            {
                "fullUrl": f"{address}/{match.id}",
                "resource": match.json(),
                "search": {"mode": "match"},
            }
            for match in page.matches
        ],
    }
    if not bundle["entry"]:
        del bundle["entry"]
    return fhir_json(request, bundle)


async def _parameters(request: Request) -> list[tuple[str, str]]:
    given = list(request.query_params.multi_items())
    if request.method == "POST":
        declared = request.headers.get("content-type", "").partition(";")[0].strip()
        if declared not in ("application/x-www-form-urlencoded", ""):
            raise OperationOutcomeError("media-type", "send application/x-www-form-urlencoded")
        body = await request.body()
        given += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return [(name, value) for name, value in given if name not in ("_format", "_pretty")]


def _number(named: dict[str, str], name: str, default: int, largest: int) -> int:
    text = named.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > 15:
        raise OperationOutcomeError("invalid", f"{name} is not a whole number", name)
    return min(int(text), largest)


def _url(address: str, parameters: list[tuple[str, str]], offset: int) -> str:
    query = urlencode([*parameters, *([("_offset", str(offset))] if offset else [])])
    return f"{address}?{query}" if query else address
