"""Sections and lines of notes as clinicians write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.coding.sections import sections

NOTES = {
    "capitals": "CHIEF COMPLAINT\n\nCough.\n\nASSESSMENT AND PLAN\n\n1. Cough.\n",
    "colons": "Chief Complaint: Cough.\nAssessment and Plan:\n1. Cough.\n",
    "short": "CC:\nCough.\n\nA/P:\n# Cough\n",
    "markdown": "## Chief complaint\nCough.\n\n## Assessment and plan\n- Cough\n",
    "bold": "**Chief Complaint:** Cough.\n\n**Assessment/Plan:**\n* Cough\n",
    "windows": "CHIEF COMPLAINT\r\nCough.\r\nIMPRESSION AND PLAN\r\n1) Cough.\r\n",
    "damaged": "CHIEF COMPLAlNT\nCough.\nASSESSMENI AND PLAN\n1. Cough.\n",
}


@pytest.mark.parametrize("name", NOTES)
def test_headings_are_known_in_every_usual_form(name):
    """Capitals, colons, markdown, abbreviations and scanned headings open the same sections."""
    text = NOTES[name]
    found = [
        (part.kind, [text[x.start : x.end].strip("*. ") for x in part.lines])
        for part in sections(text)
    ]
    assert found == [("complaint", ["Cough"]), ("assessment", ["Cough"])]


def test_a_note_without_headings_is_one_section():
    """What stands under no heading is read as a section of its own."""
    (part,) = sections("HTN, DM2\nContinue metformin.")
    assert part.kind == "other"
    assert len(part.lines) == 2


def test_a_label_of_one_problem_opens_no_section():
    """Inside an assessment "Medications: ..." belongs to its problem."""
    text = "ASSESSMENT\n1. Gout.\nMedications: start allopurinol.\n2. Asthma.\n"
    assert [part.kind for part in sections(text)] == ["assessment"]


@given(st.text(alphabet="ASSESSMENT plan:#*-1.)\n\t \u2022aA", max_size=400))
def test_lines_keep_their_offsets(text):
    """Every line lies in its section, in order, without white space at its ends."""
    last = 0
    for part in sections(text):
        for line in part.lines:
            assert last <= line.start <= line.end <= len(text)
            assert text[line.start : line.end] == text[line.start : line.end].strip()
            last = line.end
