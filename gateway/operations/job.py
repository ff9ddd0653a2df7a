"""A call as a job: the Task of an operation that runs later, its progress and its result (R4 async.html)."""

import time
from typing import Any, Final
from uuid import uuid4

import orjson

from adapters.store import Job, Store, StoredVersion, Transaction
from gateway.operations.definition import Call
from gateway.operations.job_result import forget_results
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.task import OPERATION, input_of, item, moved, new_task

OPERATION_LANE: Final = "operation"
EVERY_S: Final = 0.5
"""Progress is written at most this often."""


def enqueue_call(tx: Transaction, name: str, call: Call) -> str:
    """Write the Task of a call and queue it; the Task's id."""
    task_id = str(uuid4())
    focus = "/".join(part for part in (call.kind, call.id) if part) or "Task/" + task_id
    request = {
        "name": name,
        "base": call.base,
        "kind": call.kind,
        "id": call.id,
        "given": call.given,
    }
    task = new_task(
        task_id,
        OPERATION,
        focus if "/" in focus else f"{focus}/{task_id}",
        tx.moment,
        inputs=(item("request", valueString=orjson.dumps(request).decode()),),
    )
    if not call.id:
        del task["focus"]
    tx.enqueue(task, lane=OPERATION_LANE, ready_at=tx.moment, key=f"operation:{task_id}")
    return task_id


class RunOperation:
    """The handler of an operation's job.

    Parameters
    ----------
    store : Store
        Where the call reads and where its result goes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, job: Job) -> None:
        """Compute the call of a job; its result is a resource that the Task names."""
        # The table imports every operation, and this file is imported by them.
        from gateway.operations.table import operation_named

        request = orjson.loads(input_of(job.task, "request")[0]["valueString"])
        operation = operation_named(request["name"], request["kind"])
        if operation is None or operation.compute is None:
            raise OperationOutcomeError("not-supported", "this operation is not served any more")
        call = Call(
            self._store,
            request["base"],
            request["kind"],
            request["id"],
            given=request["given"],
            progress=self._progress(job),
        )
        made = operation.compute(call)

        def end(tx: Transaction) -> None:
            name = "kept" if isinstance(made, StoredVersion) else "result"
            stored = made if isinstance(made, StoredVersion) else tx.create(_resource(made))
            outputs = (item(name, valueReference={"reference": f"{stored.type}/{stored.id}"}),)
            tx.finish(job, moved(job.task, "completed", "done", tx.moment, outputs=outputs))
            tx.set_note(f"progress:{job.task_id}", None)
            forget_results(tx)

        self._store.transact(end)

    def _progress(self, job: Job) -> Any:
        last = [0.0]

        def say(text: str) -> None:
            if time.monotonic() - last[0] < EVERY_S:
                return
            last[0] = time.monotonic()

            def write(tx: Transaction) -> None:
                if tx.require("Task", job.task_id).json()["status"] == "cancelled":
                    raise OperationOutcomeError("conflict", "the job was cancelled")
                tx.set_note(f"progress:{job.task_id}", text)

            self._store.transact(write)

        return say


def _resource(made: Any) -> dict[str, Any]:
    """What an operation has computed, with every digit of its numbers."""
    content = made if isinstance(made, bytes) else orjson.dumps(made)
    resource: dict[str, Any] = loads_exact(content)
    return resource
