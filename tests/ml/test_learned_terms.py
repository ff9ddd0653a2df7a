"""The terms by which the coder's suggestions are learned from come out of the terminology."""

from pathlib import Path

import pytest

from ml.coding import coder
from ml.worker import Places
from profiles.coding_records import CodingRequest, Note
from terminology.icd10cm.release import Icd10Cm
from tests.make_terminology import terminology_folder

NOTE = """ASSESSMENT AND PLAN
1. HTN Zyxwvut: continue lisinopril.
2. Right knee pain, Qponmlk: ice.
3. Type 2 diabetes mellitus with diabetic nephropathy: metformin.
"""


@pytest.fixture(scope="module")
def suggestions(tmp_path_factory: pytest.TempPathFactory) -> list:
    """What the coder makes of the note."""
    model = coder.load(Places(tmp_path_factory.mktemp("models"), terminology_folder()))
    asked = CodingRequest((Note("DocumentReference/1", NOTE),), "2026-05-04")
    return [s for s in coder.run(model, asked, lambda *_: None).suggestions if s.evidence]


def test_every_diagnosis_names_its_term(suggestions):
    """Each suggested diagnosis carries the term that led to it."""
    assert {s.code for s in suggestions} >= {"I10", "M25.561", "E11.21"}
    assert [s.code for s in suggestions if not s.term] == []


def test_no_word_of_the_note_alone_enters_a_term(suggestions):
    """Every word of a term is a word of the release or of the default terms."""
    release = Icd10Cm(terminology_folder()).on("2026-05-04")
    known = {word for _, text, _ in release.terms() for word in text.casefold().split()}
    table = Path(__file__).parents[2] / "terminology" / "default_terms.tsv"
    known |= set(table.read_text(encoding="utf-8").casefold().split())
    for one in suggestions:
        words = one.term.casefold().split()
        assert [w for w in words if w not in known and w.strip(",()[]") not in known] == []
