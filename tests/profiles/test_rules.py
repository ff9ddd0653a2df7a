"""Small promises of the room: Task, outcome, identifiers, time, rules, words."""

import json
import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.fhir_time import dicom_date, dicom_datetime
from profiles.followup import mean_diameter_mm, recommend
from profiles.label_map import unpack_voxels
from profiles.narrative import narrative, page, paragraphs
from profiles.outcome import KINDS, OperationOutcomeError
from profiles.records import ImagingFindings, InstanceHeader, from_json, to_json
from profiles.report_text import DEMONSTRATION, UNREVIEWED, write_report
from profiles.task import ANALYZE, STATES, TRANSITIONS, moved, new_task
from profiles.uids import derived_id, derived_uid, is_uid, require_uid
from tests.make_findings import absent, label_array, label_map, present, refused

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_derived_identifiers_are_valid_and_repeatable(parts):
    """Any parts give a valid UID and a valid FHIR id, always the same."""
    assert is_uid(derived_uid(*parts))
    assert derived_uid(*parts) == derived_uid(*parts)
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", derived_id(*parts))


@pytest.mark.parametrize(
    "value",
    ["", "1..2", "1.02", ".7", "1.2.", "1/../2", "../../etc/passwd", "1.2 ", "1." * 40 + "1"],
)
def test_what_is_no_uid_is_refused_without_being_repeated(value):
    """PS3.5 9.1: leading zeros, empty components, paths and more than 64 characters are refused."""
    with pytest.raises(OperationOutcomeError) as refusal:
        require_uid(value, "StudyInstanceUID")
    assert not value or value not in refusal.value.diagnostics


def test_every_kind_of_error_has_its_word_on_every_wire():
    """HTTP, DIMSE and HL7 codes are there for each kind; HTTP is an error status."""
    for kind in KINDS.values():
        assert 400 <= kind.http <= 599
        assert kind.dimse
        assert kind.code


def test_disk_full_is_said_as_out_of_resources():
    """no-store is 0xA700 on the DICOM wire (PS3.4 table B.2-1) and 507 over HTTP."""
    assert (KINDS["no-store"].dimse, KINDS["no-store"].http) == (0xA700, 507)


def test_an_ended_task_stays_ended():
    """completed, failed and cancelled have no way out."""
    task = moved(new_task("t", ANALYZE, "ImagingStudy/s", NOW), "in-progress", "running", NOW)
    for status in ("completed", "failed", "cancelled"):
        ended = moved(task, status, "done", NOW)
        for after in TRANSITIONS:
            with pytest.raises(OperationOutcomeError):
                moved(ended, after, "queued", NOW)


def test_every_state_of_a_task_has_a_word_for_people():
    """BusinessStatus codes have displays."""
    assert all(code.display for code in STATES.values())


@pytest.mark.parametrize(
    ("date", "time", "zone", "expected"),
    [
        ("20260102", "101500", "+0100", "2026-01-02T10:15:00+01:00"),
        ("20260102", "", "", "2026-01-02"),
        ("20260231", "", "", None),
        ("2026.01.02", "", "", "2026-01-02"),  # ACR-NEMA form, PS3.5 6.2
        ("2 Jan 2026", "", "", None),
        ("", "101500", "", None),
    ],
)
def test_dicom_dates_become_fhir_dates_or_nothing(date, time, zone, expected):
    """A time without a zone is never given one; what is no date is no date."""
    assert expected == dicom_datetime(date, time, zone)


def test_dicom_date_alone():
    """DA becomes a FHIR date."""
    assert dicom_date("19700101") == "1970-01-01"


@given(st.builds(InstanceHeader, *[st.text(max_size=8)] * 6, frames=st.integers(1, 99)))
def test_records_cross_a_process_border_unchanged(header):
    """to_json and from_json are inverse, through JSON text."""
    assert header == from_json(InstanceHeader, json.loads(json.dumps(to_json(header))))


def test_findings_cross_a_process_border_unchanged():
    """Nested records, tuples and optional parts come back as they were."""
    for findings in (present(2), absent(), refused()):
        assert findings == from_json(ImagingFindings, json.loads(json.dumps(to_json(findings))))


def test_label_map_unpacks_to_what_was_packed():
    """Voxels survive packing."""
    assert (label_array(2) == unpack_voxels(label_map(2))).all()


def _rules() -> list[dict]:
    folder = files("profiles") / "followup_rules"
    return [json.loads(f.read_text()) for f in folder.iterdir() if f.name.endswith(".json")]


def test_every_guideline_names_its_source_and_edition():
    """A rule file without citation is not a rule."""
    for guideline in _rules():
        assert re.search(r"20\d\d", guideline["citation"])
        assert all(rule["text"] for rule in guideline["rules"])


def test_missing_inputs_are_named_and_nothing_is_recommended():
    """Without the patient's risk no nodule recommendation is made."""
    (answer,) = recommend("pulmonary-nodule", {"age": 60, "mean_diameter_mm": 7, "count": 1})
    assert answer.needs
    assert "not evaluable: needs" in answer.text


NODULE = {
    "age": 60,
    "high_risk": False,
    "known_cancer": False,
    "immunosuppressed": False,
    "screening": False,
}


@pytest.mark.parametrize(
    ("size", "count", "risk", "rule", "months"),
    [
        (5, 1, False, "fleischner-2017-single-lt6-low", None),
        (5, 1, True, "fleischner-2017-single-lt6-high", (12, 12)),
        (6, 1, False, "fleischner-2017-single-6to8", (6, 12)),
        (8, 1, True, "fleischner-2017-single-6to8", (6, 12)),
        (9, 1, False, "fleischner-2017-single-gt8", (3, 3)),
        (5, 3, False, "fleischner-2017-multiple-lt6-low", None),
        (5, 3, True, "fleischner-2017-multiple-lt6-high", (12, 12)),
        (7, 3, False, "fleischner-2017-multiple-ge6", (3, 6)),
    ],
)
def test_nodule_rules_follow_the_published_table(size, count, risk, rule, months):
    """Each cell of Fleischner 2017 for solid nodules is reached by its inputs."""
    facts = {**NODULE, "mean_diameter_mm": size, "count": count, "high_risk": risk}
    (answer,) = recommend("pulmonary-nodule", facts)
    assert (rule, months) == (answer.rule, answer.months)


def test_who_is_excluded_gets_no_recommendation():
    """A patient of 30 is outside the guideline, and the answer says so."""
    facts = {**NODULE, "age": 30, "mean_diameter_mm": 9, "count": 1}
    (answer,) = recommend("pulmonary-nodule", facts)
    assert "does not apply" in answer.text


def test_size_is_the_rounded_mean_of_both_axes():
    """Half a millimetre is rounded up, as readers do."""
    assert (mean_diameter_mm(8.0, 5.0), mean_diameter_mm(7.4, 5.4)) == (7, 6)


def test_every_number_of_the_text_is_a_coded_fact():
    """The report's numbers are those of the findings and of nothing else."""
    findings = present(2)
    text = write_report(findings, ()).impression
    facts = {"1", "2"}
    for lesion in findings.lesions:
        facts |= {f"{lesion.volume_ml:.2f}", f"{lesion.score:.2f}"}
        facts |= {f"{axis:.1f}" for axis in (lesion.long_axis_mm, lesion.short_axis_mm)}
    assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= facts


def test_sides_stand_with_their_lesions():
    """The first lesion is left, the second right, each in its own sentence."""
    lines = write_report(present(2), ()).impression.splitlines()
    assert [
        re.findall(r"left|right", line)
        for line in lines
        if line.startswith("Lesion ") and "mL" in line
    ] == [["left"], ["right"]]


@pytest.mark.parametrize("findings", [present(1), absent(), refused()])
def test_every_preliminary_text_says_what_it_is(findings):
    """Not reviewed, and made by a demonstration model."""
    impression = write_report(findings, ()).impression
    assert UNREVIEWED in impression
    assert DEMONSTRATION in impression


@given(st.text(max_size=80))
def test_no_text_becomes_markup(text):
    """Whatever a text holds, narrative and pages show it and do not run it."""
    for made in (narrative(text)["div"], paragraphs(text), page(text, "")):
        assert "<script" not in made.lower()
