"""Problems in other words: found by meaning, offered with restraint, built beside the work."""

import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gateway.terminology import main
from ml.coding.coder import Coders
from ml.coding.meant import meant
from ml.coding.mentions import LEAD, Mention
from ml.coding.nearest import IndexTerms, NearestRows
from ml.text.minilm import MANIFEST, NAME, convert_minilm
from ml.worker import Places
from profiles.outcome import OperationOutcomeError
from tests.make_terminology import terminology_folder
from tests.ml.make_embedder import write_source

TEXT = "ASSESSMENT\n1. Failing kidneys.\n"
LEADING = Mention(14, len(TEXT) - 1, "assessment", LEAD, (14, len(TEXT) - 1))


@dataclass
class Near:
    """An embedder that finds one row at a given cosine."""

    cosine: float
    asked: list = field(default_factory=list)

    def nearest(self, text, limit):
        """Row 1."""
        self.asked.append(text)
        return [(1, self.cosine)][:limit]


def matcher(embedder):
    """A matcher of an index with two rows of one concept each."""
    concepts = [SimpleNamespace(sides={"": "N17.8"}), SimpleNamespace(sides={"": "N19"})]
    return SimpleNamespace(
        index=SimpleNamespace(owner=np.array([0, 1]), concepts=concepts), embedder=embedder
    )


def test_nearest_row_is_the_meaning_when_it_is_near_enough():
    """The words of the lead are asked for, and the quality of what is found stays below a sure match."""
    near = Near(0.86)
    found = meant(TEXT, LEADING, matcher(near))
    assert near.asked == ["Failing kidneys"]
    assert TEXT[found.start : found.end] == "Failing kidneys"
    assert found.candidate.code == "N19"
    assert 0.5 < found.candidate.quality < 0.6
    assert meant(TEXT, LEADING, matcher(Near(0.99))).candidate.quality > 0.75


@pytest.mark.parametrize("embedder", [None, Near(0.7)])
def test_far_or_missing_meaning_finds_nothing(embedder):
    """Without an embedder, and below the least cosine, there is no problem by meaning."""
    assert meant(TEXT, LEADING, matcher(embedder)) is None


def test_long_text_is_no_name_of_a_problem():
    """A sentence of many words is not embedded at all."""
    near = Near(1.0)
    text = "kidney liver heart lung spleen stomach bladder pancreas thyroid failure"
    assert meant(text, Mention(0, len(text), "plan", LEAD, (0, len(text))), matcher(near)) is None
    assert near.asked == []


class Letters:
    """An encoder that counts letters."""

    digest = "e" * 64
    dimensions = 26

    def encode(self, texts):
        """Rows of length one."""
        counts = [[text.lower().count(chr(97 + n)) + 1e-3 for n in range(26)] for text in texts]
        rows = np.array(counts, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_rows_are_found_once_their_vectors_are_built(tmp_path):
    """Before that nothing is found; who opens later finds them without being told."""
    index = SimpleNamespace(texts=["Heart failure", "Pain in knee", "Headache"] * 5)
    release = SimpleNamespace(version="2026-04", digest="d" * 64)
    first = NearestRows(tmp_path, IndexTerms(release, index), Letters())
    second = NearestRows(tmp_path, IndexTerms(release, index), Letters())
    assert first.nearest("pain in left knee", 1) == []
    assert second.build(lambda *_: None)
    (found,) = first.nearest("pain in left knee", 1)
    assert index.texts[found[0]] == "Pain in knee"
    assert found[1] > 0.99


def test_vectors_of_other_rows_are_not_used(tmp_path):
    """Rows in another order are another index, though the release is the same."""
    release = SimpleNamespace(version="2026-04", digest="d" * 64)
    rows = ["Heart failure", "Pain in knee"]
    for texts in (rows, rows[::-1]):
        near = NearestRows(tmp_path, IndexTerms(release, SimpleNamespace(texts=texts)), Letters())
        assert not near.is_ready()
        near.build(lambda *_: None)
        assert texts[near.nearest("heart failure", 1)[0][0]] == "Heart failure"


def test_damaged_embedder_leaves_the_coder_without_one(tmp_path):
    """The coder works on words alone when its model is damaged."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / MANIFEST).write_text('{"sha256": "0"}')
    coders = Coders(Places(tmp_path, terminology_folder()))
    assert coders.digests("2026-06-01") == ()
    assert coders.build_vectors("2026-06-01", lambda *_: None) is False


def test_background_build_ends_with_the_process_that_wanted_it(tmp_path):
    """A coder that is killed leaves no builder behind, and what it built so far is kept."""
    convert_minilm(tmp_path / "source", tmp_path / "models", write_source(tmp_path / "source"))
    folder = tmp_path / "terminology"
    folder.mkdir()
    for file in terminology_folder().iterdir():
        if file.is_file():
            (folder / file.name).symlink_to(file)
    coder = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ml.coding import vector_build\n"
        "from ml.worker import Places\n"
        "vector_build.start_build(Places(Path(sys.argv[1]), Path(sys.argv[2])), '2026-06-01')\n"
        "print(vector_build._STARTED[0].pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", coder, str(tmp_path / "models"), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as parent:
        builder = os.pidfd_open(int(parent.stdout.readline()))
        try:
            while not list(folder.glob("vectors/*.part")):
                assert not select.select([builder], [], [], 0.05)[0], "the builder ended by itself"
            parent.kill()
            ended, _, _ = select.select([builder], [], [], 60)
        finally:
            os.close(builder)
    assert ended
    assert not list(folder.glob("vectors/*.rows"))


def test_index_without_embedder_says_how_to_get_one(tmp_path, monkeypatch):
    """The command that builds the vectors ends with a sentence where there is no model."""
    monkeypatch.setattr("gateway.terminology.load_embedder", lambda models: None)
    with pytest.raises(OperationOutcomeError) as refused:
        main(["index", "--data", str(tmp_path), "--models", str(tmp_path)])
    assert "convert-embedder" in refused.value.diagnostics
