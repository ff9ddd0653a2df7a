"""Decisions on codes keep a Claim whole: numbers without gaps, pointers to the same diagnoses, sums right."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.admission import issues
from profiles.builders.claim import build_claim
from profiles.builders.claim_edit import edit_claim
from profiles.builders.coded_element import code_of_concept, decision_of
from profiles.claim_decisions import CodeDecision, ReleasedCode
from profiles.outcome import OperationOutcomeError
from terminology.fees import Fee
from terminology.systems import CPT, ICD_10_CM
from tests.make_coding import claim_context, coding_result, diagnosis, line

CODES = ("E11.21", "I10", "N18.31", "M25.561", "Z79.4")
NEW = ("R05.9", "J45.909", "K21.9")
FEES = {"99213": Fee("92.10", "USD"), "99214": Fee("130.00", "USD")}
BY = {"display": "Cora"}


def _claim(**context):
    coded = [diagnosis(code, code, "type") for code in CODES]
    lines = [line("99213", "I10", "E11.21"), line("36415", "N18.31", "Z79.4", "I10", units=2)]
    return build_claim(coding_result(*coded, *lines), claim_context(**context)).claim


def _codes(claim):
    return [code_of_concept(d["diagnosisCodeableConcept"]) for d in claim.get("diagnosis", ())]


def _pointed(claim):
    codes = dict(enumerate(_codes(claim), 1))
    return {
        code_of_concept(i["productOrService"]): [codes[n] for n in i.get("diagnosisSequence", ())]
        for i in claim.get("item", ())
    }


@st.composite
def _decisions(draw):
    """Decisions that fit the Claim: each element at most once, new codes at most once."""
    found = []
    for sequence in draw(st.lists(st.integers(1, len(CODES)), unique=True)):
        word = draw(st.sampled_from(("accept", "modify", "reject")))
        position = draw(st.none() | st.integers(1, 9)) if word != "reject" else None
        chosen = ReleasedCode(ICD_10_CM, f"T{sequence}") if word == "modify" else None
        found.append(CodeDecision(word, "diagnosis", sequence, chosen=chosen, position=position))
    for code in draw(st.lists(st.sampled_from(NEW), unique=True)):
        position = draw(st.none() | st.integers(1, 9))
        chosen = ReleasedCode(ICD_10_CM, code)
        found.append(CodeDecision("add", "diagnosis", chosen=chosen, position=position))
    return draw(st.permutations(found))


@settings(max_examples=80, deadline=None)
@given(decisions=_decisions(), kind=st.sampled_from(("professional", "institutional")))
def test_pointers_follow_their_diagnoses(decisions, kind):
    """Sequences are 1..n, a line points to what it pointed to before, without what was rejected."""
    before = _claim(kind=kind)
    edited = edit_claim(before, decisions, BY, {}).claim
    assert [e for e in issues(edited, warnings=False) if e[0] == "error"] == []
    numbers = [d["sequence"] for d in edited.get("diagnosis", ())]
    assert numbers == list(range(1, len(numbers) + 1))
    renamed = {CODES[d.sequence - 1]: d.chosen.code for d in decisions if d.decision == "modify"}
    gone = {CODES[d.sequence - 1] for d in decisions if d.decision == "reject"}
    expected = {
        code: [renamed.get(p, p) for p in pointers if p not in gone]
        for code, pointers in _pointed(before).items()
    }
    assert _pointed(edited) == expected
    added = {d.chosen.code for d in decisions if d.decision == "add"}
    assert set(_codes(edited)) == {renamed.get(c, c) for c in CODES if c not in gone} | added
    if kind == "institutional" and numbers:
        types = [d["type"][0]["coding"][0]["code"] for d in edited["diagnosis"]]
        assert types.index("principal") == 0
        assert types.count("principal") == 1


def test_a_place_is_kept_whatever_else_changes():
    """A diagnosis moved to the first place is first-listed, the others keep their order."""
    given_ = [
        CodeDecision("accept", "diagnosis", 4, position=1),
        CodeDecision("reject", "diagnosis", 1),
    ]
    assert _codes(edit_claim(_claim(), given_, BY, {}).claim) == [
        "M25.561",
        "I10",
        "N18.31",
        "Z79.4",
    ]


def test_lines_are_priced_again():
    """A new code takes its own fee, new units multiply, a code without a fee has neither amount nor total."""
    before = _claim(fees={**FEES, "36415": Fee("8.50", "USD")})
    change = CodeDecision("modify", "item", 1, chosen=ReleasedCode(CPT, "99214"), units=2)
    after = edit_claim(before, [change], BY, {**FEES, "36415": Fee("8.50", "USD")}).claim
    assert [Decimal(str(i["net"]["value"])) for i in after["item"]] == [Decimal(260), Decimal(17)]
    assert Decimal(str(after["total"]["value"])) == Decimal(277)
    units = CodeDecision("modify", "item", 2, units=3)
    kept = edit_claim(before, [units], BY, {}).claim
    assert Decimal(str(kept["total"]["value"])) == Decimal("92.10") + Decimal("25.50")
    unknown = CodeDecision("modify", "item", 1, chosen=ReleasedCode(CPT, "99215"))
    without = edit_claim(before, [unknown], BY, FEES).claim
    assert "net" not in without["item"][0]
    assert "total" not in without
    rejected = edit_claim(before, [CodeDecision("reject", "item", 1)], BY, FEES).claim
    assert Decimal(str(rejected["total"]["value"])) == Decimal(17)


def test_what_the_coder_had_said_is_not_forgotten():
    """A code that is changed twice still names the first one."""
    once = CodeDecision("modify", "diagnosis", 1, chosen=ReleasedCode(ICD_10_CM, "E11.22"))
    twice = CodeDecision("modify", "diagnosis", 1, chosen=ReleasedCode(ICD_10_CM, "E11.29"))
    edited = edit_claim(edit_claim(_claim(), [once], BY, {}).claim, [twice], BY, {}).claim
    assert decision_of(edited["diagnosis"][0])["replaces"]["code"] == "E11.21"


@pytest.mark.parametrize(
    ("decisions", "kind"),
    [
        ([CodeDecision("accept", "diagnosis", 9)], "business-rule"),
        ([CodeDecision("accept", "item", target="I10")], "business-rule"),
        ([CodeDecision("accept", "diagnosis", 1), CodeDecision("reject", "diagnosis", 1)], None),
        ([CodeDecision("add", "diagnosis", chosen=ReleasedCode(ICD_10_CM, "I10"))], "duplicate"),
        ([CodeDecision("modify", "item", 1, pointers=("9",))], "business-rule"),
    ],
)
def test_what_does_not_fit_is_refused(decisions, kind):
    """A decision about nothing, about one element twice, or one that makes a twin."""
    with pytest.raises(OperationOutcomeError) as error:
        edit_claim(_claim(), decisions, BY, {})
    assert error.value.kind_name == (kind or "business-rule")


def test_a_code_takes_the_place_of_one_that_is_rejected():
    """Rejecting a diagnosis and choosing its code for another one in the same call makes no twin."""
    given_ = [
        CodeDecision("reject", "diagnosis", 2),
        CodeDecision("modify", "diagnosis", 1, chosen=ReleasedCode(ICD_10_CM, "I10")),
    ]
    edited = edit_claim(_claim(), given_, BY, {}).claim
    assert _codes(edited)[0] == "I10"
    assert _pointed(edited)["99213"] == ["I10"]
