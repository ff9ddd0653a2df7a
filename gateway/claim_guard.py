"""What a decision on a Claim must fulfil: about the version that was seen, consistent, errors owned up to."""

from collections.abc import Sequence
from typing import Any

from adapters.store import StoredVersion
from gateway.claim_draft import has_begun
from gateway.decision import Decision
from profiles.builders.claim_decision import ACCEPTED, MODIFIED, REJECTED, STATUS
from profiles.claim_decisions import ACCEPT, CodeDecision
from profiles.outcome import OperationOutcomeError
from profiles.scrub.finding import Finding


def require_seen(stored: StoredVersion, decision: Decision) -> None:
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


def require_consistent(
    decision: Decision, decisions: Sequence[CodeDecision], claim: dict[str, Any]
) -> None:
    """Refuse what is not one decision (``code-invalid``, ``required``, ``business-rule``)."""
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
    draft = claim["status"] == "draft"
    if not draft:
        _require_correction(decision, edits, claim)
    unfit = {
        ACCEPTED: edits,
        MODIFIED: not edits and not (draft and has_begun(claim)),
        REJECTED: bool(decisions),
    }
    if unfit.get(decision.word):
        raise OperationOutcomeError(
            "business-rule",
            "a Claim is modified when codes of it are changed, now or before; in the same call it is not "
            "accepted as it is, and a rejected one has no other decisions",
            "decision",
        )


def _require_correction(decision: Decision, edits: bool, claim: dict[str, Any]) -> None:
    """A Claim that is no draft any more stays as it is, or an active one is corrected by a new Claim."""
    corrects = decision.word == MODIFIED and edits and claim["status"] == "active"
    if not corrects and (decision.word != ACCEPTED or edits):
        raise OperationOutcomeError(
            "business-rule",
            "this Claim is no draft any more: accepted leaves it as it is; modified with changed codes "
            "makes the Claim that replaces an active one",
            "decision",
        )


def overridden(decision: Decision, findings: Sequence[Finding]) -> tuple[Finding, ...]:
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
