"""The scorer of notes counts as the package rouge-score counts."""

import pytest

from conformance.rouge import rouge, tokens
from ml.text.porter import stem

WORDS = {
    "ponies": "poni",
    "ties": "tie",
    "agreed": "agre",
    "plastered": "plaster",
    "hopping": "hop",
    "sized": "size",
    "happily": "happili",
    "relational": "relat",
    "hopefulness": "hope",
    "adoption": "adopt",
    "controlling": "control",
    "dying": "die",
    "enjoy": "enjoy",
    "cardiology": "cardiolog",
    "formally": "formal",
}
REFERENCE = "The patient denies chest pains.\nBlood pressure was 128/76."
CANDIDATE = "She denies chest pain.\nThe blood pressure: 128/76 today."


@pytest.mark.parametrize("word", WORDS)
def test_stems(word):
    """A word has the stem that Porter's algorithm gives in NLTK's default mode."""
    assert stem(word) == WORDS[word]


def test_short_words_keep_their_form():
    """Words of up to three letters are not stemmed, numbers are words."""
    assert tokens("Was 128/76, as his eyes") == ["was", "128", "76", "as", "his", "eye"]


def test_scores_equal_those_of_rouge_score():
    """The four measures are those that rouge-score 0.1.2 gives for the same pair."""
    got = rouge(REFERENCE, CANDIDATE)
    assert got.rouge1 == pytest.approx(0.8)
    assert got.rouge2 == pytest.approx(4 / 9)
    assert got.rouge_l == pytest.approx(0.7)
    assert got.rouge_lsum == pytest.approx(0.8)


def test_nothing_in_common():
    """Texts without a common word, and empty texts, score nothing."""
    assert rouge("fever", "").rouge1 == 0.0
    assert rouge("fever", "cough").rouge_lsum == 0.0
