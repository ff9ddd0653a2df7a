"""Scores of code lists are what the definitions say, however the lists look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.coding_scores import (
    agreement,
    at_threshold,
    best_f1,
    categories,
    cross_validated,
    exact,
    folds,
    precision_first,
    score,
    sweep,
)

CODE = st.sampled_from(["I10", "E11.9", "E119", "e11.65", "M54.50", "M54.51", "J45.909", "R07.9"])
CODES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.frozensets(CODE, max_size=5), min_size=1, max_size=8
)
SCORED = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.dictionaries(CODE, st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0]), max_size=6),
    max_size=8,
)


def _decisions(codes):
    return {(key, code) for key, named in codes.items() for code in named}


def _slowly(predicted, labels):
    """Micro counts from sets of (encounter, code) pairs."""
    said = {pair for pair in _decisions(predicted) if pair[0] in labels}
    right = _decisions(labels)
    return len(said & right), len(said - right), len(right - said)


@given(CODES, CODES)
def test_micro_counts_are_those_of_sets_of_decisions(predicted, labels):
    """Counting per encounter gives what one set of (encounter, code) pairs gives, at both levels."""
    for level in (exact, categories):
        counts = score(level(predicted), level(labels)).micro
        assert (counts.tp, counts.fp, counts.fn) == _slowly(level(predicted), level(labels))


@given(CODES, CODES)
def test_macro_is_the_mean_over_codes(predicted, labels):
    """Macro-F1 is the mean of every code's own F1, counted over the labelled encounters."""
    predicted, labels = exact(predicted), exact(labels)
    each = []
    for code in {c for _, c in _decisions(predicted) | _decisions(labels)}:
        has = {key for key in labels if code in predicted.get(key, ())}
        should = {key for key in labels if code in labels[key]}
        if has | should:
            each.append(2 * len(has & should) / (len(has) + len(should)))
    expected = sum(each) / len(each) if each else 1.0
    assert score(predicted, labels).macro_f1 == pytest.approx(expected)


@given(CODES)
def test_a_prediction_of_the_labels_is_perfect(labels):
    """Whoever names exactly the labels gets 1 everywhere, with or without the dot."""
    labels = exact(labels)
    scores = score(labels, labels)
    assert (scores.micro.precision, scores.micro.recall, scores.micro.f1) == (1.0, 1.0, 1.0)
    assert (scores.macro_f1, scores.encounter_f1) == (1.0, 1.0)


@given(SCORED, CODES)
def test_every_point_of_a_sweep_is_the_score_at_its_threshold(scored, labels):
    """A point says what scoring the codes with at least its score says."""
    labels = exact(labels)
    for point in sweep(scored, labels):
        predicted = at_threshold(scored, point.threshold)
        assert point.counts == score(predicted, labels).micro


@given(SCORED, CODES, st.sampled_from([0.0, 0.5, 0.75, 1.0]))
def test_the_precision_first_point_has_the_largest_recall(scored, labels, wanted):
    """No threshold has the precision that is asked for and a larger recall."""
    labels = exact(labels)
    points = sweep(scored, labels)
    chosen = precision_first(points, wanted)
    others = [score(at_threshold(scored, t), labels).micro for t in (0.1, 0.25, 0.5, 0.75, 1.0)]
    reached = [c.recall for c in others if c.precision >= wanted and c.tp + c.fp]
    assert (chosen.counts.recall if chosen else 0.0) >= max(reached, default=0.0)
    assert chosen is None or chosen.counts.precision >= wanted


@given(st.lists(st.uuids().map(str), min_size=1, unique=True), st.integers(1, 7), st.integers())
def test_folds_deal_every_encounter_once_and_the_same_way_again(keys, count, seed):
    """Folds differ by at most one encounter, hold each once, and depend on names and seed only."""
    dealt = folds(keys, count, seed)
    assert sorted(key for fold in dealt for key in fold) == sorted(keys)
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    assert dealt == folds(keys[::-1], count, seed)


def test_a_fold_does_not_choose_its_own_threshold():
    """The threshold of a fold is the best of the others, even where it is bad for the fold itself."""
    scored = {"a": {"I10": 0.9, "R07.9": 0.2}, "b": {"I10": 0.2}}
    labels = {"a": frozenset({"I10"}), "b": frozenset({"I10"})}
    (first, second) = cross_validated(scored, labels, [["a"], ["b"]])
    assert first[0] == 0.2
    assert (first[1].tp, first[1].fp) == (1, 1)
    assert second[0] == 0.9
    assert second[1].fn == 1


def test_several_coders_are_one_union_and_one_consensus():
    """A code of any coder is precise; only the codes of all coders must be found."""
    coders = [
        {"1": frozenset({"I10", "E119"}), "2": frozenset({"J45909"}), "3": frozenset({"R079"})},
        {"1": frozenset({"I10"}), "2": frozenset({"J45909", "R05"})},
    ]
    found = agreement({"1": frozenset({"E119", "M5450"}), "2": frozenset({"J45909"})}, coders)
    assert found.encounters == 2
    assert found.any_coder_precision == pytest.approx(2 / 3)
    assert found.consensus_recall == pytest.approx(1 / 2)
    assert found.coders_f1 == pytest.approx(2 / 3)


def test_the_best_point_of_nothing_is_none():
    """A coder that considers no code has no point."""
    assert best_f1(sweep({}, {"1": frozenset({"I10"})})) is None
