"""The coder's own tables against the release: no rule leads to a code that cannot be reported."""

import re

import pytest

from ml.coding.history import history_code
from ml.coding.tables import rows
from terminology.icd10cm.codes import with_seventh
from terminology.icd10cm.release import Icd10Cm
from tests.make_terminology import terminology_folder


@pytest.fixture(scope="module")
def release():
    """The base release."""
    return Icd10Cm(terminology_folder()).on("2026-06-01")


def test_codes_that_rules_make_are_billable(release):
    """History, combination, diabetes, drug and external-cause codes can all be reported."""
    made = [row[2] for row in rows("history_codes") if row[2] != "-"]
    made += [row[2] for row in rows("combinations")]
    made += ["E11" + row[1] for row in rows("diabetes_with")]
    made += [row[0] for row in rows("long_term_drugs")]
    causes = [row[1] for row in rows("external_causes")]
    made += [code if release.billable(code) else with_seventh(code, "A") for code in causes]
    assert [code for code in made if not release.billable(code)] == []


def test_codes_that_rules_ask_about_exist(release):
    """Questions, less specific codes and combinations name codes of the release."""
    asked = [code for row in rows("queries") for code in row[2].split()]
    asked += [row[0] for row in rows("less_specific")]
    asked += [row[0] for row in rows("combinations")]
    assert [code for code in asked if release.get(code) is None] == []


def test_patterns_compile():
    """Every pattern of a table is a regular expression."""
    patterns = [row[2] for name in ("context_cues", "external_causes") for row in rows(name)]
    patterns += [row[1] for row in rows("less_specific")] + [row[0] for row in rows("queries")]
    patterns += [row[3] for row in rows("long_term_drugs")]
    assert all(re.compile(pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("code", "history"),
    [
        ("C50.911", "Z85.3"),
        ("I21.9", "I25.2"),
        ("N20.0", "Z87.442"),
        ("F17.210", "Z87.891"),
        ("S52.501A", "Z87.81"),
        ("I63.9", "Z86.73"),
        ("B20", None),
    ],
)
def test_a_condition_of_the_past_has_its_history_code(code, history):
    """I.C.21.c.4: the range of a condition gives its history code; HIV never becomes history."""
    assert history_code(code) == history
