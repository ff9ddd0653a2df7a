"""No Claim that our door admits makes the scrub raise, whatever it leaves out or holds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from profiles.admission import issues, require_admissible
from profiles.builders.claim_response import Answered, build_response, unknown
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, scrub_outcome
from profiles.scrub.scrub import scrub
from tests.make_any_claim import CLAIMS, FRAME, PATIENTS, RULES, whole
from tests.make_claim import COVERAGE, INSURER, make_claim


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(CLAIMS, FRAME, PATIENTS, st.booleans())
def test_no_admitted_claim_makes_the_scrub_raise(
    tables: EditTables,
    claim: dict[str, Any],
    frame: dict[str, Any],
    patient: dict[str, Any],
    complete: bool,
) -> None:
    """Whatever a valid Claim holds, the scrub ends with findings that are valid issues of an answer."""
    made = whole(claim, frame)
    assume(not [one for one in issues(made, warnings=False) if one[0] == "error"])
    around = {"Patient/p1": patient, "Coverage/c1": COVERAGE, "Organization/o1": INSURER}
    earlier = ({**made, "id": "2"},)
    context = ScrubContext("2026-06-01", around, complete=complete, earlier=earlier)
    findings = scrub(made, replace(tables, payers=(RULES,)), context)
    require_admissible(scrub_outcome(findings))
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    response = build_response(
        Answered(made, "0" * 64, tuple(findings), moment, made.get("insurer") or unknown("insurer"))
    )
    require_admissible(response)


def test_findings_name_places_that_are_there(findings: Callable[..., list[Finding]]) -> None:
    """Every finding's place is a FHIRPath into the Claim, not into a copy of it."""
    claim = make_claim(("E11.9", "E10.9"), lines=({"diagnosisSequence": [1, 9]},))
    places = [place for one in findings(claim) for place in (one.expression, *one.also)]
    assert places
    assert all(place.startswith("Claim.") for place in places)
