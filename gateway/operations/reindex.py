"""``SearchParameter/$reindex``: index everything again, while the server is used.

It runs after a site has stored a SearchParameter of its own: what is written from then on is indexed at
once, what was there before is indexed by this, in pieces, each in a transaction of its own.
"""

from typing import Any, Final

from adapters.store import Transaction
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.job import enqueue_call
from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import custom

BATCH: Final = 200
"""Resources per transaction, so that other writers are not held up."""


def reindex(call: Call) -> dict[str, Any]:
    """Index the types of a SearchParameter, or every type; how many resources it were."""
    kinds: tuple[str, ...] = tuple(call.store.kinds())
    if call.id:
        served = custom(call.store.read("SearchParameter", call.id).json())
        kinds = tuple(kind for kind in kinds if kind in served)
        call.store.transact(lambda tx: tx.clear_parameters(served))
    total, done, last = call.store.count(kinds), 0, 0
    while True:

        def piece(tx: Transaction, after: int = last) -> tuple[int, int]:
            return tx.reindex_from(kinds, after, BATCH)

        last, size = call.store.transact(piece)
        if size == 0:
            break
        done += size
        call.progress(f"{done} of {total} resources")
    if call.id:
        call.store.transact(lambda tx: tx.served(call.id))
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "resources", "valueInteger": done}],
    }


def index_on_arrival(tx: Transaction, resource: dict[str, Any]) -> None:
    """Start the indexing of what is stored, for a SearchParameter that was just stored.

    It can be searched once that has ended; where nothing of its types is stored, at once.
    """
    if resource["resourceType"] != "SearchParameter" or resource.get("status") != "active":
        return
    try:
        served = custom(resource)
    except OperationOutcomeError:
        return  # a definition for people, or for another server
    if tx.count(tuple(served)) == 0:
        tx.served(resource["id"])
        return
    enqueue_call(tx, "reindex", Call(None, "", "SearchParameter", resource["id"]))


OPERATION: Final = Operation(
    "reindex",
    "Index stored resources again, for a search parameter that was added.",
    resources=("SearchParameter",),
    levels=("type", "instance"),
    compute=reindex,
    long=True,
    parameters=(Parameter("resources", "out", 1, "1", "integer", "Resources that were indexed."),),
)
