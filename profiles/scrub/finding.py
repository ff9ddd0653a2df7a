"""One thing that a scrub has to say of a Claim, and its form as an OperationOutcome (R4 claim.html)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from profiles.scrub.rules import RULES
from terminology.systems import CLAIM_EDIT


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one rule.

    Parameters
    ----------
    rule : str
        A key of ``profiles.scrub.rules.RULES``, or the key of a rule that the payer supplied.
    severity : str
        ``error`` (a payer would refuse), ``warning`` (a person has to look) or ``information``.
    source : str
        Where the rule stands: guideline section, CMS manual, edit file with its version, payer rule.
    text : str
        For a person; no value of the Claim is repeated in it.
    expression : str
        FHIRPath of the place.
    also : tuple of str
        FHIRPath of further places, such as the other code of a pair.
    """

    rule: str
    severity: str
    source: str
    text: str
    expression: str
    also: tuple[str, ...] = ()


def found(
    rule: str,
    text: str,
    at: str,
    *,
    also: Iterable[str] = (),
    severity: str = "",
    source: str = "",
) -> Finding:
    """A finding of one of our rules, with the severity and source of its table unless said."""
    known = RULES[rule]
    return Finding(rule, severity or known.severity, source or known.source, text, at, tuple(also))


def issue(finding: Finding) -> dict[str, Any]:
    """``OperationOutcome.issue`` of a finding (R4 operationoutcome.html)."""
    known = RULES.get(finding.rule)
    coding = {"system": CLAIM_EDIT, "code": finding.rule}
    if known is not None:
        coding["display"] = known.display
    return {
        "severity": finding.severity,
        "code": known.issue if known is not None else "business-rule",
        "details": {"coding": [coding], "text": finding.text},
        "diagnostics": f"source: {finding.source}",
        "expression": [finding.expression, *finding.also],
    }


def scrub_outcome(findings: Iterable[Finding]) -> dict[str, Any]:
    """``OperationOutcome`` of a scrub; one informational issue when nothing was found."""
    issues = [issue(finding) for finding in findings]
    if not issues:
        issues = [
            {"severity": "information", "code": "informational", "diagnostics": "no edit applies"}
        ]
    return {"resourceType": "OperationOutcome", "issue": issues}
