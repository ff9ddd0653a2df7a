"""Substances of allergies as they are said: lists, sentences without punctuation, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.scribe.allergens import allergens
from ml.scribe.dialogue import segments_of
from ml.scribe.facts import allergy_facts, medication_facts
from ml.scribe.units import units


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("I am allergic to penicillin and amoxicillin", ["penicillin", "amoxicillin"]),
        (
            "I'm allergic to Penicillin, sulfa drugs, and latex. I take aspirin",
            ["Penicillin", "sulfa drugs", "latex"],
        ),
        ("allergies to the tree nuts or shellfish but not eggs", ["tree nuts", "shellfish"]),
        ("she has an allergy to penicillin it gives her hives", ["penicillin"]),
        ("allergic to bactrim and to codeine and I get a rash", ["bactrim", "codeine"]),
        ("allergic to penicillin and lisinopril is what I take", ["penicillin"]),
        ("allergic to penicillin and lisinopril makes me cough", ["penicillin", "lisinopril"]),
        ("allergic to penicillin every time I take it", ["penicillin"]),
        ("allergic to amoxicillin last year during a visit", ["amoxicillin"]),
        ("allergic to wasp stings ever after that summer", ["wasp stings"]),
        ("allergic to ibuprofen aspirin and naproxen", ["ibuprofen", "aspirin", "naproxen"]),
        ("allergic to penicillin and take metformin daily", ["penicillin"]),
        ("allergic to", []),
    ],
)
def test_every_substance_of_a_list_is_named_and_nothing_behind_it(said, named):
    """A list ends where words begin that are about what was named, or about something else."""
    assert [said[begin:end] for begin, end in allergens(said)] == named


def test_two_substances_are_two_allergies_and_no_medicines():
    """Neither is told as something that the patient takes."""
    told = units(segments_of("[patient] I am allergic to penicillin and amoxicillin."))
    substances = [dict(fact.parts)["substance"] for fact in allergy_facts(told)]
    assert substances == ["penicillin", "amoxicillin"]
    assert medication_facts(told) == []


@pytest.mark.parametrize("answer", ["Yes.", "Yes, I am."])
def test_an_allergy_without_a_substance_is_no_fact(answer):
    """Somebody who is allergic to something is not allergic to "anything"."""
    told = units(segments_of(f"[doctor] Are you allergic to anything?\n[patient] {answer}"))
    assert allergy_facts(told) == []


@given(st.text("allergic to penicillin, and. the I", max_size=80).map("allergic to {}".format))
def test_spans_are_in_order_and_of_words(text):
    """Whatever is said, spans do not meet and begin and end with a word."""
    at = 0
    for begin, end in allergens(text):
        assert at <= begin < end <= len(text)
        assert text[begin:end] == text[begin:end].strip(" ,")
        at = end
