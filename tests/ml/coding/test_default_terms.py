"""The table of default terms against the release."""

import re

import pytest

from ml.coding.match import defaults
from terminology.default_terms import default_terms
from terminology.icd10cm.release import Icd10Cm
from tests.make_terminology import terminology_folder


@pytest.fixture(scope="module")
def release():
    """The base release."""
    return Icd10Cm(terminology_folder()).on("2026-06-01")


def test_every_code_is_in_the_release_and_can_be_billed_or_expanded(release):
    """No row leads to a dead code: each is billable, or has billable codes below it."""
    for row in default_terms():
        for code in (row.code, *dict(row.sided).values(), *row.also):
            found = release.get(code)
            assert found is not None, (row.term, code)
            assert found.billable or any(map(release.billable, release.descendants(code))), code


def test_every_row_says_where_it_comes_from():
    """Each row names its index entry or guideline section, and no term has two rows."""
    rows = default_terms()
    assert all(re.match(r"ICD-10-CM Index: \w|I\.[A-C]\.", row.source) for row in rows)
    assert len({row.term for row in rows}) == len(rows)


def test_it_covers_the_lead_terms_of_all_specialties():
    """There are well over 1,500 different lead terms in 20 chapters."""
    assert len({(row.source, row.code) for row in default_terms()}) >= 1500
    assert len({row.code[0] for row in default_terms()}) >= 20
    assert len(defaults()) >= 4000


def test_a_term_alone_is_coded_as_its_row_says(coder):
    """A line with nothing but a term of the table is coded to the row's code (every 40th row)."""
    for row in default_terms()[::40]:
        wanted = {row.code, *dict(row.sided).values()}
        found = coder.codes(f"ASSESSMENT\n1. {row.term[0].upper()}{row.term[1:]}.\n")
        assert any(code.startswith(tuple(wanted)) for code in found), (row.term, found)
