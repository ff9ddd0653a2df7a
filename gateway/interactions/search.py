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

from adapters.store import SearchPage, Store, StoredVersion
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
from profiles.search.contained import MARK
from profiles.search.parameters import compartments
from profiles.search.request import FORMAT, Member, Pair, SearchRequest, understand
from profiles.subset import part_of


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
        kinds = tuple(sorted({owner, *members}))
        return await _answer(request, kinds, path, Member(owner, wanted, members))
    if kind not in definitions().resources:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    if kind not in members and kind != owner:
        raise OperationOutcomeError("not-found", f"a {kind} is never in a {owner} compartment")
    return await _answer(request, (kind,), path, Member(owner, wanted, members))


async def _answer(
    request: Request, kinds: tuple[str, ...], path: str, member: Member | None = None
) -> Response:
    pairs = await _pairs(request)
    request = _with_general(request, pairs)
    require_json_accepted(request)
    strict = preference(request, "handling") == "strict"
    address = f"{base_of(request)}/{path}" if path else base_of(request)
    bundle = searchset(store_of(request), kinds, pairs, base_of(request), address, strict, member)
    return fhir_json(request, bundle)


def searchset(
    store: Store,
    kinds: tuple[str, ...],
    pairs: Sequence[Pair],
    base: str,
    address: str,
    strict: bool,
    member: Member | None = None,
) -> bytes:
    """The searchset Bundle of one page (``invalid`` for an unknown parameter when ``strict``)."""
    typed = [pair for pair in pairs if pair[0] == "_type" and pair[1] and len(kinds) != 1]
    kinds = _narrowed(kinds or tuple(store.kinds()), typed)
    store.refresh()
    wanted = understand(
        kinds, [pair for pair in pairs if pair not in typed], store.registry.searchable, member
    )
    unknown = ", ".join(sorted({name for name, text in wanted.ignored if text}))
    if unknown and strict:
        raise OperationOutcomeError("invalid", f"unknown search parameters: {unknown}")
    after = opened(store, wanted.cursor, _order(wanted)) if wanted.cursor else None
    page = store.run(wanted, after=after, base=base)
    said = [*typed, *page.used]
    here = [*said, ("_cursor", wanted.cursor)] if wanted.cursor else said
    links = [{"relation": "self", "url": _url(address, here)}]
    if page.after is not None:
        more = ("_cursor", sealed(store, page.after, _order(wanted)))
        links.append({"relation": "next", "url": _url(address, [*said, more])})
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
    included = mode == "include"
    summary = "false" if included or wanted.summary == "count" else wanted.summary
    body = stored.body
    if summary != "false" or wanted.elements:
        body = part_of(body, summary, wanted.elements, included=included)
    # A contained resource has the address of its container, then its own id (R4 search.html#contained).
    address = stored.id if MARK in stored.id else f"{stored.type}/{stored.id}"
    return {
        "fullUrl": f"{base}/{address}",
        "resource": orjson.Fragment(body),
        "search": {"mode": mode},
    }


def _said(page: SearchPage) -> list[dict[str, Any]]:
    """What the client should know of its search: what was not known, left out or not there yet."""
    texts = [
        f"the search parameter {name} {'is not known here' if text else 'has no value'}"
        for name, text in page.ignored
    ]
    if page.cut:
        texts.append("more resources would be included than a page takes; ask for smaller pages")
    issues = [outcome("warning", "not-supported", text)["issue"][0] for text in texts]
    if page.unindexed:
        text = f"the words of {page.unindexed} resources are not indexed yet; ask again later"
        issues += outcome("warning", "incomplete", text)["issue"]
    if not issues:
        return []
    resource = {"resourceType": "OperationOutcome", "issue": issues}
    return [{"fullUrl": f"urn:uuid:{uuid4()}", "resource": resource, "search": {"mode": "outcome"}}]


def _narrowed(kinds: tuple[str, ...], typed: Sequence[Pair]) -> tuple[str, ...]:
    """The types that ``_type`` names, of those that are searched (R4 search.html#2.21.1.1)."""
    listed = [part for _, text in typed for part in text.split(",") if part]
    if any(kind not in definitions().resources for kind in listed):
        raise OperationOutcomeError("invalid", "_type names no resource type of R4", "_type")
    return tuple(kind for kind in dict.fromkeys(listed) if kind in kinds) if listed else kinds


async def _pairs(request: Request) -> list[Pair]:
    given = parse_qsl(request.url.query, keep_blank_values=True)
    if request.method == "POST":
        declared = media_type(request.headers.get("content-type", ""))
        if declared not in ("application/x-www-form-urlencoded", ""):
            raise OperationOutcomeError("media-type", "send application/x-www-form-urlencoded")
        body = await read_body(request)
        given += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return given


def _with_general(request: Request, pairs: Sequence[Pair]) -> Request:
    """The request, asked for the format that its form names (R4 http.html#search, #parameters)."""
    wanted = [pair for pair in pairs if pair[0] in FORMAT]
    if request.method != "POST" or not wanted:
        return request
    return Request({**request.scope, "query_string": urlencode(wanted).encode()})


def _url(address: str, pairs: Sequence[Pair]) -> str:
    return f"{address}?{urlencode(pairs, safe=':/|,$')}" if pairs else address
