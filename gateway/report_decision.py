"""A decision on an AI report inside one transaction: report, Observations, Composition, Provenance, Task."""

from typing import Any

from adapters.store import Transaction
from gateway.decision import Decision
from profiles.admission import require_admissible
from profiles.builders.decision import decide
from profiles.outcome import OperationOutcomeError
from profiles.task import item, moved


def decide_report(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    """Apply a decision to the report that a review Task is about, and end the Task."""
    if not decision.word:
        raise OperationOutcomeError("required", "the parameter decision is required", "decision")
    if decision.codes:
        raise OperationOutcomeError("business-rule", "a report has no codes to decide on", "code")
    result = _result(tx, str(task["focus"]["reference"]))
    for edit in decision.resources:
        require_admissible({**_edited(result, edit), **edit})
    changed = decide(
        decision.word,
        result,
        decision.performer,
        decision.reason,
        decision.resources,
        tx.moment,
    )
    for resource in changed:
        tx.put(resource)
    outputs = (
        item("decision", valueCode=decision.word),
        item("performer", valueReference=decision.performer),
    )
    ended = moved(
        task, "completed", decision.word, tx.moment, outputs=outputs, reason=decision.reason
    )
    tx.put(ended)


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
