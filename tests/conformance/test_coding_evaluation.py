"""An evaluation counts what a coder promises, from results that break each promise once."""

import json
from dataclasses import replace

from conformance.coding_evaluation import CodeSystem, Material, evaluation
from conformance.coding_quality import quality
from conformance.coding_report import speed_shown, table
from conformance.coding_run import Coded
from profiles.coding_records import (
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
)

SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
TEXT = "Hypertension, stable.\nChest pain on exertion."
REQUEST = CodingRequest((Note("DocumentReference/1", TEXT),), "2026-05-04")
EVIDENCE = Evidence("DocumentReference/1", 0, 12, "Hypertension")


def _suggestion(code, evidence=EVIDENCE, score=0.9, status="suggested", system=SYSTEM):
    return CodeSuggestion(
        system, "2026-04", code, "", score, status, (evidence,) if evidence else ()
    )


def _quality(suggestions, remarks=()):
    result = CodingResult("c", "1", tuple(suggestions), tuple(remarks))
    return quality(REQUEST, result, SYSTEM, {"I10", "R07.9"}.__contains__, _excludes1)


def _excludes1(one, other):
    return {one, other} == {"I10", "R07.9"} and one == "I10"


def test_spans_are_compared_with_the_note():
    """A span counts when the note says that text there: another place, document or text does not."""
    wrong = [
        replace(EVIDENCE, start=1, end=13),
        replace(EVIDENCE, document="DocumentReference/2"),
        replace(EVIDENCE, text="hypertension"),
        replace(EVIDENCE, start=0, end=0, text=""),
        replace(EVIDENCE, start=-13, end=-1),
    ]
    found = _quality([_suggestion("I10", one) for one in [EVIDENCE, *wrong]])
    assert (found.spans, found.verbatim) == (6, 1)
    assert _quality([_suggestion("I10", None)]).without_evidence == 1


def test_a_code_that_the_release_does_not_bill_is_counted():
    """Only suggested codes of the system count; those below the threshold are not suggestions."""
    given = [
        _suggestion("I10"),
        _suggestion("R51"),
        _suggestion("R52", status="below-threshold"),
        _suggestion("99213", system="http://www.ama-assn.org/go/cpt"),
    ]
    found = _quality(given)
    assert (found.codes, found.billable) == (2, 1)


def test_a_conflict_is_reported_when_one_remark_names_both_codes():
    """Two remarks with one code each, or a remark of another kind, report nothing."""
    pair = [_suggestion("R07.9"), _suggestion("I10")]
    apart = [CodingRemark("conflict", "", (code,)) for code in ("I10", "R07.9")]
    other = [CodingRemark("query", "", ("I10", "R07.9"))]
    together = [CodingRemark("conflict", "", ("R07.9", "I10"))]
    assert [_quality(pair, said).reported for said in (apart, other, together)] == [0, 0, 1]
    assert _quality(pair).conflicts == 1


def _done():
    results = {
        "1": [_suggestion("I10"), _suggestion("R07.9", score=0.4, status="below-threshold")],
        "2": [_suggestion("R07.9", score=0.6)],
        "3": [],
    }
    return [
        Coded(key, REQUEST, CodingResult("c", "1", tuple(s)), 0.25, 0.2)
        for key, s in results.items()
    ]


MATERIAL = Material(
    {
        "one": {"1": frozenset({"I10", "R51"}), "2": frozenset({"I10"}), "3": frozenset()},
        "two": {"1": frozenset({"I10"}), "2": frozenset({"R079"})},
    },
    {"peer": {"1": frozenset({"I109"})}},
    fold_count=2,
)
CODE_SYSTEM = CodeSystem(SYSTEM, "2026-04", {"I10", "R079", "R07.9"}.__contains__, _excludes1)


def test_an_evaluation_scores_coder_and_peers_by_the_same_rules():
    """Rows hold the coder against every coder of people, without dead codes, and each peer."""
    found = evaluation(_done(), MATERIAL, CODE_SYSTEM)
    rows = {(row["source"], row["labels"]): row for row in found["rows"]}
    assert rows["coder", "one"]["exact"]["tp"] == 1
    assert rows["coder", "one"]["exact"]["fn"] == 2
    assert rows["coder", "one, without dead codes"]["exact"]["fn"] == 1
    assert rows["coder", "two"]["exact"]["f1"] == 1.0
    assert rows["peer", "one"]["category"]["tp"] == 1
    assert found["labels"]["one"]["dead_on_the_date"] == ["R51"]
    assert found["agreement"]["coder"]["consensus_recall"] == 1.0
    assert found["agreement"]["peer"]["any_coder_precision"] == 0.0
    assert len(found["folds"]["each"]) == 2
    assert all(row["source"] in table(found["rows"]) for row in found["rows"])


def test_raw_lists_can_be_scored_again_and_hold_no_text():
    """The lists per note give the same counts, and no word of a note is in the JSON."""
    found = evaluation(_done(), MATERIAL, CODE_SYSTEM)
    again = sum(
        len({c.replace(".", "") for c in note["suggested"]} & set(note["labels"]["one"]))
        for note in found["notes"]
    )
    assert again == found["rows"][0]["exact"]["tp"]
    assert "ypertension" not in json.dumps(found)


def test_seconds_per_note_are_nearest_rank_quantiles():
    """Of twenty notes the nineteenth is the 95th percentile."""
    coded = [replace(_done()[0], wall_s=float(number)) for number in range(20)]
    shown = speed_shown(coded)["wall_s"]
    assert (shown["median"], shown["p95"], shown["max"]) == (9.5, 18.0, 19.0)
