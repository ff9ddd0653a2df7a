"""A coding that somebody asks for by hand: its Task is queued at once, beside what an arrival has queued."""

from typing import Any
from uuid import uuid4

from adapters.store import Transaction
from gateway.coding_arrival import CODING_LANE, coding_task
from gateway.coding_case import Asked
from gateway.coding_job import BASE, as_input
from profiles.clinical_document import ClinicalDocument, local
from profiles.outcome import OperationOutcomeError
from profiles.task import CODE, item, new_task


def request_coding(tx: Transaction, kind: str, key: str, asked: Asked, base: str) -> str:
    """Queue the coding of a stored note, or of the notes of an Encounter; the id of its Task.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` or ``deleted`` when it is not here, ``business-rule`` when it was entered in error.
    """
    resource = tx.require(kind, key).json()
    if "entered-in-error" in (resource.get("status"), resource.get("docStatus")):
        raise OperationOutcomeError(
            "business-rule", f"this {kind} was entered in error", f"{kind}.status"
        )
    task = {**_task(tx, resource), "input": [as_input(asked), item(BASE, valueString=base)]}
    tx.enqueue(task, lane=CODING_LANE, ready_at=tx.moment, key=f"code:{task['id']}")
    return str(task["id"])


def _task(tx: Transaction, resource: dict[str, Any]) -> dict[str, Any]:
    task_id = str(uuid4())
    if resource["resourceType"] != "Encounter":
        return coding_task(ClinicalDocument(resource), tx.moment, task_id)
    reference = f"Encounter/{resource['id']}"
    patient = local(resource.get("subject"), "Patient")
    task = new_task(task_id, CODE, reference, tx.moment, patient=patient or None)
    return {**task, "encounter": {"reference": reference}}
