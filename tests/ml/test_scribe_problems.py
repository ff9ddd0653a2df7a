"""The plan of a note by the problems that the clinician names."""

from pathlib import Path

import pytest

from ml.scribe.dialogue import segments_of, transcript_of
from ml.scribe.problems import problems_of
from ml.scribe.scribe import load, run
from ml.scribe.units import units
from ml.scribe.verify import unsupported
from ml.worker import Places
from profiles.speech_records import ScribeRequest

TALK = """[doctor] Good morning, what brings you in today?
[patient] My left knee has been hurting for two weeks, and I need my pills for my blood pressure.
[doctor] Any fevers or chills?
[patient] No.
[doctor] On exam there is tenderness of the left knee. The lungs are clear.
"""
PLAN = """[doctor] Okay, let me tell you a little bit about my assessment and plan.
[doctor] For your first problem, your left knee pain, I want you to start naproxen 500 mg twice a day.
[doctor] I will also refer you to physical therapy for four weeks.
[doctor] For your second problem of your hypertension, I am going to increase the lisinopril to 20 mg daily.
[doctor] I would like to see you back in six weeks."""


@pytest.fixture(scope="module")
def scribe():
    """The scribe as it ships."""
    return load(Places(Path("none"), Path("none")))


def note_of(scribe, template):
    """The note of a visit with two problems."""
    given = ScribeRequest(transcript_of(TALK + PLAN), template, patient_sex="male")
    return run(scribe, given, lambda *_: None)


def lines(note, code):
    """The sentences of one section."""
    return [one.text for part in note.sections if part.code == code for one in part.sentences]


def test_what_is_planned_stands_under_its_problem(scribe):
    """Each line of the plan follows the title of the problem that was named last before it."""
    plan = lines(note_of(scribe, "h-and-p"), "51847-2")
    knee, pressure = plan.index("Left knee pain:"), plan.index("Hypertension:")
    assert knee < pressure
    assert any("naproxen" in one for one in plan[knee:pressure])
    assert any("physical therapy" in one for one in plan[knee:pressure])
    assert any("lisinopril" in one for one in plan[pressure:])


@pytest.mark.parametrize("template", ["soap", "consult", "discharge"])
def test_an_assessment_lists_the_problems(scribe, template):
    """Where assessment and plan are sections of their own, the assessment names every problem."""
    note = note_of(scribe, template)
    code = {"soap": "51848-0", "consult": "51848-0", "discharge": "11535-2"}[template]
    assert {"Left knee pain", "Hypertension"} <= {one.rstrip(".:") for one in lines(note, code)}
    plan = lines(note, "18776-5")
    assert plan.index("Left knee pain:") < plan.index("Hypertension:")


def test_the_title_of_a_problem_has_its_evidence(scribe):
    """A title rests on the segment that names it and says nothing else."""
    said = {one.number: one.text for one in segments_of(TALK + PLAN)}
    titles = [
        one
        for part in note_of(scribe, "soap").sections
        for one in part.sentences
        if one.text.endswith(":")
    ]
    assert titles
    for one in titles:
        spoken = " ".join(said[number] for number in one.segments)
        assert one.text.rstrip(":").lower() in spoken.lower()
        assert unsupported(one.text, spoken) == ()


@pytest.mark.parametrize(
    ("said", "titles"),
    [
        ("For your strength, you have 5 out of 5.", []),
        ("For your annual exam, you are due for a mammogram.", []),
        ("From a depression standpoint, you are doing well.", ["depression"]),
        ("My diagnosis here would be lateral epicondylitis.", ["lateral epicondylitis"]),
        ("In terms of your possible pneumonia, we will wait.", []),
        ("For your back pain, rest. For your back pain, ice too.", ["back pain"]),
    ],
)
def test_only_illness_is_a_problem(said, titles):
    """A title is a name of an illness that is told as such, and each stands once."""
    spoken = units(segments_of("[patient] Hello.\n[doctor] Hello.\n[doctor] " + said))
    assert [one.title for one in problems_of(spoken)] == titles
