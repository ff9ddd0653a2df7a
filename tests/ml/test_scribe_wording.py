"""How the scribe words what was said: whole sentences, with what they are about."""

from pathlib import Path

import pytest

from ml.scribe.clauses import sentences
from ml.scribe.dialogue import segments_of
from ml.scribe.facts import allergy_facts, medication_facts, vital_facts
from ml.scribe.person import Pronouns, doctor_to_third, patient_to_third
from ml.scribe.scribe import load
from ml.scribe.spoken import plain
from ml.scribe.statement import sentence, statement
from ml.scribe.symptoms import symptoms_of
from ml.scribe.units import units
from ml.scribe.verify import unsupported
from ml.worker import Places

HER = Pronouns("she", "her", "her", "herself")


@pytest.fixture(scope="module")
def scribe():
    """The scribe as it ships."""
    return load(Places(Path("none"), Path("none")))


def told(dialogue):
    """What each unit of a dialogue says, with its segments."""
    return [
        (sentence(statement(one, HER)), one.segments)
        for one in units(segments_of(dialogue))
        if one.answer != "open"
    ]


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("[patient] I am allergic to penicillin, it gives me hives.", []),
        ("[doctor] Are you allergic to penicillin?\n[patient] Yes.", []),
        ("[patient] I am allergic to Penicillin.", []),
        ("[patient] I am allergic to penicillin and I take lisinopril.", ["lisinopril"]),
    ],
)
def test_what_somebody_is_allergic_to_is_not_what_they_take(said, taken):
    """A medicine that is named as the substance of an allergy alone is an allergy and no medication."""
    told_of = units(segments_of(said))
    (allergy,) = allergy_facts(told_of)
    assert dict(allergy.parts)["substance"].lower().startswith("penicillin")
    assert [dict(one.parts)["name"] for one in medication_facts(told_of)] == taken


def test_a_dose_is_told_with_the_medicine_that_was_asked_about():
    """An answer that is only a dose is quoted with its question, and rests on both."""
    text = (
        "[doctor] How much lisinopril are you taking?\n[patient] Twenty milligrams every morning."
    )
    said = told(text)
    wanted = 'Asked "how much lisinopril are you taking", she said "20 mg every morning".'
    assert said == [(wanted, (0, 1))]
    assert unsupported(wanted, " ".join(one.text for one in segments_of(text))) == ()


def test_a_dose_in_an_answer_is_a_part_of_the_fact():
    """The medicine of the question has the dose and the frequency of the answer."""
    text = (
        "[doctor] How much lisinopril are you taking?\n[patient] Twenty milligrams every morning."
    )
    (fact,) = medication_facts(units(segments_of(text)))
    assert dict(fact.parts) == {
        "name": "lisinopril",
        "dose": "20 mg",
        "frequency": "every morning",
        "status": "current",
    }


def test_a_dose_after_a_question_stays_with_its_medicine():
    """A dose that a doctor adds to a question is one sentence with it."""
    text = (
        "[doctor] i are you still taking the metformin we have you on a thousand milligrams twice a "
        "day\n[patient] yes"
    )
    wanted = "She is still taking the metformin; we have her on 1000 mg twice daily."
    assert told(text) == [(wanted, (0, 1))]


def test_an_interrupted_sentence_is_whole_and_rests_on_both_turns():
    """What is broken off by a listener's word goes on in the next turn of its speaker."""
    text = (
        "[doctor] You have some pain over the lumbar spine-\n[patient] Mm-hmm.\n"
        "[doctor] at the level of L5. The legs are strong."
    )
    assert told(text)[0] == ("She has some pain over the lumbar spine at the level of L5.", (0, 2))


def test_a_finished_sentence_is_not_joined_to_the_next_turn():
    """After a full stop, and after an answer that says something, nothing is joined."""
    stop = "[doctor] You have pain-\n[patient] Mm-hmm.\n[doctor] . The legs are strong."
    assert [where for _, where in told(stop)] == [(0,), (2,)]
    other = "[doctor] You have pain-\n[patient] It burns at night.\n[doctor] The legs are strong."
    assert all(len(where) == 1 for _, where in told(other))


def test_a_hesitation_does_not_end_a_sentence():
    """Dots of hesitation leave a sentence whole."""
    assert sentences("I felt, um ... a weakness in my foot.") == ["i felt, a weakness in my foot."]
    assert sentences("Dr. Okafor saw me.") == ["dr okafor saw me."]


def test_an_opening_phrase_stays_with_its_clause():
    """What a clause is about is not cut off from it, at either end of a run of words."""
    said = (
        "in reviewing the results of the films of your back , this is a normal x-ray of your spine"
    )
    assert len(sentences(said)) == 1
    run = "the uvula is midline and there is some redness on your neck exam i feel a small node on the right"
    assert sentences(run)[-1].startswith("on your neck exam i feel")


def test_a_slip_is_told_with_its_correction():
    """A doctor's correction of himself stands in the sentence that it corrects."""
    said = (
        "i want to order another hemoglobin a1c in a couple weeks or i am sorry a couple of months"
    )
    assert sentences(said) == [said]


@pytest.mark.parametrize(
    ("question", "answer", "wanted"),
    [
        (
            "Is your skin pretty sensitive?",
            "Yes.",
            'Asked "is your skin pretty sensitive", she said yes.',
        ),
        (
            "Does he or anyone have asthma?",
            "No.",
            'Asked "does he or anyone have asthma", she said no.',
        ),
        (
            "How did you lose it?",
            "With long walks.",
            'Asked "how did you lose it", she said "with long walks".',
        ),
        (
            "Which knee is it?",
            "My right knee.",
            'Asked "which knee is it", she said "my right knee".',
        ),
        (
            "Can you rate your pain?",
            "It is like a four.",
            'Asked "can you rate your pain", she said "it is like a 4".',
        ),
        (
            "Do you have did you have surgery?",
            "Yes.",
            'Asked "do you have did you have surgery", she said yes.',
        ),
        ("Have you had any back pain?", "No.", "She denies back pain."),
        ("Have you ever been a smoker?", "Yes.", "She has been a smoker."),
        ("Do you currently drink coffee?", "Yes.", "She currently drinks coffee."),
    ],
)
def test_what_cannot_be_turned_is_quoted(question, answer, wanted):
    """A question that is no statement is quoted with its answer; others are told in the third person."""
    assert (wanted, (0, 1)) in told(f"[doctor] {question}\n[patient] {answer}")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("we have you on 20 mg", "we have her on 20 mg"),
        ("we had you on prozac", "we had her on prozac"),
        ("yours was exactly 2 mm", "hers was exactly 2 mm"),
        ("have you been well", "has she been well"),
    ],
)
def test_what_others_do_has_an_object(said, wanted):
    """Who is treated is not who treats."""
    assert doctor_to_third(said, HER) == wanted


def test_a_verb_after_a_comma_agrees():
    """A sentence that begins anew has its own verb form."""
    said = "i have had, i have been having this pain and have cramps"
    assert patient_to_third(said, HER).startswith("she has had, she has been having this pain")


def test_a_study_of_weight_loss_is_no_symptom():
    """A programme or study with a symptom in its name does not say that the patient has it."""
    told_of = units(segments_of("[doctor] We talked about the weight loss study."))
    assert symptoms_of(told_of, [True] * len(told_of)) == []


def test_a_value_is_told_with_what_was_measured():
    """A value that follows its vital sign is one sentence with it, and a fact."""
    text = "[doctor] Your blood pressure is pretty good. It's about one thirty two over eighty."
    assert told(text) == [("Her blood pressure is pretty good, it is about 132/80.", (0,))]
    (fact,) = vital_facts(units(segments_of(text)))
    assert dict(fact.parts) == {"name": "blood pressure", "value": "132/80"}


def test_a_decimal_is_not_cut_at_its_point():
    """A number that a recogniser wrote with a full stop stays one number."""
    text = "[doctor] your hemoglobin a1c last time was seven . five and we talked about your diet"
    (said, where) = told(text)[0]
    assert "7.5" in said
    assert unsupported(said, segments_of(text)[0].text) == ()
    assert where == (0,)


def test_a_decimal_dose_of_a_medicine_is_not_cut_at_its_point():
    """Half of a dose would be another dose; an amount of something else ends its sentence."""
    text = "[doctor] i see here you are on two . five of norvasc for your blood pressure"
    (said, where) = told(text)[0]
    assert ("2.5 of norvasc" in said, where) == (True, (0,))
    assert unsupported(said, segments_of(text)[0].text) == ()
    assert "point" not in plain("there were two . five of them were mine")


def test_what_others_have_is_no_symptom():
    """The cough of other people is not the patient's."""
    spoken = units(segments_of("[patient] My kids have a cough."))
    assert symptoms_of(spoken, [True] * len(spoken)) == []


def test_what_was_not_had_is_denied():
    """A symptom that the patient is said not to have had is denied, not reported."""
    spoken = units(segments_of("[doctor] You have not had any chest pain or shortness of breath."))
    found = symptoms_of(spoken, [True] * len(spoken))
    assert [(one.name, one.status) for one in found] == [
        ("chest pain", "denied"),
        ("shortness of breath", "denied"),
    ]


def test_names_and_levels_have_capitals():
    """Months, titles of persons, vitamins and levels of the spine are written as names."""
    assert (
        sentence("in july dr okafor gave vitamin d at l5")
        == "In July Dr Okafor gave vitamin D at L5."
    )
