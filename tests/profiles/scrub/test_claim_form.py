"""Rules of the scrub that need no table: parties, dates, order, pointers, modifiers, money, duplicates."""

from typing import Any

import pytest

from profiles.admission import require_admissible
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import found, scrub_outcome
from profiles.scrub.rules import RULES
from profiles.scrub.scrub import scrub, worst
from terminology.systems import CLAIM_EDIT
from tests.make_claim import COVERAGE, DAY, diagnosis, make_claim, resources


def rules(claim: dict[str, Any], **context: Any) -> set[str]:
    """Ids of the rules that find something in a Claim."""
    require_admissible(claim)
    around = {"resources": resources(), "complete": True, "today": "2026-06-01", **context}
    findings = scrub(claim, EditTables(), ScrubContext(**around))
    assert all(finding.rule in RULES for finding in findings)
    return {finding.rule for finding in findings}


def test_a_clean_claim_has_no_finding() -> None:
    """Nothing is found in a Claim that is as it should be."""
    assert rules(make_claim()) == set()


INSURANCE = [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c1"}}]
OTHER = {"modifiers": ("59",)}


@pytest.mark.parametrize(
    ("claim", "rule"),
    [
        (
            make_claim(patient={"extension": [{"url": "http://x.test", "valueCode": "a"}]}),
            "patient-missing",
        ),
        (make_claim(patient={"reference": "Patient/other"}), "reference-not-found"),
        (make_claim(insurance=[{**INSURANCE[0], "focal": False}]), "focal-coverage"),
        (
            make_claim(insurance=[{**INSURANCE[0], "coverage": {"display": "a plan"}}]),
            "coverage-missing",
        ),
        (make_claim(item=None, total=None), "line-missing"),
        (
            make_claim(diagnoses=(), lines=({"diagnosisSequence": None},), diagnosis=None),
            "diagnosis-missing",
        ),
        (make_claim(diagnoses=("E11.9",) * 2), "diagnosis-repeated"),
        (make_claim(diagnoses=tuple(f"E11.{n}" for n in range(13))), "diagnosis-too-many"),
        (make_claim(diagnoses=("W19.XXXA", "S52.501A")), "external-cause-first"),
        (make_claim(diagnosis=[diagnosis(1, "I10"), diagnosis(1, "E11.9")]), "sequence-repeated"),
        (make_claim(lines=({"diagnosisSequence": None},)), "pointer-missing"),
        (make_claim(lines=({"diagnosisSequence": [1, 3]},)), "pointer-dangling"),
        (make_claim(lines=({"diagnosisSequence": [1, 2, 1, 2, 1]},)), "pointer-too-many"),
        (make_claim(lines=({"productOrService": {"text": "a visit"}},)), "procedure-not-coded"),
        (make_claim(lines=({"modifiers": ("2x5",)},)), "modifier-invalid"),
        (make_claim(lines=({"modifiers": ("25", "25")},)), "modifier-repeated"),
        (make_claim(lines=({"modifiers": ("25", "57", "95", "GT", "CS")},)), "modifier-too-many"),
        (make_claim(lines=({"code": "20610", "modifiers": ("50", "RT")},)), "modifier-conflict"),
        (
            make_claim(lines=({"code": "20610", "modifiers": ("25",)},)),
            "modifier-25-not-evaluation",
        ),
        (make_claim(total={"value": 11, "currency": "USD"}), "total-mismatch"),
        (make_claim(total={"value": 10, "currency": "EUR"}), "currency-mixed"),
        (make_claim(lines=({"net": {"value": 11, "currency": "USD"}},)), "line-net-mismatch"),
        (make_claim(lines=({"unitPrice": {"value": -1, "currency": "USD"}},)), "amount-negative"),
        (make_claim(lines=({"quantity": {"value": 0}},)), "units-invalid"),
        (make_claim(lines=({"servicedDate": "2026-05-06"},)), "service-date-outside"),
        (make_claim(lines=({"servicedDate": "1979-05-06"},)), "before-birth"),
        (make_claim(billablePeriod=None, lines=({"servicedDate": None},)), "service-date-missing"),
        (
            make_claim(billablePeriod=None, lines=({"servicedDate": "2026-06-03"},)),
            "service-date-future",
        ),
        (make_claim(lines=({}, {})), "line-repeated"),
    ],
)
def test_each_fault_is_found(claim: dict[str, Any], rule: str) -> None:
    """A Claim with one fault gets the finding of its rule."""
    assert rule in rules(claim)


def test_a_repeated_service_with_a_reason_is_no_duplicate() -> None:
    """A modifier that says that a service was done again takes it out of the search for duplicates."""
    assert rules(make_claim(lines=({}, OTHER))) == set()


def test_an_institutional_claim_names_its_principal_diagnosis() -> None:
    """An institutional Claim without a principal diagnosis is a warning."""
    kind = {"coding": [{"code": "institutional"}]}
    assert rules(make_claim(type=kind)) == {"principal-missing"}


def test_the_coverage_belongs_to_the_patient_and_is_in_force() -> None:
    """A Coverage of another patient, or not in force on the day, is found."""
    for changed, rule in (
        ({"beneficiary": {"reference": "Patient/p2"}}, "coverage-of-another"),
        ({"status": "cancelled"}, "coverage-not-active"),
        ({"period": {"end": "2026-04"}}, "coverage-not-active"),
    ):
        around = {**resources(), "Coverage/c1": {**COVERAGE, **changed}}
        assert rules(make_claim(), resources=around) == {rule}


def test_a_service_is_claimed_once() -> None:
    """The same line in an earlier Claim is found, unless the new Claim replaces that one or is another's."""
    earlier = make_claim(id="earlier")
    assert rules(make_claim(id="new"), earlier=(earlier,)) == {"claim-repeated"}
    assert rules(earlier, earlier=(earlier,)) == set()
    replacing = make_claim(related=[{"claim": {"reference": "Claim/earlier"}}])
    assert rules(replacing, earlier=(earlier,)) == set()
    others = make_claim(id="earlier", provider={"reference": "Practitioner/d2"})
    assert rules(make_claim(), earlier=(others,)) == set()


def test_an_outcome_names_rule_source_and_place() -> None:
    """A finding becomes an issue with the rule's code, its source and a FHIRPath; the outcome is valid."""
    context = ScrubContext("2026-06-01", resources())
    said = scrub(make_claim(lines=({"diagnosisSequence": [9]},)), EditTables(), context)
    outcome = scrub_outcome(said)
    require_admissible(outcome)
    issue = outcome["issue"][0]
    assert issue["details"]["coding"][0]["system"] == CLAIM_EDIT
    assert issue["details"]["coding"][0]["code"] == "pointer-dangling"
    assert issue["expression"] == ["Claim.item[0].diagnosisSequence[0]"]
    assert "9" not in issue["details"]["text"]
    assert worst(said) == "error"
    require_admissible(scrub_outcome([]))


def test_an_authorization_may_lie_ahead() -> None:
    """What is asked for in advance is not in the future by mistake."""
    claim = make_claim(use="preauthorization")
    assert rules(claim, today="2026-01-01") == set()
    assert rules({**claim, "use": "claim"}, today="2026-01-01") == {"service-date-future"}
    assert DAY > "2026-01-01"


def test_every_rule_makes_a_valid_issue() -> None:
    """Whatever rule speaks, its issue is valid R4 and has a display."""
    issues = [found(rule, "said", "Claim") for rule in RULES]
    outcome = scrub_outcome(issues)
    require_admissible(outcome)
    assert all(one["details"]["coding"][0]["display"] for one in outcome["issue"])
