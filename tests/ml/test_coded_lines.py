"""The coder as a worker: diagnoses and lines of one encounter in one result."""

from dataclasses import replace

import pytest

from ml.coding.coder import load, run
from ml.worker import Places
from profiles.coding_records import CodingRequest, Note
from profiles.records import from_json, to_json
from terminology.cpt_import import IMPORTER
from terminology.importers import Import
from terminology.systems import CPT, ICD_10_CM
from tests.make_terminology import terminology_folder

TEXT = """CHIEF COMPLAINT
Right knee pain.

PROCEDURE
After consent the right knee was injected with 40 mg of Kenalog in sterile fashion. He tolerated it well.

ASSESSMENT AND PLAN
1. Primary osteoarthritis of the right knee.
2. Hypertension, well controlled. Continue lisinopril 10 mg daily.
"""
REQUEST = CodingRequest(
    (Note("DocumentReference/1", TEXT),), "2026-06-01", new_patient=False, systems=()
)


@pytest.fixture(scope="module")
def coders(tmp_path_factory):
    """The coder of a site that has ICD-10-CM and a list of a few CPT numbers."""
    folder = tmp_path_factory.mktemp("terminology")
    for file in terminology_folder().iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file)
    numbers = folder / "cpt-of-the-site.txt"
    numbers.write_text("20610\n99212\n99213\n99214\n")
    IMPORTER.run(Import(folder, (numbers,), "2026-01-01"))
    return load(Places(folder / "models", folder))


def code(coders, request):
    """One run."""
    return run(coders, request, lambda *_: None)


def test_one_result_has_diagnoses_and_lines(coders):
    """The injection points to the knee, the visit beside it has modifier 25, and all survive JSON."""
    result = code(coders, REQUEST)
    assert from_json(type(result), to_json(result)) == result
    by_code = {one.code: one for one in result.suggestions if one.status == "suggested"}
    assert {"M17.11", "I10", "20610"} <= set(by_code)
    assert by_code["20610"].modifiers == ("RT",)
    assert by_code["20610"].pointers[0] == "M17.11"
    visit = next(one for one in by_code.values() if one.code.startswith("99"))
    assert visit.modifiers == ("25",)
    for one in result.suggestions:
        for place in one.evidence:
            assert TEXT[place.start : place.end] == place.text


@pytest.mark.parametrize("system", [CPT, ICD_10_CM])
def test_only_the_systems_asked_for_are_answered(coders, system):
    """Lines without diagnoses, or diagnoses without lines, when that is what is wanted."""
    result = code(coders, replace(REQUEST, systems=(system,)))
    assert {one.system for one in result.suggestions} == {system}


def test_missing_list_is_said_once(coders):
    """On a day for which the site has no list, one remark says that no line is coded."""
    result = code(coders, replace(REQUEST, service_date="2025-11-01"))
    assert CPT not in {one.system for one in result.suggestions}
    assert len([one for one in result.remarks if "no list of CPT numbers" in one.text]) == 1
