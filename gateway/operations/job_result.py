"""How long the result of an ended job is kept (R4 async.html): a day, as ``Expires`` says; then it goes.

What a client has let go before is deleted at once. A resource that the operation itself keeps, such as a
stored document, is no result in this sense.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from adapters.store import Transaction
from profiles.fhir_time import instant
from profiles.task import OPERATION, code_of

KEPT: Final = timedelta(days=1)
_FORGOTTEN: Final = "results-forgotten"
"""Note: until which moment the results of jobs have been looked through."""
_BATCH: Final = 100


def expiry(task: dict[str, Any]) -> datetime | None:
    """Until when the result of a job is kept; None for what has none, or keeps it."""
    if code_of(task) != OPERATION.code or task["status"] != "completed":
        return None
    if not any(output["type"]["text"] == "result" for output in task.get("output", ())):
        return None
    return datetime.fromisoformat(task["lastModified"]) + KEPT


def drop_result(tx: Transaction, task: dict[str, Any]) -> None:
    """Delete what a job has made for its answer."""
    for output in task.get("output", ()) if code_of(task) == OPERATION.code else ():
        if output["type"]["text"] == "result":
            kind, _, key = output["valueReference"]["reference"].partition("/")
            tx.delete(kind, key)


def forget_results(tx: Transaction) -> None:
    """Delete the results that have expired, some at a time."""
    before = tx.note(_FORGOTTEN)
    pairs = [("code", OPERATION.code), ("modified", f"lt{instant(tx.moment - KEPT)}")]
    if before is not None:
        pairs.append(("modified", f"gt{before}"))
    page = tx.search("Task", [*pairs, ("_sort", "modified")], count=_BATCH)
    for stored in page.matches:
        task = stored.json()
        if expiry(task) is not None:
            drop_result(tx, task)
        tx.set_note(_FORGOTTEN, task["lastModified"])
