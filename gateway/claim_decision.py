"""Decisions on a draft Claim inside one transaction: its next version, Provenance, records, Task, submission.

Each call is about the version that the person saw. Codes alone leave a corrected draft and an open review; a
decision on the whole ends it. Errors of the scrub keep a Claim from being approved until a person says why.
"""

from typing import Any

from adapters.store import StoredVersion, Transaction
from gateway.claim_correction import correction
from gateway.claim_guard import overridden, require_consistent, require_seen
from gateway.claim_parameters import code_decisions, kept_record
from gateway.claim_scrub import scrub_claim, tables_of
from gateway.decision import Decision
from gateway.settings import Settings
from gateway.submission import submit_when_approved
from profiles.admission import require_admissible
from profiles.builders.claim_decision import (
    ACCEPTED,
    MODIFIED,
    decided_claim,
    decision_provenance,
)
from profiles.builders.claim_edit import EditedClaim, edit_claim
from profiles.builders.claim_record import RESULT
from profiles.builders.decision_record import decision_basic, records_of
from profiles.coding_records import CodingResult
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.scrub.finding import Finding
from profiles.task import item, moved
from terminology.fees import fees_of
from terminology.store_folder import TerminologyError


def decide_claim(
    tx: Transaction, task: dict[str, Any], decision: Decision, settings: Settings
) -> tuple[str, tuple[Finding, ...]]:
    """Apply a decision to the Claim that a review Task is about.

    Returns
    -------
    reference : str
        Of the Claim that stands after the decision: the one that was reviewed, or what replaces it.
    findings : tuple of Finding
        What the scrub finds in it.

    Raises
    ------
    OperationOutcomeError
        ``required`` when nothing is decided or the version is not said, ``conflict`` when somebody else has
        decided meanwhile, ``code-invalid`` for a code that cannot be billed, ``business-rule`` for what
        does not fit together and for errors of the scrub that nobody overrides.
    """
    tables = tables_of(settings)
    stored = tx.require("Claim", str(task["focus"]["reference"]).partition("/")[2])
    claim = loads_exact(stored.body)
    require_seen(stored, decision)
    decisions = code_decisions(tx, task, decision.codes, claim, tables)
    require_consistent(decision, decisions, claim)
    draft = claim["status"] == "draft"
    if not draft and decision.word == ACCEPTED:
        _end(tx, task, decision, ())
        return f"Claim/{stored.id}", scrub_claim(tx, claim, tables, tx.moment.date())
    subject = claim if draft else correction(tx, claim)
    edited = edit_claim(subject, decisions, decision.performer, _fees(settings))
    after = decided_claim(edited.claim, decision.word, decision.performer)
    require_admissible(after)
    findings = scrub_claim(tx, after, tables, tx.moment.date())
    errors = overridden(decision, findings)
    tx.put(after)
    _record(tx, task, decision, (stored, edited, after), errors)
    if decision.word:
        outputs = () if draft else (item("claim", valueReference=_reference(after)),)
        _end(tx, task, decision, errors, *outputs)
    if decision.word in (ACCEPTED, MODIFIED):
        submit_when_approved(tx, after, settings.claim_submission)
    return f"Claim/{after['id']}", findings


def _reference(claim: dict[str, Any]) -> dict[str, str]:
    return {"reference": f"Claim/{claim['id']}"}


def _record(
    tx: Transaction,
    task: dict[str, Any],
    decision: Decision,
    states: tuple[StoredVersion, EditedClaim, dict[str, Any]],
    errors: tuple[Finding, ...],
) -> None:
    """Keep who decided what: a Provenance, and the decisions on the codes with what had led to each."""
    stored, edited, after = states
    result = kept_record(tx, task, RESULT, CodingResult)
    # What a correction leaves alone was decided when the Claim that it replaces was.
    whole = decision.word if after["id"] == stored.id else ""
    records = records_of(edited.claim, edited.changes, whole, result, decision.performer, tx.moment)
    basic = decision_basic(records, after["id"], decision.performer, tx.moment, stored.version)
    tx.put(basic)
    provenance = decision_provenance(
        after,
        decision.word,
        decision.performer,
        decision.reason or "",
        tx.moment,
        version=stored.version,
        beside=(f"Basic/{basic['id']}",),
        overridden=(decision.override or "", errors),
    )
    before = {"reference": f"Claim/{stored.id}/_history/{stored.version}"}
    tx.put({**provenance, "entity": [{"role": "revision", "what": before}]})


def _fees(settings: Settings) -> Any:
    try:
        return fees_of(settings.terminology)
    except TerminologyError as error:
        raise OperationOutcomeError("not-supported", str(error)) from None


def _end(
    tx: Transaction,
    task: dict[str, Any],
    decision: Decision,
    errors: tuple[Finding, ...],
    *more: dict[str, Any],
) -> None:
    outputs = [
        item("decision", valueCode=decision.word),
        item("performer", valueReference=decision.performer),
        *more,
    ]
    if errors:
        rules = ", ".join(dict.fromkeys(one.rule for one in errors))
        outputs.append(item("overridden", valueString=f"{rules}: {decision.override}"))
    ended = moved(
        task,
        "completed",
        decision.word,
        tx.moment,
        outputs=tuple(outputs),
        reason=decision.reason,
    )
    tx.put(ended)
