"""``Task/[id]/$decide``: a named person accepts, changes or rejects an AI result: 200, 400, 409, 422.

Everything that the decision changes is one transaction: report, Observations, Composition, the person's
Provenance and the review Task.
"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import base_of, fhir_json, store_of, transact
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.endpoint import read_call
from gateway.operations.result_bundle import result_bundle
from profiles.admission import require_admissible
from profiles.builders.decision import decide
from profiles.outcome import OperationOutcomeError
from profiles.task import REVIEW, code_of, item, moved


async def decide_review(request: Request) -> Response:
    """Apply a decision and answer with what it made."""
    call = await read_call(request, OPERATION)
    given = _given(call)
    report = await transact(request, lambda tx: apply_decision(tx, call.id, given))
    return fhir_json(request, result_bundle(store_of(request), report, base_of(request)))


def _given(call: Call) -> dict[str, Any]:
    performer = call.one("performer")
    if not performer.get("display") and not performer.get("reference"):
        raise OperationOutcomeError(
            "required", "a decision needs a named person: the parameter performer", "performer"
        )
    return {
        "decision": call.one("decision"),
        "performer": performer,
        "reason": call.one("reason"),
        "resource": call.given.get("resource", []),
    }


def apply_decision(tx: Transaction, task_id: str, given: dict[str, Any]) -> str:
    """Apply a decision inside a transaction; the reference of the report that it decided."""
    task = tx.require("Task", task_id).json()
    if code_of(task) != REVIEW.code:
        raise OperationOutcomeError(
            "business-rule", "only a review Task can be decided", "Task.code"
        )
    if task["status"] != "requested":
        raise OperationOutcomeError("conflict", "this review has already ended", "Task.status")
    report = str(task["focus"]["reference"])
    result = _result(tx, report)
    for edit in given["resource"]:
        require_admissible({**_edited(result, edit), **edit})
    changed = decide(
        given["decision"],
        result,
        given["performer"],
        given.get("reason"),
        given["resource"],
        tx.moment,
    )
    for resource in changed:
        tx.put(resource)
    outputs = (
        item("decision", valueCode=given["decision"]),
        item("performer", valueReference=given["performer"]),
    )
    state = "modified" if given["decision"] == "modified" else given["decision"]
    tx.put(moved(task, "completed", state, tx.moment, outputs=outputs, reason=given.get("reason")))
    return report


def _edited(result: list[dict[str, Any]], edit: dict[str, Any]) -> dict[str, Any]:
    """What an edit changes; of what is no part of the result the edit itself must be whole."""
    key = (edit.get("resourceType"), edit.get("id"))
    return next((r for r in result if (r["resourceType"], r["id"]) == key), {})


def _result(tx: Transaction, report: str) -> list[dict[str, Any]]:
    """The report and what the AI run wrote with it."""
    kind, _, report_id = report.partition("/")
    found = {report: tx.require(kind, report_id).json()}
    for provenance_id in tx.find("Provenance", "target", report):
        provenance = tx.read("Provenance", provenance_id)
        for target in provenance.json()["target"] if provenance is not None else ():
            reference = target["reference"]
            if reference not in found:
                stored = tx.read(*reference.split("/"))
                if stored is not None:
                    found[reference] = stored.json()
    return list(found.values())


OPERATION: Final = Operation(
    "decide",
    "Accept, change or reject the AI result of a review Task, as a named person.",
    resources=("Task",),
    endpoint=decide_review,
    parameters=(
        Parameter("decision", "in", 1, "1", "code", "accepted, modified or rejected."),
        Parameter("performer", "in", 1, "1", "Reference", "The Practitioner who decides."),
        Parameter("reason", "in", 0, "1", "string", "Why."),
        Parameter("resource", "in", 0, "*", "Resource", "Edited resources, when modified."),
        Parameter("return", "out", 1, "1", "Bundle", "What the decision has made."),
    ),
)
