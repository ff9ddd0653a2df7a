"""batch and transaction (R4 http.html#transaction): 200, 400, 404, 409, 412, 413, 422.

A batch is many requests, each on its own. A transaction is one: it is resolved, checked and written in one
transaction of the store.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Extracted, Transaction
from gateway.fhir_answer import RETURNS, base_of, fhir_json, read_body, store_of, transact
from gateway.interactions.admission import admit
from gateway.interactions.entry import Entry, read_entries
from gateway.interactions.entry_answer import Outcome, said
from gateway.interactions.full_urls import FullUrls
from gateway.interactions.inner_request import ask, ask_within
from gateway.interactions.links import REFERENCE, places
from gateway.interactions.patch_links import patch_places
from gateway.interactions.perform import find, perform, read_patch
from gateway.interactions.transaction import Prepared
from gateway.interactions.transaction_run import Run
from gateway.interactions.write import Writes, Written
from gateway.literal_references import CONDITIONAL
from gateway.negotiation import preference, require_json_accepted, require_json_body
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse_resource

log = logging.getLogger("isthmus.http")

ORDER: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_LARGE: Final = 65_536
"""Bytes from which a transaction is prepared beside the event loop."""


async def bundle(request: Request) -> Response:
    """Process a batch or transaction Bundle that was sent to the base address."""
    require_json_accepted(request)
    require_json_body(request)
    body = await read_body(request)
    base, extract = base_of(request), store_of(request).extract
    if len(body) >= _LARGE:
        resource, prepared = await anyio.to_thread.run_sync(_understood, body, base, extract)
    else:
        resource, prepared = _understood(body, base, extract)
    if prepared is not None:
        outcomes = await _transaction(request, base, prepared)
    else:
        outcomes = await _batch(request, base, resource)
    wanted = preference(request, "return")
    answer: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": f"{resource['type']}-response",
        "link": [{"relation": "self", "url": base}],
    }
    if outcomes:
        answer["entry"] = [one.entry(base, wanted) for one in outcomes]
    applied = {"Preference-Applied": f"return={wanted}"} if wanted in RETURNS else {}
    return fhir_json(request, orjson.dumps(answer), 200, applied)


def _understood(
    body: bytes, base: str, extract: Callable[[dict[str, Any]], Extracted | None]
) -> tuple[dict[str, Any], Prepared | None]:
    """The Bundle, and what a transaction is made of."""
    resource = parse_resource(body)
    admit({name: value for name, value in resource.items() if name != "entry"}, "Bundle")
    if resource["type"] not in ("batch", "transaction"):
        raise OperationOutcomeError(
            "invalid", "send a Bundle of type batch or transaction to this address", "Bundle.type"
        )
    if resource["type"] == "batch":
        return resource, None
    # A name with an escape in it is not found as text.
    extended = b'xtension"' in body or b"\\u" in body
    return resource, Prepared(resource, base, extended, extract)


async def _transaction(request: Request, base: str, prepared: Prepared) -> list[Outcome]:
    on_created = request.app.state.services.on_created

    def work(tx: Transaction) -> list[Outcome]:
        writes = Writes(tx, base, on_created)
        return Run(prepared, writes, lambda entry: ask_within(request, tx, entry, base)).outcomes()

    return await transact(request, work)


async def _batch(request: Request, base: str, resource: dict[str, Any]) -> list[Outcome]:
    """Every entry on its own, in the order of a transaction; one that fails says so in its place."""
    entries = read_entries(resource, base)
    urls = FullUrls(entry for entry in entries if isinstance(entry, Entry))
    found: dict[int, Outcome] = {}
    for rank in sorted(set(ORDER.values())):
        group = [
            (at, entry)
            for at, entry in enumerate(entries)
            if (ORDER[entry.method] if isinstance(entry, Entry) else 0) == rank
        ]
        outcomes = await asyncio.gather(*(_one(request, base, urls, e) for _, e in group))
        found.update({at: outcome for (at, _), outcome in zip(group, outcomes, strict=True)})
    return [found[at] for at in range(len(entries))]


async def _one(
    request: Request, base: str, urls: FullUrls, entry: Entry | OperationOutcomeError
) -> Outcome:
    if isinstance(entry, OperationOutcomeError):
        return said(entry)
    try:
        if not entry.writes:
            return await ask(request, entry, base)
        _prepare(entry, urls)
        return await _written(request, base, entry)
    except OperationOutcomeError as error:
        return said(error)
    except Exception:
        # Our bug: the other entries are done all the same.
        reference = uuid4().hex[:12]
        log.exception("request.failed", extra={"reference": reference})
        return said(OperationOutcomeError("exception", f"internal error, reference {reference}"))


def _prepare(entry: Entry, urls: FullUrls) -> None:
    resource = entry.resource or {}
    if entry.method == "DELETE":
        return
    if entry.method == "PATCH":
        read_patch(entry)
    found = places(resource) if entry.document is None else patch_places(entry.document, entry.kind)
    for place in found:
        other = urls.entry(place.text, entry.base)
        awaited = other is not None and other[0].method == "POST"
        if awaited or (place.leaf == REFERENCE and CONDITIONAL.fullmatch(place.text)):
            raise OperationOutcomeError(
                "invalid", "entries of a batch do not depend on each other; send a transaction"
            )
    if entry.method != "PATCH":
        admit(resource, entry.kind)


async def _written(request: Request, base: str, entry: Entry) -> Outcome:
    on_created = request.app.state.services.on_created

    def work(tx: Transaction) -> Written:
        writes = Writes(tx, base, on_created)
        find(writes, entry, entry.condition)
        return perform(writes, entry)

    done = await transact(request, work)
    return Outcome(done.status, done.stored)
