"""The table of learned defaults: versions that never change, one after the other, whole or not at all."""

import threading
from dataclasses import fields, replace

import pytest

from terminology.learned_defaults import (
    LearnedDefault,
    learned_defaults,
    normal_term,
    versions,
    write_defaults,
)
from terminology.store_folder import TerminologyError
from terminology.systems import ICD_10_CM

ROW = LearnedDefault(
    "abc",
    'kidney\t"disease"\nstage',
    ICD_10_CM,
    "N18.9",
    "N18.30",
    "2026-04",
    "Dr. A",
    "2026",
    5,
    2,
)

HEAD = "\t".join(field.name for field in fields(LearnedDefault)) + "\n"


def test_nothing_is_learned_at_first(tmp_path):
    """Without a file there is no default."""
    assert (learned_defaults(tmp_path), versions(tmp_path)) == ((), ())


def test_a_version_is_read_back_as_it_was_written(tmp_path):
    """Tabs, quotes and line ends in a text survive; the newest version is in force, older ones stay."""
    other = replace(ROW, id="def")
    assert write_defaults(tmp_path, [ROW], 0) == 1
    assert write_defaults(tmp_path, [ROW, other], 1) == 2
    assert write_defaults(tmp_path, [], 2) == 3
    assert learned_defaults(tmp_path) == ()
    assert learned_defaults(tmp_path, 2) == (ROW, other)
    assert versions(tmp_path) == (1, 2, 3)


def test_of_two_who_change_the_table_one_wins(tmp_path):
    """Whoever built on an older version is told so."""
    said = []

    def write() -> None:
        try:
            said.append(write_defaults(tmp_path, [ROW], 0))
        except TerminologyError:
            said.append(0)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [0, 0, 0, 1]


@pytest.mark.parametrize("text", ["", "id\tterm\nabc\tx\n", "\x00", HEAD + "too\tfew\n"])
def test_a_damaged_table_is_said(tmp_path, text):
    """A file that is no such table is an error with its name; a version that is not there too."""
    (tmp_path / "learned_defaults").mkdir()
    (tmp_path / "learned_defaults" / "v0001.tsv").write_text(text)
    with pytest.raises(TerminologyError, match="v0001"):
        learned_defaults(tmp_path)
    with pytest.raises(TerminologyError, match="no version 7"):
        learned_defaults(tmp_path, 7)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        (" Essential (primary)  hypertension.", "essential primary hypertension"),
        ("", ""),
        ("..", ""),
    ],
)
def test_terms_are_compared_without_case_space_and_brackets(text, term):
    """The same words are the same term."""
    assert normal_term(text) == term
