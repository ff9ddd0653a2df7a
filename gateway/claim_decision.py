"""Decisions on a draft Claim inside one transaction: its next version, Provenance, records, Task, submission.

Each call is about the version that the person saw. Codes alone leave a corrected draft and an open review; a
decision on the whole ends it. Errors of the scrub keep a Claim from being approved until a person says why.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.store import StoredVersion, Transaction
from gateway.claim_draft import has_begun
from gateway.claim_parameters import code_decisions, kept_record
from gateway.claim_scrub import scrub_claim, tables_of
from gateway.decision import Decision
from gateway.settings import Settings
from gateway.submission import submit_when_approved
from profiles.admission import require_admissible
from profiles.builders.claim_decision import (
    ACCEPTED,
    MODIFIED,
    REJECTED,
    STATUS,
    decided_claim,
    decision_provenance,
)
from profiles.builders.claim_edit import edit_claim
from profiles.builders.claim_record import RESULT
from profiles.builders.decision_record import decision_basic, records_of
from profiles.claim_decisions import ACCEPT, CodeDecision
from profiles.coding_records import CodingResult
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.scrub.finding import Finding
from profiles.task import item, moved
from terminology.fees import fees_of
from terminology.store_folder import TerminologyError


def decide_claim(
    tx: Transaction, task: dict[str, Any], decision: Decision, settings: Settings
) -> tuple[Finding, ...]:
    """Apply a decision to the Claim that a review Task is about; what the scrub finds in the outcome.

    Raises
    ------
    OperationOutcomeError
        ``required`` when nothing is decided or the version is not said, ``conflict`` when somebody else has
        decided meanwhile, ``code-invalid`` for a code that cannot be billed, ``business-rule`` for what
        does not fit together and for errors of the scrub that nobody overrides.
    """
    folder = settings.terminology
    stored = tx.require("Claim", str(task["focus"]["reference"]).partition("/")[2])
    claim = loads_exact(stored.body)
    _require_seen(stored, decision)
    if claim["status"] != "draft":
        _close(tx, task, decision)
        return scrub_claim(tx, claim, tables_of(settings), tx.moment.date())
    tables = tables_of(settings)
    decisions = code_decisions(tx, task, decision.codes, claim, tables)
    _require_consistent(decision, decisions, claim)
    edited = edit_claim(claim, decisions, decision.performer, _fees(folder))
    after = decided_claim(edited.claim, decision.word, decision.performer)
    require_admissible(after)
    findings = scrub_claim(tx, after, tables, tx.moment.date())
    overridden = _overridden(decision, findings)
    result = kept_record(tx, task, RESULT, CodingResult)
    records = records_of(
        edited.claim, edited.changes, decision.word, result, decision.performer, tx.moment
    )
    basic = decision_basic(records, stored.id, decision.performer, tx.moment, stored.version)
    tx.put(after)
    tx.put(basic)
    provenance = decision_provenance(
        after,
        decision.word,
        decision.performer,
        decision.reason or "",
        tx.moment,
        version=stored.version,
        beside=(f"Basic/{basic['id']}",),
        overridden=(decision.override or "", overridden),
    )
    tx.put(provenance)
    if decision.word:
        _end(tx, task, decision, overridden)
    if decision.word in (ACCEPTED, MODIFIED):
        submit_when_approved(tx, after, settings.claim_submission)
    return findings


def _require_seen(stored: StoredVersion, decision: Decision) -> None:
    """Of two decisions on one version the first is taken (``conflict`` for the other)."""
    if decision.version is None and decision.codes:
        raise OperationOutcomeError(
            "required",
            "decisions on codes say which version of the Claim they are about",
            "version",
        )
    if decision.version is not None and decision.version != str(stored.version):
        raise OperationOutcomeError(
            "conflict", "the Claim has a newer version than the one decided on", "version"
        )


def _require_consistent(
    decision: Decision, decisions: Sequence[CodeDecision], claim: dict[str, Any]
) -> None:
    if decision.word not in STATUS:
        raise OperationOutcomeError(
            "code-invalid", "the decision is accepted, modified or rejected", "decision"
        )
    if decision.resources:
        raise OperationOutcomeError(
            "business-rule",
            "a Claim is changed code by code, not by an edited resource",
            "resource",
        )
    if not decision.word and not decisions:
        raise OperationOutcomeError(
            "required", "nothing is decided: neither the whole nor a code", "decision"
        )
    edits = any(one.decision != ACCEPT or one.position for one in decisions)
    unfit = {
        ACCEPTED: edits,
        MODIFIED: not edits and not has_begun(claim),
        REJECTED: bool(decisions),
    }
    if unfit.get(decision.word):
        raise OperationOutcomeError(
            "business-rule",
            "a Claim is modified when codes of it are changed, now or before; in the same call it is not "
            "accepted as it is, and a rejected one has no other decisions",
            "decision",
        )


def _fees(folder: Path) -> Any:
    try:
        return fees_of(folder)
    except TerminologyError as error:
        raise OperationOutcomeError("not-supported", str(error)) from None


def _overridden(decision: Decision, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The errors that a person approves in spite of; without a reason for it they are what is answered."""
    errors = tuple(one for one in findings if one.severity == "error")
    if not errors or decision.word not in (ACCEPTED, MODIFIED):
        return ()
    if not decision.override:
        raise OperationOutcomeError(
            "business-rule",
            "the scrub has found errors; correct them or say in override why the Claim is right",
            issues=tuple(
                ("business-rule", f"{one.rule}: {one.text} ({one.source})", one.expression)
                for one in errors
            ),
        )
    return errors


def _close(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    """End the review of a Claim that was decided before: it stays as it is."""
    if decision.word != ACCEPTED or decision.codes:
        raise OperationOutcomeError(
            "business-rule",
            "this Claim is no draft any more: accepted leaves it as it is, a correction is a new Claim that "
            "names it in related",
            "decision",
        )
    _end(tx, task, decision, ())


def _end(
    tx: Transaction, task: dict[str, Any], decision: Decision, overridden: Sequence[Finding]
) -> None:
    outputs = [
        item("decision", valueCode=decision.word),
        item("performer", valueReference=decision.performer),
    ]
    if overridden:
        rules = ", ".join(dict.fromkeys(one.rule for one in overridden))
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
