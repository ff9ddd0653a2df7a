"""The model of section headers: what it sees, how it weighs, how it is measured."""

import numpy as np

from ml.scribe.header_features import dialogue_features, told_features
from ml.scribe.linear import fit_classes, rarity_of, rows, weighed, with_bias
from ml.scribe.material import Example
from ml.scribe.train_headers import by_class, folded_headers, pieces_of

WIDTH = 256


def test_what_is_told_is_counted_by_who_tells_it():
    """Medicines, answers and the length of the talk are features beside the words."""
    turns = [("doctor", "Any fevers?"), ("patient", "No. I take lisinopril and metformin.")]
    told = told_features(turns)
    assert {"#p drugs 2", "#d drugs 0", "#no 1", "#denied 1", "#turns 2"} <= set(told)
    assert {"any fevers", "d:fevers", "p:metformin", "1:fevers"} <= set(dialogue_features(turns))


def test_a_piece_without_words_has_features():
    """An empty dialogue is a row like others."""
    assert dialogue_features([]) == dialogue_features([])
    assert dialogue_features([("doctor", "")])


def test_rows_have_length_one_and_rare_columns_count_more():
    """A word that every row has says less than one that few have."""
    given = rows([["a", "b"], ["a", "c"], ["a", "d"], ["a"]], WIDTH)
    rarity = rarity_of(given)
    made = weighed(given, rarity)
    assert np.allclose(np.linalg.norm(made[:, :-1], axis=1), 1)
    first = np.abs(made[0, :-1])
    common, rare = np.flatnonzero(given[3, :-1])[0], np.flatnonzero(given[0, :-1] - given[3, :-1])
    assert first[common] < first[rare].max()


def test_a_rare_class_is_not_drowned():
    """One row of a rare class is told from many that are near to it."""
    near = np.array([[1.0, 0.0]] * 40 + [[0.8, 0.6]], np.float32)
    labels = np.array([0] * 40 + [1])
    given = with_bias(near)
    weights = fit_classes(given, labels, 2, np.full(len(near), 0.15, np.float32))
    assert int((given[-1] @ weights).argmax()) == 1
    assert int((given[0] @ weights).argmax()) == 0


def test_folds_never_see_what_was_written_of_what_they_measure():
    """The words under a header are of no use for the dialogue that they were written for."""
    examples = [
        Example(str(at), f"Doctor: word{at}\nPatient: other{at}", f"word{at}", f"H{at % 2}")
        for at in range(8)
    ]
    pieces = pieces_of(examples, ["H0", "H1"], None)
    alone = np.arange(8)
    by_words, told = folded_headers(pieces, 2, alone)
    bare = pieces_of(
        [Example(e.name, e.dialogue, "", e.header) for e in examples], ["H0", "H1"], None
    )
    assert (by_words == told).all()
    assert (by_words == folded_headers(bare, 2, alone)[0]).all()


def test_recall_and_precision_are_by_header():
    """Each header has its own number of pieces, recall and precision; one that is never told has none."""
    told, labels = np.array([0, 0, 1, 0]), np.array([0, 1, 1, 0])
    each = by_class(told, labels, ["A", "B", "C"])
    assert each["A"] == {"pieces": 2, "recall": 1.0, "precision": 2 / 3}
    assert each["B"] == {"pieces": 2, "recall": 0.5, "precision": 1.0}
    assert each["C"] == {"pieces": 0, "recall": 0.0, "precision": 0.0}
