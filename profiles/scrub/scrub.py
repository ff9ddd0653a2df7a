"""Scrub a Claim: every rule, in the order in which a person would read the claim form.

Pure and fast: no store, no clock, no network. A Claim that our door has admitted never makes it raise.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from profiles.scrub import (
    add_ons,
    age_sex,
    diagnosis_codes,
    diagnosis_order,
    diagnosis_sequence,
    duplicates,
    laterality,
    modifiers,
    money,
    pair_edits,
    parties,
    payer_edits,
    pointers,
    procedure_codes,
    service_dates,
    unit_edits,
)
from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding
from profiles.scrub.payer_rules import OFF

_Group = Callable[[ClaimView, EditTables, ScrubContext], Iterator[Finding]]
GROUPS: Final[tuple[_Group, ...]] = (
    parties.findings,
    service_dates.findings,
    diagnosis_order.findings,
    diagnosis_codes.findings,
    diagnosis_sequence.findings,
    laterality.findings,
    age_sex.findings,
    pointers.findings,
    procedure_codes.findings,
    modifiers.findings,
    pair_edits.findings,
    unit_edits.findings,
    add_ons.findings,
    money.findings,
    duplicates.findings,
    payer_edits.findings,
)


def scrub(claim: Mapping[str, Any], tables: EditTables, context: ScrubContext) -> list[Finding]:
    """What a payer would object to, and what a person should look at.

    Parameters
    ----------
    claim : mapping
        A Claim as JSON, admitted by ``profiles.admission``.
    tables : EditTables
        Of the site; a rule without its table says nothing.
    context : ScrubContext
        What is known around the Claim.

    Returns
    -------
    list of Finding
        In the order of the claim form; empty when nothing was found.
    """
    view = ClaimView(claim, context.resources)
    findings = [finding for group in GROUPS for finding in group(view, tables, context)]
    for rules in payer_edits.of_payer(view, tables):
        if rules.severity:
            findings = list(_weighed(findings, rules.severity))
    return findings


def _weighed(findings: list[Finding], severity: Mapping[str, str]) -> Iterator[Finding]:
    """The findings as grave as the payer says that they are."""
    for finding in findings:
        said = severity.get(finding.rule, finding.severity)
        if said != OFF:
            yield finding if said == finding.severity else replace(finding, severity=said)


def worst(findings: list[Finding]) -> str:
    """The gravest severity, empty without any finding."""
    severities = {finding.severity for finding in findings}
    return next((one for one in ("error", "warning", "information") if one in severities), "")
