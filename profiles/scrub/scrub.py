"""Scrub a Claim: every rule, in the order in which a person would read the claim form.

Pure and fast: no store, no clock, no network. A Claim that our door has admitted never makes it raise.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from profiles.scrub import (
    dates_rules,
    diagnosis_order,
    duplicates,
    modifiers,
    money,
    parties,
    pointers,
)
from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding

_Group = Callable[[ClaimView, EditTables, ScrubContext], Iterator[Finding]]
GROUPS: Final[tuple[_Group, ...]] = (
    parties.findings,
    dates_rules.findings,
    diagnosis_order.findings,
    pointers.findings,
    modifiers.findings,
    money.findings,
    duplicates.findings,
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
    return [finding for group in GROUPS for finding in group(view, tables, context)]


def worst(findings: list[Finding]) -> str:
    """The gravest severity, empty without any finding."""
    severities = {finding.severity for finding in findings}
    return next((one for one in ("error", "warning", "information") if one in severities), "")
