"""The vector index: built once, whatever interrupts it, and searched by nearness."""

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from ml.text.vectors import LAYOUT, build_vectors, distinct_terms, open_vectors, without_side

TERMS = (
    ("M25.561", "Pain in right knee", "description"),
    ("M25.562", "Pain in left knee", "description"),
    ("M25.569", "Pain in unspecified knee", "description"),
    ("S82.001", "Unspecified fracture of right patella", "description"),
    ("S82.001A", "Unspecified fracture of right patella, initial encounter for fracture", "index"),
    ("S82.002", "Unspecified fracture of left patella", "description"),
    ("I50.1", "Left ventricular failure, unspecified", "description"),
    ("I50.9", "Heart failure, unspecified", "description"),
    ("I50", "Heart failure", "description"),
    ("I10", "high blood pressure", "inclusion"),
)


@dataclass
class Release:
    """A release with the terms given."""

    rows: tuple = TERMS
    version: str = "2026-04"
    digest: str = "d" * 64

    def terms(self):
        """Its terms."""
        return self.rows


class Letters:
    """An encoder that counts letters, so that nearness can be told by hand."""

    digest = "e" * 64
    dimensions = 26

    def __init__(self, fails_after=None):
        self.encoded = 0
        self.fails_after = fails_after

    def encode(self, texts):
        """Rows of length one."""
        if self.fails_after is not None and self.encoded >= self.fails_after:
            raise KeyboardInterrupt
        self.encoded += len(texts)
        counts = [[text.lower().count(chr(97 + n)) + 1e-3 for n in range(26)] for text in texts]
        rows = np.array(counts, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_terms_are_kept_once_for_all_sides_and_encounters():
    """A term of both sides stands for the codes of all of them; the left ventricle stays one."""
    assert distinct_terms(TERMS) == [
        ("Heart failure", ["I50"]),
        ("Heart failure, unspecified", ["I50.9"]),
        ("Left ventricular failure, unspecified", ["I50.1"]),
        ("Pain in knee", ["M25.561", "M25.562", "M25.569"]),
        ("Unspecified fracture of patella", ["S82.001", "S82.002"]),
        ("high blood pressure", ["I10"]),
    ]
    assert without_side("Pain in left knee") == "Pain in knee"


def test_nearest_term_comes_first_with_every_code(tmp_path):
    """A text that is a term finds it with a cosine of nearly one, and each of its codes."""
    encoder = Letters()
    index = build_vectors(tmp_path, Release(), encoder)
    found = index.search(encoder.encode(["Pain in knee"])[0], 4)
    assert [code for code, _, _ in found[:3]] == ["M25.561", "M25.562", "M25.569"]
    assert found[0][1] > 0.999
    assert found[0][2] == "Pain in knee"
    assert index.search(encoder.encode(["heart failure"])[0], 1)[0][0] == "I50"
    assert index.search(encoder.encode(["heart"])[0], 0) == []
    assert len(index.search(encoder.encode(["heart"])[0], 100)) == 9


def test_many_vectors_find_what_each_finds_alone(tmp_path):
    """Searching for many at once gives what one search each gives."""
    encoder = Letters()
    index = build_vectors(tmp_path, Release(), encoder)
    vectors = encoder.encode(["knee", "broken patella", "blood"])
    assert index.search_many(vectors, 5) == [index.search(vector, 5) for vector in vectors]


def test_ended_build_goes_on_where_it_stopped(tmp_path):
    """A build that was killed leaves nothing that is used, and the next encodes only the rest."""
    rows = tuple((f"A{n:05}", f"term {'abcdefghij'[n % 10]} {n:b}", "index") for n in range(600))
    with pytest.raises(KeyboardInterrupt):
        build_vectors(tmp_path, Release(rows), Letters(fails_after=256))
    assert open_vectors(tmp_path, Release(rows), Letters()) is None
    part = next((tmp_path / "vectors").glob("*.part"))
    part.write_bytes(part.read_bytes()[:-7])  # killed within a row
    rest = Letters()
    said = []
    index = build_vectors(tmp_path, Release(rows), rest, lambda *now: said.append(now))
    whole = build_vectors(tmp_path / "other", Release(rows), Letters())
    assert rest.encoded == 600 - 255
    assert said[0] == (255, 600, "terms")
    assert said[-1] == (600, 600, "terms")
    assert np.array_equal(index.rows, whole.rows)


def test_index_is_built_once(tmp_path):
    """What is built is opened again without encoding anything."""
    build_vectors(tmp_path, Release(), Letters())
    again = Letters()
    assert build_vectors(tmp_path, Release(), again) is not None
    assert again.encoded == 0


def test_index_of_another_release_or_encoder_is_not_used(tmp_path):
    """A new digest of the release means a new index, and the old one of that version goes."""
    encoder = Letters()
    build_vectors(tmp_path, Release(), encoder)
    newer = Release(digest="f" * 64)
    other_year = Release(version="2025-10", digest="a" * 64)
    build_vectors(tmp_path, other_year, encoder)
    assert open_vectors(tmp_path, newer, encoder) is None
    assert build_vectors(tmp_path, newer, encoder) is not None
    assert open_vectors(tmp_path, Release(), encoder) is None
    assert open_vectors(tmp_path, other_year, encoder) is not None


def test_damaged_index_is_not_used(tmp_path):
    """A file that is shorter than its terms, or whose terms are unreadable, counts as none."""
    build_vectors(tmp_path, Release(), Letters())
    rows = next((tmp_path / "vectors").glob("*.rows"))
    whole = rows.read_bytes()
    rows.write_bytes(whole[:-1])
    assert open_vectors(tmp_path, Release(), Letters()) is None
    rows.write_bytes(whole)
    assert open_vectors(tmp_path, Release(), Letters()) is not None
    rows.with_suffix(".json").write_text("[")
    assert open_vectors(tmp_path, Release(), Letters()) is None


def test_release_without_terms_has_no_index(tmp_path):
    """Nothing to index is no index, not an error."""
    assert build_vectors(tmp_path, Release(()), Letters()) is None


def test_second_builder_steps_back(tmp_path):
    """While one process builds, another gets none instead of waiting or writing into its file."""
    (tmp_path / "vectors").mkdir()
    lock = tmp_path / "vectors" / f"2026-04.{'d' * 16}-{'e' * 16}-{LAYOUT}.lock"
    holder = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        assert build_vectors(tmp_path, Release(), Letters()) is None
        other.stdin.close()
        other.wait()
    assert build_vectors(tmp_path, Release(), Letters()) is not None
