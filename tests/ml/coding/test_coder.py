"""Codes of notes that were written for these tests."""

import pytest

LINES = {
    "Hypertension, well controlled.": ["I10"],
    "HTN, DM2 and GERD": ["I10", "E11.9", "K21.9"],
    "Type 2 diabetes mellitus with CKD stage 3b.": ["E11.22", "N18.32"],
    "Diabetic foot ulcer, left heel.": ["E11.621"],
    "Acute on chronic diastolic heart failure.": ["I50.33"],
    "Paroxysmal atrial fibrillation on apixaban.": ["I48.0"],
    "COPD with acute exacerbation.": ["J44.1"],
    "Mild persistent asthma.": ["J45.30"],
    "Community-acquired pneumonia.": ["J18.9"],
    "Left distal radius fracture.": ["S52.502A"],
    "Right ankle sprain.": ["S93.401A"],
    "ACL tear of the left knee.": ["S83.512A"],
    "Bilateral carpal tunnel syndrome.": ["G56.03"],
    "Bilateral medial epicondylitis.": ["M77.01", "M77.02"],
    "Osteoarthritis of both knees.": ["M17.0"],
    "Chronic low back pain.": ["M54.50", "G89.29"],
    "Iron deficiency anemia.": ["D50.9"],
    "Status post kidney transplant.": ["Z94.0"],
    "History of colon cancer.": ["Z85.038"],
    "History of kidney stones.": ["Z87.442"],
    "Major depressive disorder, recurrent, moderate.": ["F33.1"],
    "Right knee pain due to a medial meniscus tear.": ["S83.241A"],
    "Annual physical exam.": ["Z00.00"],
    "Left lower quadrant pain.": ["R10.32"],
    "Essential hypertension (I10)": ["I10"],
    "E66.9 Obesity": ["E66.9"],
    "Stage 2 sacral pressure ulcer.": ["L89.152"],
    "Breast cancer, right.": ["C50.911"],
    "Nausea and vomiting.": ["R11.2"],
    "Hyperlension.": ["I10"],
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_an_assessment_is_coded(coder, line):
    """Index defaults, sides, stages, combination codes and history follow from the words of a line."""
    assert sorted(coder.codes(f"ASSESSMENT AND PLAN\n1. {line}\n")) == sorted(LINES[line])


def test_hypertension_with_heart_failure_and_kidney_disease_is_one_code(coder):
    """I.C.9.a: the combination code comes first, the kinds of failure and stage beside it."""
    text = "ASSESSMENT\n1. Hypertension.\n2. Chronic systolic heart failure.\n3. CKD stage 4.\n"
    assert coder.codes(text) == ["I13.0", "I50.22", "N18.4"]


def test_a_note_that_unlinks_two_conditions_is_believed(coder):
    """I.A.15: "with" is presumed unless the note says that the conditions are unrelated."""
    text = "ASSESSMENT\n1. Diabetes mellitus.\n2. CKD stage 2, not due to diabetes.\n"
    assert coder.codes(text) == ["E11.9", "N18.2"]


def test_a_symptom_of_a_coded_disease_is_not_coded(coder):
    """I.B.5: cough with pneumonia, knee pain with osteoarthritis."""
    text = (
        "ASSESSMENT\n1. Cough.\n2. Pneumonia.\n3. Left knee pain.\n4. Left knee osteoarthritis.\n"
    )
    assert coder.codes(text) == ["J18.9", "M17.12"]


def test_an_uncertain_diagnosis_is_coded_for_inpatients_alone(coder):
    """IV.H against II.H: the outpatient's symptom, the inpatient's suspected disease."""
    text = "CHIEF COMPLAINT\nAbdominal pain.\n\nASSESSMENT\n1. Suspected appendicitis.\n"
    assert coder.codes(text) == ["R10.9"]
    assert coder.codes(text, setting="inpatient") == ["K37"]


def test_a_suspicion_that_the_images_confirm_is_coded(coder):
    """A diagnosis that one line calls likely is certain when the note reports the finding."""
    text = (
        "RESULTS\nX-rays of the right ankle revealed a lateral malleolus fracture.\n\n"
        "ASSESSMENT\nRight ankle pain, likely lateral malleolus fracture.\n"
    )
    assert coder.codes(text) == ["S82.61XA"]


def test_negated_and_family_problems_are_not_coded(coder):
    """What is denied, ruled out or a relative's is no diagnosis of the patient."""
    text = (
        "FAMILY HISTORY\nMother with breast cancer.\n\nASSESSMENT\n1. No evidence of pneumonia.\n"
        "2. Pulmonary embolism ruled out.\n3. Acute bronchitis.\n"
    )
    assert coder.codes(text) == ["J20.9"]


def test_the_side_comes_from_the_rest_of_the_note(coder):
    """A line without a side takes the one that the complaint gives for the same part of the body."""
    text = "CHIEF COMPLAINT\nRight shoulder pain.\n\nASSESSMENT\n1. Rotator cuff tendinitis.\n"
    assert coder.codes(text) == ["M75.81"]


def test_contradicting_sides_are_a_question(coder):
    """With right and left in the note the unspecified code stands, and the provider is asked."""
    text = "HPI\nPain in the right hip. The left hip is tender.\n\nASSESSMENT\n1. Trochanteric bursitis.\n"
    result = coder.result(text)
    assert [one.code for one in result.suggestions][:1] == ["M70.60"]
    (query,) = [one for one in result.remarks if one.kind == "query"]
    assert set(query.codes) == {"M70.61", "M70.62"}


def test_an_unspecified_code_is_asked_about_only_where_the_answer_changes_it(coder):
    """Heart failure without a type is a question; lateral epicondylitis with its side is none."""
    asked = coder.result("ASSESSMENT\n1. Congestive heart failure.\n").remarks
    assert [one.kind for one in asked] == ["query"]
    assert not coder.result("ASSESSMENT\n1. Right lateral epicondylitis.\n").remarks


def test_codes_that_exclude_each_other_are_reported(coder):
    """I.A.12.a: both stay, and a person decides."""
    text = "ASSESSMENT\n1. Type 1 diabetes mellitus.\n2. Gestational diabetes.\n"
    found = [one for one in coder.result(text).remarks if one.kind == "conflict"]
    assert found
    assert all(len(one.codes) == 2 and one.rule.rule == "I.A.12.a" for one in found)


def test_external_causes_and_long_term_drugs_are_offered_not_suggested(coder):
    """A site decides whether it reports them; until then they stand below the threshold."""
    text = (
        "HPI\nShe slipped on the ice yesterday and fell. She takes metformin.\n\n"
        "ASSESSMENT\n1. Left wrist sprain.\n2. Type 2 diabetes.\n"
    )
    result = coder.result(text)
    offered = {one.code for one in result.suggestions if one.status == "below-threshold"}
    assert {"W00.0XXA", "Z79.84"} <= offered
    assert coder.codes(text) == ["S63.502A", "E11.9"]


def test_problems_that_only_running_text_names_are_coded(coder):
    """A note without any list is read whole; codes have the words as evidence."""
    text = "61 yo M w/ h/o CAD s/p CABG here for f/u of HTN and HLD."
    assert sorted(coder.codes(text)) == ["E78.5", "I10", "I25.10", "Z95.1"]


def test_history_exam_and_status_codes_have_their_place(coder):
    """IV.G: the reason for the visit first, status codes after the problems."""
    text = "ASSESSMENT\n1. Status post kidney transplant.\n2. Hypothyroidism.\n3. Annual physical exam.\n"
    assert coder.codes(text) == ["Z00.00", "E03.9", "Z94.0"]


def test_every_suggestion_is_complete(coder):
    """System, release, rules with their source, features, and spans that stand in the note word for word."""
    text = "ASSESSMENT\n1. Right knee osteoarthritis.\n2. Asthma with exacerbation.\n"
    result = coder.result(text)
    assert result.digests
    for one in result.suggestions:
        assert one.system == "http://hl7.org/fhir/sid/icd-10-cm"
        assert one.version == "2026-04"
        assert one.display
        assert 0 < one.score <= 1
        assert one.features
        assert all(rule.rule and rule.text and rule.source for rule in one.rules)
        assert one.evidence
        assert all(text[span.start : span.end] == span.text for span in one.evidence)


def test_copied_paragraphs_count_once(coder):
    """A note that repeats itself has the codes and scores of the note once."""
    text = "ASSESSMENT\n1. Gout.\n2. Hypertension.\n"
    assert coder.codes(text * 20) == coder.codes(text)


def test_notes_of_one_encounter_are_coded_together(coder):
    """Two notes give each code once, with the evidence of both."""
    result = coder.result("ASSESSMENT\n1. Gout.\n", "ASSESSMENT\n1. Gout.\n2. Asthma.\n")
    first = result.suggestions[0]
    assert [one.code for one in result.suggestions] == ["M10.9", "J45.909"]
    assert {span.document for span in first.evidence} == {
        "DocumentReference/0",
        "DocumentReference/1",
    }


def test_the_threshold_of_the_request_counts(coder):
    """A stricter threshold moves suggestions below it, it does not remove them."""
    text = "ASSESSMENT\n1. Gout.\n"
    assert coder.codes(text, threshold=0.95) == []
    assert [one.status for one in coder.result(text, threshold=0.95).suggestions] == [
        "below-threshold"
    ]
