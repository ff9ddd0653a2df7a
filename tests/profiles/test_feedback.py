"""Decisions become rates and proposals; proposals become defaults only through a table that was approved."""

from dataclasses import replace

from hypothesis import given

from profiles.claim_decisions import DecisionRecord, ReleasedCode
from profiles.feedback import Learning, proposals, report, verdict
from profiles.learned_defaults import RULE, term_key, with_learned_defaults
from terminology.learned_defaults import LearnedDefault
from terminology.systems import ICD_10_CM
from tests.make_coding import coding_result, coding_results, diagnosis, line

X = ReleasedCode(ICD_10_CM, "N18.9", "2026-04", "Chronic kidney disease, unspecified")
Y = ReleasedCode(ICD_10_CM, "N18.30", "2026-04", "Chronic kidney disease, stage 3 unspecified")
Z = ReleasedCode(ICD_10_CM, "N18.4", "2026-04", "Chronic kidney disease, stage 4 (severe)")


def _record(decision="modify", suggested=X, chosen=Y, person="A", **changed):
    whole, score, moment = False, 0.7, "2026-05-05T00:00:00.000Z"
    made = DecisionRecord(
        "diagnosis",
        decision,
        whole,
        suggested,
        chosen,
        score,
        "suggested",
        "ckd",
        ("I.A.1",),
        (),
        "coder",
        "1",
        person,
        moment,
    )
    return replace(made, **changed)


DEFAULT = LearnedDefault(
    "id1", "ckd", ICD_10_CM, "N18.9", "N18.30", "2026-04", "Dr. A", "2026-05-06", 5, 2
)


def _display(system, code):
    return {"N18.30": "Stage 3"}.get(code)


def test_rates_are_of_the_suggested_codes():
    """An addition was not suggested; a line changed in its units alone was accepted."""
    records = [
        _record("accept", chosen=X),
        _record("modify", chosen=X),
        _record(),
        _record("reject", chosen=None),
        _record("add", suggested=None, chosen=Z, rules=()),
    ]
    assert [verdict(one) for one in records] == [
        "accepted",
        "accepted",
        "modified",
        "rejected",
        "added",
    ]
    found = report(records)
    assert found["overall"] == {
        "accepted": 2,
        "modified": 1,
        "rejected": 1,
        "added": 1,
        "acceptance": 0.5,
    }
    assert found["by_code"][0]["key"] == "N18.9"
    assert found["by_category"][0] == {"key": "N18", **found["overall"]}
    assert found["by_rule"] == [{"key": "I.A.1", **found["overall"], "added": 0}]
    assert found["replaced"] == [{"suggested": "N18.9", "chosen": "N18.30", "times": 1}]
    assert report([])["overall"]["acceptance"] is None


def test_a_proposal_needs_enough_people_who_agree():
    """Five decisions of two people for one code; fewer, one person or disagreement propose nothing."""
    agreed = [_record(person=p) for p in "AABBA"]
    (found,) = proposals(agreed, Learning())
    assert (found.term, found.suggested, found.chosen) == ("ckd", X, Y)
    assert (found.decisions, found.of, found.persons) == (5, 5, 2)
    assert proposals(agreed[:4], Learning()) == []
    assert proposals([_record(person=p) for p in ("A", "a ", "A", "A", "a")], Learning()) == []
    divided = [*agreed, _record("accept", chosen=X), _record(chosen=Z)]
    assert proposals(divided, Learning()) == []
    assert (
        proposals(
            [replace(r, term="", suggested=replace(X, display="")) for r in agreed], Learning()
        )
        == []
    )


def test_what_is_always_rejected_may_be_left_out():
    """A code that people keep rejecting for a term is proposed to be suggested no more, and only a code."""
    rejected = [_record("reject", chosen=None, person=p) for p in "AABBA"]
    (found,) = proposals(rejected, Learning())
    assert (found.suggested, found.chosen, found.persons) == (X, None, 2)
    whole = [replace(one, whole=True) for one in rejected]
    assert proposals(whole, Learning()) == []
    row = replace(DEFAULT, code="")
    result = coding_result(diagnosis("N18.9", X.display, "nephropathy", term="ckd"))
    made = with_learned_defaults(result, [row], _display)
    assert [(s.code, s.status) for s in made.suggestions] == [("N18.9", "below-threshold")]
    assert "Not suggested" in made.suggestions[0].rules[-1].text
    assert with_learned_defaults(made, [row], _display) == made


def test_an_approved_default_takes_the_place_of_the_code():
    """Code, title and a citation of who approved it; evidence, score and features stay; lines follow."""
    one = diagnosis("N18.9", X.display, "nephropathy", term="CKD")
    result = coding_result(one, line("99213", "N18.9"))
    made = with_learned_defaults(result, [DEFAULT], _display)
    changed, visit = made.suggestions
    assert (changed.code, changed.display) == ("N18.30", "Stage 3")
    assert (changed.evidence, changed.score) == (one.evidence, one.score)
    assert (changed.rules[-1].rule, "Dr. A" in changed.rules[-1].text) == (RULE, True)
    assert visit.pointers == ("N18.30",)
    assert with_learned_defaults(made, [DEFAULT], _display) == made


def test_a_default_is_for_its_term_and_its_day():
    """Another term, or a code that is not billable on the day, leaves the suggestion alone."""
    other = coding_result(diagnosis("N18.9", X.display, "nephropathy", term="renal failure"))
    assert with_learned_defaults(other, [DEFAULT], _display) == other
    result = coding_result(diagnosis("N18.9", X.display, "nephropathy", term="ckd"))
    assert with_learned_defaults(result, [DEFAULT], lambda *_: None) == result


def test_a_default_makes_no_twin():
    """When the chosen code is suggested already, the better-scored one stays."""
    low = diagnosis("N18.30", "Stage 3", "nephropathy", score=0.3)
    result = coding_result(diagnosis("N18.9", X.display, "nephropathy", term="ckd"), low)
    made = with_learned_defaults(result, [DEFAULT], _display)
    assert [(s.code, s.score) for s in made.suggestions] == [("N18.30", 0.91)]


@given(result=coding_results())
def test_a_default_never_loses_what_it_is_not_about(result):
    """Whatever is suggested, other codes stay as they are, and nothing of a note enters a key."""
    made = with_learned_defaults(result, [DEFAULT], _display)
    others = {s.code for s in result.suggestions} - {"N18.9", "N18.30"}
    assert {s.code for s in made.suggestions} - {"N18.9", "N18.30"} == others
    for one in result.suggestions:
        assert term_key(replace(one, evidence=())) == term_key(one)
