"""Rules of the scrub that ask tables: codes of the day, order, sides, age and sex, NCCI, MUE, add-ons."""

from collections.abc import Callable
from typing import Any

import pytest

from profiles.scrub.finding import Finding
from terminology.systems import HCPCS
from tests.make_claim import PATIENT, diagnosis, make_claim, resources

Rules = Callable[..., set[str]]
Findings = Callable[..., list[Finding]]
INSTITUTIONAL = {"coding": [{"code": "institutional"}]}


def patient(**changed: Any) -> dict[str, Any]:
    """The resources around a Claim with another patient."""
    return {**resources(), "Patient/p1": {**PATIENT, **changed}}


def test_a_clean_claim_has_no_finding_with_every_table(rules: Rules) -> None:
    """All tables together find nothing in a Claim that is as it should be."""
    assert rules(make_claim(("I10", "M54.50"))) == set()


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        (("E11",), {"diagnosis-not-billable"}),
        (("S52.501",), {"diagnosis-not-billable"}),
        (("R51",), {"diagnosis-not-billable"}),
        (("Z99.999",), {"diagnosis-unknown"}),
        (("e119", "I10"), set()),
        (("E11.9", "E10.9"), {"excludes1"}),
        (("I12.9", "N18.30"), set()),
        (("N18.30", "I12.9"), {"code-first", "use-additional"}),
        (("I12.9",), {"use-additional"}),
        (("F02.80", "G30.9"), {"manifestation-first", "use-additional"}),
        (("G30.9", "F02.80"), set()),
        (("I10", "F02.80"), {"code-first"}),
        (("I10", "F02.80", "G30.9"), {"code-first", "use-additional"}),
        (("M25.561", "M25.562"), set()),
        (("M17.11", "M17.12"), {"laterality-both"}),
        (("H25.11", "H25.12"), {"laterality-both"}),
        (("M25.561", "M25.569"), {"laterality-unspecified"}),
        (("W19.XXXA", "I10"), {"external-cause-first"}),
        (("O24.410",), set()),
        (("N40.0",), {"sex-conflict"}),
        (("P07.10",), {"age-conflict"}),
        (("Z00.129",), {"age-conflict"}),
        (("Z00.00",), set()),
    ],
)
def test_diagnoses_are_held_to_the_release_of_the_day(
    rules: Rules, diagnoses: tuple[str, ...], expected: set[str]
) -> None:
    """Codes, order, sides, age and sex are judged by the tabular list of the date of service."""
    assert rules(make_claim(diagnoses)) == expected


def test_an_excludes1_note_is_quoted_as_a_warning(findings: Findings) -> None:
    """The finding says where the note stands, and that unrelated conditions may be reported together."""
    (found,) = findings(make_claim(("E11.9", "E10.9")))
    assert (found.severity, found.also) == ("warning", ("Claim.diagnosis[1]",))
    assert "E11" in found.text
    assert "I.A.12.a" in found.source


def test_recorded_sex_and_age_are_not_the_last_word(rules: Rules) -> None:
    """Another recorded sex, modifier KX or condition code 45 take a conflict away, as does an unknown age."""
    claim = make_claim(("N40.0",))
    assert rules(claim, resources=patient(gender="male")) == set()
    assert rules(claim, resources=patient(gender="other")) == set()
    assert rules(make_claim(("N40.0",), lines=({"modifiers": ("KX",)},))) <= {"modifier-unknown"}
    known = [
        {"sequence": 1, "category": {"text": "condition"}, "code": {"coding": [{"code": "45"}]}}
    ]
    assert rules(make_claim(("N40.0",), supportingInfo=known)) == set()
    baby = make_claim(("P07.10",))
    assert rules(baby, resources=patient(birthDate="2026-05-01")) == set()
    assert rules(baby, resources=patient(birthDate="2026")) == set()
    assert rules(make_claim(("O24.410",)), resources=patient(birthDate="1950-01-01")) == {
        "age-conflict"
    }


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (({"code": "A4550", "system": HCPCS},), {"procedure-ended"}),
        (({"code": "Z9999", "system": HCPCS},), {"procedure-unknown"}),
        (({"code": "E0100", "system": HCPCS},), {"procedure-not-covered"}),
        (({"code": "J1100", "system": HCPCS},), set()),
        (({"code": "J1100", "system": HCPCS, "units": 10},), {"mue-line"}),
        (({"code": "12345"},), {"procedure-not-in-list"}),
        (({"code": "20610", "modifiers": ("26",)},), {"modifier-split"}),
        (({"code": "71046", "modifiers": ("26",)},), set()),
        (
            ({"code": "71046", "modifiers": ("26", "TC")},),
            {"modifier-unknown", "modifier-conflict"},
        ),
        (({"code": "99213", "modifiers": ("50",)},), {"modifier-bilateral"}),
        (({"code": "99213", "modifiers": ("QQ",)},), {"modifier-unknown"}),
        (({"code": "20610"}, {"code": "99213"}), {"ptp-modifier"}),
        (({"code": "20610"}, {"code": "99213", "modifiers": ("25",)}), {"ptp-bypassed"}),
        (
            ({"code": "20610", "modifiers": ("RT",)}, {"code": "99213", "modifiers": ("RT",)}),
            {"ptp-modifier"},
        ),
        (
            ({"code": "20610"}, {"code": "99213", "servicedDate": "2026-05-03"}),
            {"service-date-outside"},
        ),
        (
            ({"code": "80053", "modifiers": ("59",)}, {"code": "80048"}),
            {"ptp", "procedure-not-in-list"},
        ),
        (({"code": "20610", "units": 3},), {"mue-line"}),
        (({"code": "20610", "units": 2}, {"code": "20610", "modifiers": ("76",)}), set()),
        (({"code": "80053"}, {"code": "80053", "modifiers": ("91",)}), {"mue-day"}),
        (({"code": "97110", "units": 7},), {"mue-day-clinical", "procedure-not-in-list"}),
        (({"code": "11045"},), {"add-on-alone", "procedure-not-in-list"}),
        (({"code": "11045"}, {"code": "11042"}), {"procedure-not-in-list"}),
    ],
)
def test_lines_are_held_to_the_tables_of_the_day(
    rules: Rules, lines: tuple[dict[str, Any], ...], expected: set[str]
) -> None:
    """Codes, modifiers, pairs, units and add-on codes are judged by the releases in force."""
    assert rules(make_claim(("I10",), lines=lines)) == expected


def test_units_of_a_line_over_several_days_are_units_of_each(rules: Rules) -> None:
    """Six units in three days are two a day."""
    days = {"servicedDate": None, "servicedPeriod": {"start": "2026-05-04", "end": "2026-05-06"}}
    line = {"code": "20610", "units": 6, **days}
    period = {"start": "2026-05-04", "end": "2026-05-06"}
    assert rules(make_claim(("I10",), lines=(line,), billablePeriod=period)) == set()


def test_the_side_of_a_line_agrees_with_its_diagnosis(rules: Rules) -> None:
    """Modifier LT or 50 on a line whose only diagnosis says the right side is found."""
    found = {"laterality-modifier"}
    for modifier, expected in (("LT", found), ("50", found), ("RT", set[str]())):
        line = {"code": "20610", "modifiers": (modifier,)}
        assert rules(make_claim(("M17.11",), lines=(line,))) == expected


def test_edits_of_the_hospital_are_for_institutional_claims(findings: Findings) -> None:
    """An institutional Claim is held to the outpatient hospital's edits, named with their version."""
    claim = make_claim(("I10",), lines=({"code": "20610"}, {"code": "99213"}), type=INSTITUTIONAL)
    pairs = [one for one in findings(claim) if one.rule == "ptp-modifier"]
    assert [one.source for one in pairs] == [
        "NCCI PTP edits v32.0r0: CPT Manual or CMS manual coding instruction"
    ]


def test_a_stay_is_not_held_to_outpatient_edits(rules: Rules) -> None:
    """NCCI and MUE are edits of outpatient claims: type of bill 11x, or sub-type inpatient, has none."""
    bill = {"coding": [{"code": "typeofbill"}]}
    for stay in (
        {"subType": {"coding": [{"code": "inpatient"}]}},
        {
            "supportingInfo": [
                {"sequence": 1, "category": bill, "code": {"coding": [{"code": "0111"}]}}
            ]
        },
    ):
        lines = ({"code": "80053", "units": 3}, {"code": "80048"})
        claim = make_claim(("I10",), lines=lines, type=INSTITUTIONAL, **stay)
        assert rules(claim) == {"principal-missing", "procedure-not-in-list"}


def test_the_admitting_diagnosis_stands_beside_the_others(rules: Rules) -> None:
    """The reason of an admission may be the principal diagnosis again, and is never the first-listed one."""
    kinds = [{"coding": [{"code": code}]} for code in ("admitting", "principal")]
    codes = [diagnosis(1, "R07.9"), diagnosis(2, "I21.4"), diagnosis(3, "I21.4")]
    listed = [{**codes[0], "type": [kinds[0]]}, {**codes[1], "type": [kinds[1]]}]
    assert rules(make_claim(diagnosis=listed, type=INSTITUTIONAL)) == set()
    again = [listed[1], {**codes[2], "type": [kinds[0]]}]
    line = {"diagnosisSequence": [2]}
    assert rules(make_claim(diagnosis=again, lines=(line,), type=INSTITUTIONAL)) == set()


def test_a_day_without_a_release_is_said(rules: Rules) -> None:
    """A date of service that no release of ICD-10-CM covers uses the nearest one, and says so."""
    far = {"start": "2031-05-04", "end": "2031-05-04"}
    claim = make_claim(
        ("I10",),
        lines=({"servicedDate": "2031-05-04"},),
        billablePeriod=far,
        use="preauthorization",
    )
    assert rules(claim) == {"diagnosis-no-release"}


def test_a_diagnosis_may_be_a_condition(rules: Rules) -> None:
    """A diagnosis by reference is judged by the code of the Condition, stored or contained."""
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11"}]}
    condition = {
        "resourceType": "Condition",
        "id": "x",
        "subject": {"reference": "Patient/p1"},
        "code": coded,
    }
    for reference, extra in (("Condition/x", {}), ("#x", {"contained": [condition]})):
        claim = make_claim(
            diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": reference}}], **extra
        )
        around = {**resources(), "Condition/x": condition}
        assert rules(claim, resources=around) == {"diagnosis-not-billable"}


def test_many_codes_of_a_day_are_compared_within_bounds(rules: Rules) -> None:
    """A day with more codes than are compared says so instead of taking forever."""
    lines = tuple({"code": f"{number}"} for number in range(30000, 30400))
    assert "ptp-not-checked" in rules(make_claim(("I10",), lines=lines))
