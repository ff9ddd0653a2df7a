"""Numbers as people say them are the numbers that a note writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.scribe.numbers import figures, in_figures

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TENS = ["x", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("five hundred milligrams", "500 mg"),
        ("one twenty eight over seventy six", "128/76"),
        ("three out of six", "3/6"),
        ("ninety eight point six", "98.6"),
        ("one plus edema", "1+ edema"),
        ("two to three times", "2 to 3 times"),
        ("nineteen ninety eight", "1998"),
        ("one hundred and five", "105"),
        ("a hundred and five", "105"),
        ("a thousand milligrams", "1000 mg"),
        ("the a1c was seven . five and then", "the a1c was 7.5 and then"),
        ("a fever of a hundred . four now", "a fever of 100.4 now"),
        ("98 . 6 today", "98.6 today"),
        ("he is seven . two of them came .", "he is 7 . 2 of them came ."),
        ("it was seven . two years ago", "it was 7 . 2 years ago"),
        ("a hundred times", "a hundred times"),
        ("no one said this one", "no one said this one"),
        ("forty five percent", "45%"),
    ],
)
def test_spoken_numbers(said, written):
    """Number words, their units and their fractions have one writing."""
    assert in_figures(said) == written


@given(st.integers(2, 9), st.integers(2, 9))
def test_tens_and_ones_are_one_number(tens, ones):
    """Said in words or written in figures, a number is the same number."""
    said = f"{TENS[tens]} {ONES[ones]} units"
    assert figures(said) == figures(f"{tens}{ones} units")


@given(st.text(max_size=60))
def test_any_text_can_be_read(text):
    """No text is refused, and reading it twice changes nothing."""
    assert in_figures(in_figures(text)) == in_figures(text)
    assert all(float(one) >= 0 for one in figures(text))
