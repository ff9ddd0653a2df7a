"""Edits of the payer that is asked: time limit, coverage, authorization, units, diagnoses, constraints."""

from collections.abc import Iterator

from profiles.fhirpath.operators import truth
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import ClaimView, Line, address
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.dates import days_after
from profiles.scrub.finding import Finding, found
from profiles.scrub.payer_rules import Constraint, PayerRules


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """What the rules of the payer say of a Claim."""
    for rules in of_payer(view, tables):
        yield from _timely(view, rules, context)
        authorized = any(one.get("preAuthRef") for one in view.claim.get("insurance", ()))
        for line in view.lines:
            yield from _line(line, view, rules, authorized)
        for constraint in rules.constraints:
            yield from _constraint(view, rules, constraint)


def of_payer(view: ClaimView, tables: EditTables) -> tuple[PayerRules, ...]:
    """The rules that are for the Claim's insurer."""
    if not tables.payers:
        return ()
    names = {address(view.claim.get("insurer"))}
    identifiers = [(view.claim.get("insurer") or {}).get("identifier", {})]
    identifiers += (view.resolved(view.claim.get("insurer")) or {}).get("identifier", ())
    for insurance in view.claim.get("insurance", ()):
        coverage = view.resolved(insurance.get("coverage")) or {}
        for payor in coverage.get("payor", ()):
            names.add(address(payor))
            identifiers.append(payor.get("identifier", {}))
    names |= {one.get("value", "") for one in identifiers}
    return tuple(one for one in tables.payers if not one.payers or one.payers & names)


def _timely(view: ClaimView, rules: PayerRules, context: ScrubContext) -> Iterator[Finding]:
    days = [line.ends for line in view.lines if line.ends]
    last = max(days, default="") or view.period[1]
    if rules.timely_filing_days is None or not last or not view.is_claim:
        return
    if context.today > days_after(last, rules.timely_filing_days):
        yield found(
            "timely-filing",
            f"the payer takes claims for {rules.timely_filing_days} days after the service",
            "Claim.billablePeriod",
            source=rules.cited,
        )


def _line(line: Line, view: ClaimView, rules: PayerRules, authorized: bool) -> Iterator[Finding]:
    place = f"{line.at}.productOrService"
    if line.code in rules.not_covered:
        yield found("payer-not-covered", "the payer does not cover this", place, source=rules.cited)
    if line.code in rules.authorization and view.is_claim and not authorized:
        yield found(
            "payer-authorization",
            "the payer wants an authorization for this (Claim.insurance.preAuthRef)",
            place,
            source=rules.cited,
        )
    most = rules.units.get(line.code)
    if most is not None and line.units is not None and line.units > most:
        yield found(
            "payer-units", f"the payer covers at most {most} units", place, source=rules.cited
        )
    wanted = rules.diagnoses.get(line.code)
    if wanted is not None:
        pointed = [one.code for one in view.diagnoses if one.sequence in line.pointers]
        if not any(code.startswith(wanted) for code in pointed):
            yield found(
                "payer-diagnosis",
                "none of the diagnoses that the line points to is one for which the payer covers it",
                f"{line.at}.diagnosisSequence",
                source=rules.cited,
            )


def _constraint(view: ClaimView, rules: PayerRules, constraint: Constraint) -> Iterator[Finding]:
    try:
        holds = truth(constraint.expression.evaluate(view.claim)) is True
    except OperationOutcomeError:
        yield found(
            "payer-rule-failed",
            "a rule of the payer cannot be evaluated on this claim",
            "Claim",
            source=f"{rules.cited}, {constraint.key}",
        )
        return
    if not holds:
        source = f"{rules.cited}, {constraint.key}"
        yield Finding(constraint.key, constraint.severity, source, constraint.human, "Claim")
