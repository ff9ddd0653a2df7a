"""Procedures of a note as lines: what was done, how often, on which side, for which diagnosis."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.coding.documented import DECLINED, DONE, NAMED, PAST, PLANNED, RESULT, Setting, status_of
from ml.coding.doses import code_of, doses
from ml.coding.lines import suggest_lines
from ml.coding.procedure_details import DETAILS
from ml.coding.procedure_table import concepts
from profiles.coding_records import SUGGESTED
from tests.ml.make_codes import Codes, diagnosis, request_of

KNEE = """CHIEF COMPLAINT: Right knee pain.
HPI: An x-ray of the left hip was taken last month at an outside clinic.
RESULTS
Three views of the right knee were obtained in the office today and show osteoarthritis.
MRI of the lumbar spine shows stenosis.
PROCEDURE
After informed consent, the right knee was prepped in sterile fashion and injected with 40 mg of Kenalog under
ultrasound guidance. The patient tolerated the procedure well.
ASSESSMENT
Osteoarthritis of right knee.
PLAN
If no better, we will consider a left knee injection. An x-ray of the left knee will be ordered.
"""


def lines(text, *diagnoses, codes=None, **said):
    """Code to line of everything suggested, and the remarks."""
    request, parts = request_of(text, **said)
    found, remarks = suggest_lines(request, parts, diagnoses, codes or Codes())
    for one in found:
        for place in one.evidence:
            assert text[place.start : place.end] == place.text
    return {one.code: one for one in found if one.status == SUGGESTED}, remarks


def test_image_and_injection_of_the_visit_are_coded_with_side_units_and_pointer():
    """Views and guidance choose the number, the dose the units, the side the modifier."""
    found, _ = lines(KNEE, diagnosis(KNEE, "M17.11", "Osteoarthritis of right knee"))
    procedures = {code: (one.modifiers, one.units) for code, one in found.items() if code < "9"}
    assert procedures == {"73562": (("RT",), 1), "20611": (("RT",), 1)}
    assert found["J3301"].units == 4
    assert found["20611"].pointers == ("M17.11",)
    assert found["J3301"].pointers == ("M17.11",)


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("X-rays of the left knee were obtained today.", DONE),
        ("Obtained three views and an x-ray of the left knee today.", DONE),
        ("We will obtain an x-ray of the left knee today.", PLANNED),
        ("I recommend an x-ray of the left knee.", PLANNED),
        ("She declined an x-ray of the left knee.", DECLINED),
        ("No x-ray of the knee was taken.", DECLINED),
        ("An x-ray of the knee was performed last month.", PAST),
        ("He had an x-ray of the knee at an outside hospital.", PAST),
        ("An x-ray of the knee in 2019 was normal.", PAST),
        ("If pain persists, an x-ray of the knee was discussed.", PLANNED),
        ("X-ray of the left knee: no fracture.", RESULT),
    ],
)
def test_what_a_sentence_says_about_a_procedure(sentence, status):
    """Only what was done at the visit counts as done; what was ordered, refused or earlier does not."""
    start = sentence.index("x-ray") if "x-ray" in sentence else 0
    assert status_of(sentence, start, start + 5, "results") == status


def test_place_and_date_are_those_of_the_note():
    """An emergency department is elsewhere for an office; the date of service means today."""
    wound = "A 3 cm wound of the left arm was repaired with sutures in the emergency department."
    here = Setting("2026-06-01", hospital=True)
    assert status_of(wound, 2, 12, "plan") == PAST
    assert status_of(wound, 2, 12, "plan", here) == DONE
    shot = "The left knee was injected on {}."
    for day in ("06/01/2026", "6/1/26", "2026-06-01", "June 1, 2026"):
        assert status_of(shot.format(day), 4, 13, "plan", here) == DONE
    assert status_of(shot.format("05/01/2026"), 4, 13, "plan", here) == PAST


def test_lists_of_the_past_are_not_read():
    """A procedure under surgical history is past whatever its sentence says."""
    assert status_of("Knee injection was performed today.", 0, 14, "surgical-history") == PAST
    assert status_of("Knee injection.", 0, 14, "plan") == NAMED


@pytest.mark.parametrize(
    ("sentence", "codes"),
    [
        (
            "A 3.5 cm laceration of the left forearm was repaired with 4-0 nylon sutures.",
            {"12002": 1},
        ),
        ("A 2 cm laceration of the chin was repaired with 5-0 sutures.", {"12011": 1}),
        ("A 6 cm hand wound was closed with sutures in a layered repair.", {"12042": 1}),
        ("Four actinic keratoses were treated with liquid nitrogen.", {"17000": 1, "17003": 3}),
        ("Three warts were frozen with liquid nitrogen.", {"17110": 1}),
        ("Two punch biopsies were performed.", {"11104": 1, "11105": 1}),
        ("Trigger points in 3 muscles were injected.", {"20553": 1}),
        ("Incision and drainage of the abscess was performed.", {"10060": 1}),
        ("Cerumen was removed from the right ear with a curette.", {"69210": 1}),
        (
            "Spirometry before and post-bronchodilator was performed in the office today.",
            {"94060": 1},
        ),
    ],
)
def test_number_follows_size_count_and_site(sentence, codes):
    """Length, layer, site and number of lesions choose the numbers and their units."""
    found, _ = lines(f"PROCEDURE\n{sentence}\n")
    assert {code: one.units for code, one in found.items()} == codes


def test_bilateral_and_unknown_side():
    """Both sides are modifier 50; no side is a question, and no modifier."""
    both, _ = lines("PROCEDURE\nBoth knees were injected with 80 mg of Depo-Medrol each.\n")
    assert both["20610"].modifiers == ("50",)
    not_twice = Codes(properties=(("bilateral", "0"),))
    assert (
        lines("PROCEDURE\nBoth knees were injected.\n", codes=not_twice)[0]["20610"].modifiers == ()
    )
    unsaid, remarks = lines("PROCEDURE\nThe knee was injected.\n")
    assert unsaid["20610"].modifiers == ()
    assert any(one.kind == "query" and "side" in one.text for one in remarks)


@pytest.mark.parametrize(
    ("sentence", "code", "modifiers"),
    [
        ("The left thumb trigger finger tendon sheath was injected.", "20550", ("FA",)),
        ("The right ring trigger finger was injected.", "20550", ("F8",)),
        ("The nail of the left great toe was avulsed; nail avulsion done.", "11730", ("TA",)),
        ("The right second toe nail was removed.", "11730", ("T6",)),
        ("Three views of the right middle finger were obtained.", "73140", ("F7",)),
    ],
)
def test_finger_and_toe_have_modifiers_of_their_own(sentence, code, modifiers):
    """Which finger or toe it was is a modifier in place of its side."""
    found, _ = lines(f"PROCEDURE\n{sentence}\n")
    assert found[code].modifiers == modifiers


def test_missing_detail_is_asked_and_not_guessed():
    """Without the number of views no image is suggested, and the question names the numbers."""
    found, remarks = lines(
        "RESULTS\nX-ray of the left wrist was taken today and shows no fracture.\n"
    )
    assert not found
    assert ("73100", "73110") in [one.codes for one in remarks if one.kind == "query"]


def test_nothing_is_coded_beyond_the_list_of_the_site():
    """A number that the list of the site lacks is a remark; without a list drugs alone are coded."""
    found, remarks = lines(KNEE, codes=Codes("73562"))
    assert set(found) == {"73562", "J3301"}
    assert ("20611",) in [one.codes for one in remarks if one.kind == "omission"]
    found, remarks = lines(KNEE, codes=Codes("99999", has_cpt=False))
    assert set(found) == {"J3301"}
    assert len(remarks) == 1
    assert "no list of CPT numbers" in remarks[0].text


def test_vaccines_have_their_administration_and_ask_for_their_diagnosis():
    """Two vaccines given are two products, one first and one further administration, pointing to Z23."""
    text = "PLAN\nInfluenza vaccine and Tdap were administered today. He declined the Shingrix vaccine.\n"
    found, remarks = lines(text)
    assert {code: one.units for code, one in found.items()} == {
        "90656": 1,
        "90715": 1,
        "90471": 1,
        "90472": 1,
    }
    assert ("Z23",) in [one.codes for one in remarks]
    with_reason = text + "ASSESSMENT\nNeed for vaccination.\n"
    found, remarks = lines(with_reason, diagnosis(with_reason, "Z23", "Need for vaccination"))
    assert found["90471"].pointers == ("Z23",)
    assert ("Z23",) not in [one.codes for one in remarks]


def test_each_injection_of_a_drug_counts():
    """Two drugs given into a muscle are two administrations, each with its own units."""
    text = "PLAN\nCeftriaxone 1 g IM was given today. Toradol 60 mg IM was administered in the office.\n"
    found, _ = lines(text)
    assert {code: one.units for code, one in found.items()} == {"96372": 2, "J0696": 4, "J1885": 4}


@pytest.mark.parametrize(
    ("text", "code", "units"),
    [
        ("injected with 80 mg Depo-Medrol", "J1010", 80),
        ("Kenalog-40, 40 mg", "J3301", 4),
        ("ketorolac 30 mg IM", "J1885", 2),
        ("ketorolac 20 mg", "J1885", 2),
        ("1,000 mcg of vitamin B12", "J3420", 1),
        ("Rocephin 0.5 g", "J0696", 2),
    ],
)
def test_dose_becomes_units_of_the_public_description(text, code, units):
    """The unit is read out of the description of HCPCS; a part of a unit counts whole."""
    found = [code_of(dose, Codes()) for dose in doses(text)]
    assert [(one.code, one.units) for one in found] == [(code, units)]


def test_drug_without_dose_has_no_code():
    """A drug whose amount is not written, or belongs to another drug, is not counted."""
    assert list(doses("injected with Kenalog")) == []
    assert [dose.drug for dose in doses("1 mL lidocaine and 40 mg Kenalog")] == [
        "triamcinolone acetonide"
    ]


def test_pairs_that_are_not_paid_together_are_asked_about():
    """A pair that a modifier allows is a question, one that none allows a conflict; 59 is never set."""
    text = (
        "PROCEDURE\nThe right knee was injected with Kenalog. Trigger points in 2 muscles were injected.\n"
        "Incision and drainage of the abscess was performed.\n"
    )
    edits = {("20610", "20552"): "1", ("20610", "10060"): "0"}
    found, remarks = lines(text, codes=Codes(edits=edits))
    assert {one.kind for one in remarks if one.codes == ("20610", "20552")} == {"query"}
    assert {one.kind for one in remarks if one.codes == ("20610", "10060")} == {"conflict"}
    assert not {"59", "XS", "XE", "XP", "XU"} & {m for one in found.values() for m in one.modifiers}


def test_two_sides_are_separate_by_themselves():
    """A pair on different sides needs no question."""
    text = "PROCEDURE\nThe right knee was injected. The carpal tunnel of the left wrist was injected.\n"
    _, remarks = lines(text, codes=Codes(edits={("20610", "20526"): "1"}))
    assert ("20610", "20526") not in [one.codes for one in remarks]


def test_image_in_a_hospital_is_the_reading_alone():
    """In an emergency department an electrocardiogram is its reading, and the hospital takes the images."""
    text = (
        "EMERGENCY DEPARTMENT NOTE\nRESULTS\nEKG was obtained today: sinus rhythm.\n"
        "Two views of the chest were obtained.\n"
        "PLAN\nToradol 30 mg IM was given. Tdap was administered.\n"
    )
    found, _ = lines(text)
    assert set(found) == {"93010"}


def test_table_is_whole():
    """Every concept has a number and a source, and every detail that a number depends on can be read."""
    for concept in concepts():
        assert concept.choices
        assert set(concept.details) <= set(DETAILS)
        for choice in concept.choices:
            assert choice.source.startswith("CMS")
            assert all(len(code) == 5 for code, _ in choice.numbers)


@settings(max_examples=40)
@given(
    text=st.text(max_size=400)
    | st.lists(st.sampled_from(KNEE.split(" ")), max_size=60).map(" ".join)
)
def test_any_note_is_read_with_verbatim_evidence(text):
    """Whatever a note holds, what is suggested is evidenced by its own words."""
    lines(text)


def test_a_line_is_not_for_another_problem_of_the_same_paragraph():
    """A diagnosis nearby that shares no word with the line and does not head it is not its reason."""
    text = (
        "ASSESSMENT AND PLAN\n1. Osteoarthritis of left knee. The left knee was injected with 40 mg of "
        "Kenalog today.\n2. Type 2 diabetes. Check A1c.\n3. Hypertension. Continue lisinopril.\n"
    )
    named = {
        "M17.12": "Osteoarthritis of left knee",
        "E11.9": "Type 2 diabetes",
        "I10": "Hypertension",
    }
    found, _ = lines(text, *(diagnosis(text, code, words) for code, words in named.items()))
    assert found["20610"].pointers == ("M17.12",)
