"""search of a type, a compartment and everything, by GET and POST (R4 http.html#search): 200, 400, 404, 406.

A parameter that is not known is an error under ``Prefer: handling=strict``; otherwise it is missing from
the self link, which says what was really searched, and an outcome entry says so too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import SearchPage, Store, StoredVersion, Transaction
from gateway.cursor import opened, sealed
from gateway.fhir_answer import (
    base_of,
    fhir_json,
    read_body,
    resource_id,
    served_type,
    store_of,
)
from gateway.negotiation import media_type, preference, require_json_accepted
from profiles.definitions.r4 import definitions
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError, outcome
from profiles.search.parameters import compartments
from profiles.search.request import Member, Pair, SearchRequest, understand
from profiles.subset import only_elements, summarised


async def search(request: Request) -> Response:
    """One page of the matches in a type."""
    return await _answer(request, (served_type(request),), served_type(request))


async def search_everything(request: Request) -> Response:
    """One page of the matches in the types of ``_type``, or in all that anything is stored of."""
    return await _answer(request, (), "")


async def search_compartment(request: Request) -> Response:
    """One page of the matches in a compartment (R4 search.html#2.21.1.2)."""
    owner, wanted = str(request.path_params["compartment"]), resource_id(request)
    kind = str(request.path_params["type"])
    members = compartments().get(owner)
    if members is None:
        raise OperationOutcomeError("not-found", f"{owner} is no compartment")
    path = f"{owner}/{quote(wanted)}/{kind}"
    if kind == "*":
        return await _answer(request, tuple(sorted(members)), path, Member(owner, wanted, members))
    if kind not in definitions().resources:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    if kind not in members:
        raise OperationOutcomeError("not-found", f"a {kind} is never in a {owner} compartment")
    return await _answer(request, (kind,), path, Member(owner, wanted, members))


async def _answer(
    request: Request, kinds: tuple[str, ...], path: str, member: Member | None = None
) -> Response:
    require_json_accepted(request)
    pairs = await _pairs(request)
    strict = preference(request, "handling") == "strict"
    address = f"{base_of(request)}/{path}" if path else base_of(request)
    bundle = searchset(store_of(request), kinds, pairs, base_of(request), address, strict, member)
    return fhir_json(request, bundle)


def searchset(
    store: Store | Transaction,
    kinds: tuple[str, ...],
    pairs: Sequence[Pair],
    base: str,
    address: str,
    strict: bool,
    member: Member | None = None,
) -> bytes:
    """The searchset Bundle of one page (``invalid`` for an unknown parameter when ``strict``)."""
    kinds = kinds or _wanted_types(store, pairs)
    store.refresh()
    wanted = understand(kinds, pairs, store.registry.searchable, member)
    if wanted.ignored and strict:
        unknown = ", ".join(sorted({name for name, _ in wanted.ignored}))
        raise OperationOutcomeError("invalid", f"unknown search parameters: {unknown}")
    after = opened(store, wanted.cursor, _order(wanted)) if wanted.cursor else None
    page = store.run(wanted, after=after, base=base)
    typed = [pair for pair in pairs if pair[0] == "_type"]
    links = [{"relation": "self", "url": _url(address, [*typed, *page.used])}]
    if page.after is not None and wanted.count != 0:
        more = ("_cursor", sealed(store, page.after, _order(wanted)))
        links.append({"relation": "next", "url": _url(address, [*typed, *page.used, more])})
    head: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
    }
    if page.total is not None:
        head["total"] = page.total
    head["link"] = links
    entries = [*_entries(page, wanted, base), *_said(page)]
    if entries:
        head["entry"] = entries
    return orjson.dumps(head)


def _order(wanted: SearchRequest) -> str:
    """What the place in a cursor depends on: the keys by which the matches are sorted."""
    return "search " + ",".join(f"{'-' * down}{code}" for code, _, down in wanted.sort)


def _entries(page: SearchPage, wanted: SearchRequest, base: str) -> list[dict[str, Any]]:
    return [
        *(_entry(stored, "match", wanted, base) for stored in page.matches),
        *(_entry(stored, "include", wanted, base) for stored in page.included),
    ]


def _entry(stored: StoredVersion, mode: str, wanted: SearchRequest, base: str) -> dict[str, Any]:
    resource: Any = orjson.Fragment(stored.body)
    if mode == "match" and (wanted.summary not in ("false", "count") or wanted.elements):
        resource = stored.json()
        if wanted.summary not in ("false", "count"):
            resource = summarised(resource, wanted.summary)
        if wanted.elements:
            resource = only_elements(resource, wanted.elements)
    return {
        "fullUrl": f"{base}/{stored.type}/{stored.id}",
        "resource": resource,
        "search": {"mode": mode},
    }


def _said(page: SearchPage) -> list[dict[str, Any]]:
    """What the client should know of its search: unknown parameters, includes that were left out."""
    texts = [f"the search parameter {name} is not known here" for name, _ in page.ignored]
    if page.cut:
        texts.append("more resources would be included than a page takes; ask for smaller pages")
    if not texts:
        return []
    issues = [outcome("warning", "not-supported", text)["issue"][0] for text in texts]
    resource = {"resourceType": "OperationOutcome", "issue": issues}
    return [{"fullUrl": f"urn:uuid:{uuid4()}", "resource": resource, "search": {"mode": "outcome"}}]


def _wanted_types(store: Store | Transaction, pairs: Sequence[Pair]) -> tuple[str, ...]:
    listed = [part for name, text in pairs if name == "_type" for part in text.split(",")]
    unknown = [kind for kind in listed if kind not in definitions().resources]
    if unknown:
        raise OperationOutcomeError("invalid", "_type names no resource type of R4", "_type")
    return tuple(dict.fromkeys(listed)) or tuple(store.kinds())


async def _pairs(request: Request) -> list[Pair]:
    given = parse_qsl(request.url.query, keep_blank_values=True)
    if request.method == "POST":
        declared = media_type(request.headers.get("content-type", ""))
        if declared not in ("application/x-www-form-urlencoded", ""):
            raise OperationOutcomeError("media-type", "send application/x-www-form-urlencoded")
        body = await read_body(request)
        given += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return given


def _url(address: str, pairs: Sequence[Pair]) -> str:
    return f"{address}?{urlencode(pairs, safe=':/|,$')}" if pairs else address
