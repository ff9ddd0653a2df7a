"""What is coded together: which notes, whose, of which day, in which setting."""

import base64
from datetime import UTC, datetime

import pytest

from gateway.coding_case import Asked, Cases
from gateway.coding_sources import SentSources
from gateway.documents import Documents
from gateway.place_of_service import place_of_service
from profiles.outcome import OperationOutcomeError
from terminology.x12 import PLACE_OF_SERVICE

MOMENT = datetime(2026, 11, 26, tzinfo=UTC)
LOINC = "http://loinc.org"


class _Nothing:
    """A record without anything, but a visit of an earlier year."""

    def read(self, reference):
        del reference

    def documents(self, encounter):
        return []

    def coverages(self, patient):
        return []

    def seen_before(self, patient, provider, since, until):
        return provider == "Organization/known" and since < "2025-01-01" < until


def _note(key, text="Pain", **elements):
    attachment = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": key,
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "context": {"encounter": [{"reference": "Encounter/e"}]},
        "content": [{"attachment": attachment}],
        **elements,
    }


def _encounter(code="AMB", **elements):
    return {
        "resourceType": "Encounter",
        "id": "e",
        "class": {"code": code},
        "subject": {"reference": "Patient/p"},
        **elements,
    }


def _case(*sent, asked=None, excluded=()):
    """The case of the first resource among what was sent."""
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in sent]}
    sources = SentSources(bundle, _Nothing())
    documents = Documents(sources.read, (), (), lambda _: None)
    return Cases(sources, documents, excluded).of(sent[0], asked or Asked(), MOMENT)


@pytest.mark.parametrize(
    ("encounter", "note", "day", "setting"),
    [
        (
            {"period": {"start": "2026-03-02T23:30:00-05:00", "end": "2026-03-03"}},
            {},
            "2026-03-02",
            "outpatient",
        ),
        (
            {"code": "IMP", "period": {"start": "2026-09-28", "end": "2026-10-02"}},
            {},
            "2026-10-02",
            "inpatient",
        ),
        (
            {"code": "EMER", "period": {"start": "2026-03"}},
            {"date": "2026-03-04T10:00:00Z"},
            "2026-03-04",
            "outpatient",
        ),
        ({}, {}, "2026-11-26", "outpatient"),
    ],
)
def test_the_day_of_service(encounter, note, day, setting):
    """Begin of a visit, discharge of a stay, else a day that a note names, else today with a remark."""
    case = _case(_note("n", **note), _encounter(**encounter))
    assert (case.request.service_date, case.request.setting) == (day, setting)
    assert bool(case.remarks) == (day == "2026-11-26")


def test_the_other_notes_of_the_encounter_come_along():
    """In the order in which they were written; what says the same, is excluded or foreign does not."""
    case = _case(
        _note("second", "Second", date="2026-03-02T11:00:00Z"),
        _note("first", "First", date="2026-03-02T10:00:00Z"),
        _note("twin", " Second\n", date="2026-03-02T12:00:00Z"),
        _note("draft", "Draft", docStatus="preliminary"),
        _note("foreign", "Foreign", subject={"reference": "Patient/other"}),
        _note("kind", "Kind", type={"coding": [{"system": LOINC, "code": "1-8"}]}),
        _note("broken", "Broken", content=[{"attachment": {"contentType": "image/png"}}]),
        {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1950"},
        _encounter(),
        excluded=("1-8",),
    )
    assert [n.text for n in case.request.notes] == ["First", "Second"]
    assert (case.request.patient_sex, case.request.patient_birth_date) == ("male", "1950")
    said = " ".join(remark.text for remark in case.remarks if remark.kind == "note-not-used")
    assert all(key in said for key in ("foreign", "kind", "broken"))
    assert "Foreign" not in said


def test_who_bills_and_treats():
    """The encounter's organization bills, its participants treat; a known patient is no new one."""
    people = [
        {"individual": {"reference": "Practitioner/a", "display": "A"}},
        {"individual": {"reference": "RelatedPerson/x"}},
    ]
    known = _encounter(
        serviceProvider={"reference": "Organization/known"},
        participant=people,
        period={"start": "2026-03-02"},
    )
    case = _case(_note("n"), known)
    assert case.provider == {"reference": "Organization/known"}
    assert case.care_team == ({"reference": "Practitioner/a", "display": "A"},)
    assert case.request.new_patient is False
    assert _case(_note("n"), _encounter()).request.new_patient is None


@pytest.mark.parametrize(
    ("sent", "asked", "kind"),
    [
        ([_note("n"), _encounter(subject={"reference": "Patient/o"})], Asked(), "business-rule"),
        ([_note("n")], Asked(encounter="Encounter/none"), "not-found"),
        ([_note("n")], Asked(coverage="Coverage/none"), "not-found"),
        ([_encounter()], Asked(), "business-rule"),
        (
            [
                _note("n"),
                {"resourceType": "Coverage", "id": "c", "beneficiary": {"reference": "Patient/o"}},
            ],
            Asked(coverage="Coverage/c"),
            "business-rule",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(sent, asked, kind):
    """Another patient's encounter or coverage, what is not here, an encounter without notes."""
    with pytest.raises(OperationOutcomeError) as raised:
        _case(*sent, asked=asked)
    assert raised.value.kind_name == kind


def test_a_note_without_encounter_is_a_case_of_its_own():
    """Its author bills where it is an organization or a practitioner."""
    case = _case(
        _note("n", context={}, author=[{"reference": "Practitioner/a"}], date="2026-05-06"),
    )
    assert (case.encounter, case.request.service_date) == ("", "2026-05-06")
    assert case.provider == {"reference": "Practitioner/a"}
    assert case.context(MOMENT, "t", {}).kind == "professional"


def _place(kind, *types, usual=""):
    """Place of service of an encounter of a class in locations of these types."""
    places = {
        f"Location/{at}": {"type": [{"coding": [{"system": system, "code": code}]}]}
        for at, (system, code) in enumerate(types)
    }
    stays = [{"location": {"reference": reference}} for reference in places]
    return place_of_service({"class": {"code": kind}, "location": stays}, places.get, usual)


def test_the_place_of_service():
    """A location's own CMS code, else what class and kind of location say; what tells nothing has none."""
    role = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
    assert [_place(kind) for kind in ("AMB", "EMER", "IMP", "OBSENC", "HH", "VR", "FLD")] == [
        *("11", "23", "21", "22", "12", "02", ""),
    ]
    assert _place("AMB", usual="19") == "19"
    assert _place("AMB", (role, "HOSP"), usual="19") == "22"
    assert _place("VR", (role, "PTRES")) == "10"
    assert _place("IMP", (PLACE_OF_SERVICE, "51")) == "51"
    assert place_of_service({}, {}.get) == ""


def test_a_discharge_summary_of_no_known_stay_says_how_it_is_coded():
    """Without the class of an Encounter it is an outpatient's, and a warning says what that means."""
    summary = _note("n", date="2026-03-04", type={"coding": [{"system": LOINC, "code": "18842-5"}]})
    alone = _case({**summary, "context": {}})
    (remark,) = alone.remarks
    assert (alone.request.setting, remark.kind, remark.rule.rule) == (
        "outpatient",
        "warning",
        "IV.H",
    )
    stay = _case(summary, _encounter("IMP"))
    assert (stay.request.setting, stay.remarks) == ("inpatient", ())
