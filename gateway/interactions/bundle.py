"""batch and transaction (R4 http.html#transaction): 200, 400, 404, 409, 412, 413, 422.

A batch is many requests, each on its own. A transaction is one: it is resolved, checked and written in one
transaction of the store, in the order DELETE, POST, PUT and PATCH, GET and HEAD.
"""

import asyncio
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import base_of, fhir_json, read_body, transact
from gateway.interactions.entry import Entry, Outcome, perform, read_entries, said
from gateway.interactions.links import resolve
from gateway.interactions.write import Writes
from gateway.negotiation import preference, require_json_accepted, require_json_body
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse_resource

ORDER: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}


async def bundle(request: Request) -> Response:
    """Process a batch or transaction Bundle that was sent to the base address."""
    require_json_accepted(request)
    require_json_body(request)
    body = await read_body(request)
    resource = _read(body)
    if resource.get("resourceType") != "Bundle" or resource.get("type") not in (
        "batch",
        "transaction",
    ):
        raise OperationOutcomeError(
            "invalid", "send a Bundle of type batch or transaction to this address", "Bundle.type"
        )
    whole = resource["type"] == "transaction"
    base = base_of(request)
    if whole:
        outcomes = await _transaction(request, base, body, resource)
    else:
        outcomes = await _batch(request, base, parse_resource(body))
    wanted = preference(request, "return") or "minimal"
    answer = {
        "resourceType": "Bundle",
        "type": f"{resource['type']}-response",
        "link": [{"relation": "self", "url": base}],
        "entry": [one.entry(base, wanted) for one in outcomes],
    }
    return fhir_json(request, orjson.dumps(answer))


def _read(body: bytes) -> dict[str, Any]:
    """The Bundle as its entries are read; a transaction is read strictly once its links are resolved."""
    try:
        resource = orjson.loads(body)
    except orjson.JSONDecodeError:
        resource = None
    return resource if isinstance(resource, dict) else parse_resource(body)


async def _transaction(
    request: Request, base: str, body: bytes, resource: dict[str, Any]
) -> list[Outcome]:
    on_created = request.app.state.services.on_created

    def work(tx: Transaction) -> list[Outcome]:
        writes = Writes(tx, base, on_created)
        entries = resolve(writes, body, resource)
        found: dict[int, Outcome] = {}
        for entry in sorted(entries, key=lambda e: ORDER[e.method]):
            try:
                found[entry.at] = perform(writes, entry)
            except OperationOutcomeError as error:
                raise at_entry(error, entry.at) from None
        return [found[entry.at] for entry in entries]

    return await transact(request, work)


async def _batch(request: Request, base: str, resource: dict[str, Any]) -> list[Outcome]:
    """Every entry in a transaction of its own; one that fails says so in its place."""
    on_created = request.app.state.services.on_created

    async def one(entry: Entry | OperationOutcomeError) -> Outcome:
        try:
            if isinstance(entry, OperationOutcomeError):
                raise entry
            return await transact(request, lambda tx: perform(Writes(tx, base, on_created), entry))
        except OperationOutcomeError as error:
            return said(error)

    entries = read_entries(resource, base)
    ordered = sorted(
        enumerate(entries),
        key=lambda pair: ORDER[pair[1].method] if isinstance(pair[1], Entry) else 0,
    )
    found: dict[int, Outcome] = {}
    for rank in sorted(set(ORDER.values())):
        group = [
            (at, entry)
            for at, entry in ordered
            if (ORDER[entry.method] if isinstance(entry, Entry) else 0) == rank
        ]
        outcomes = await asyncio.gather(*(one(entry) for _, entry in group))
        found.update({at: outcome for (at, _), outcome in zip(group, outcomes, strict=True)})
    return [found[at] for at in range(len(entries))]


def at_entry(error: OperationOutcomeError, at: int) -> OperationOutcomeError:
    """The error of an entry, with its place in the Bundle."""
    place = f"Bundle.entry[{at}]"
    issues = tuple(
        (kind, text, f"{place}.resource.{expression}") for kind, text, expression in error.issues
    )
    expression = f"{place}.resource.{error.expression}" if error.expression else place
    return OperationOutcomeError(
        error.kind_name, f"entry {at}: {error.diagnostics}", expression, issues=issues
    )
