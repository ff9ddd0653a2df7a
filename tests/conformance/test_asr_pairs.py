"""References and hypotheses come from tables, JSON lines and folders, and each fault has its place."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import evaluate
from conformance.asr_pairs import Pair, pairs_beside, read_pairs, read_text
from conformance.asr_words import words_of
from profiles.records import to_json
from profiles.speech_records import Segment, Transcript

SAID = Transcript("site", "1", "en", 4.0, (Segment(0, 0.0, 2.0, "no pain", role="patient"),))
VTT = (
    "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Dr. Who>any pain\n\n00:02.000 --> 00:03.000\n<v Ann>no\n"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "id,reference,hypothesis\n7,one pill,one bill\n"),
        ("p.tsv", "id\treference\thypothesis\n7\tone pill\tone bill\n"),
        ("p.jsonl", '{"id": 7, "reference": "one pill", "hypothesis": "one bill"}\n\n'),
        ("p.ndjson", '\ufeff{"id": "7", "hypothesis": "one bill", "reference": "one pill"}'),
    ],
)
def test_a_table_and_json_lines_give_the_same_pairs(name, content, tmp_path):
    """Which form the pairs have makes no difference."""
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert list(read_pairs(file)) == [Pair("7", "one pill", "one bill")]


def test_folders_are_paired_by_name(tmp_path):
    """Texts, WebVTT and transcripts of the same name belong together, in the order of their names."""
    said, heard = tmp_path / "said", tmp_path / "heard"
    for folder in (said, heard):
        folder.mkdir()
    (said / "b.txt").write_text("doctor: any pain\npatient: no")
    (heard / "b.vtt").write_text(VTT)
    (said / "a.json").write_text(json.dumps(to_json(SAID)))
    (heard / "a.txt").write_text("no pain")
    (heard / "notes.md").write_text("not a text of a visit")
    pairs = list(pairs_beside([said], [heard]))
    assert [pair.name for pair in pairs] == ["a", "b"]
    for pair in pairs:
        assert words_of(pair.reference) == words_of(pair.hypothesis)
    assert pairs[1].hypothesis == "[Dr. Who] any pain\n[Ann] no"
    assert evaluate.main(["asr", "--reference", str(said), "--hypothesis", str(heard)]) == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.txt", "a", "does not end with one of .csv, .tsv, .jsonl, .ndjson"),
        ("p.tsv", "reference,hypothesis\na,b\n", "has no column reference or hypothesis"),
        ("p.jsonl", '{"reference": "a"}\n', "line 1: reference and hypothesis"),
        ("p.jsonl", '\n{"reference": "secret"\n', "line 2 is no JSON"),
        ("p.jsonl", "[" * 100_000, "line 1 is no JSON"),
        ("p.jsonl", '["secret", "secret"]\n', "line 1: reference and hypothesis"),
    ],
)
def test_a_file_that_is_not_of_its_form_is_refused(name, content, said, tmp_path, capsys):
    """The file and the line are named, and nothing of what it holds."""
    file = tmp_path / name
    file.write_text(content)
    assert evaluate.main(["asr", "--pairs", str(file)]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert "secret" not in printed


def test_folders_that_do_not_fit_are_refused(tmp_path):
    """A file without a partner, two of one name, no text at all and a broken one are each named."""
    said, heard = tmp_path / "said", tmp_path / "heard"
    for folder in (said, heard):
        folder.mkdir()
    with pytest.raises(ValueError, match=r"no file with \.txt"):
        list(pairs_beside([said], [heard]))
    (said / "a.txt").write_text("a")
    with pytest.raises(ValueError, match="no partner for a"):
        list(pairs_beside([said], [heard]))
    (heard / "a.vtt").write_text("no header")
    with pytest.raises(ValueError, match=r"a\.vtt: a WebVTT file begins"):
        list(pairs_beside([said], [heard]))
    (heard / "a.txt").write_text("a")
    with pytest.raises(ValueError, match="two files of the name a"):
        list(pairs_beside([said], [heard]))
    with pytest.raises(ValueError, match="as many"):
        list(pairs_beside([said], []))


def test_an_empty_transcript_is_a_hypothesis(tmp_path):
    """A recogniser that has heard nothing has missed every word and broken nothing."""
    for name, content in (("a.vtt", "WEBVTT\n"), ("a.txt", "")):
        file = tmp_path / name
        file.write_text(content)
        assert read_text(file) == ""


@given(st.binary(max_size=300), st.sampled_from(["p.csv", "p.tsv", "p.jsonl"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_pairs_or_a_clear_error(tmp_path_factory, content, name):
    """Whatever a file holds, the command ends with a status and without a traceback."""
    file = tmp_path_factory.mktemp("pairs") / name
    file.write_bytes(content)
    assert evaluate.main(["asr", "--pairs", str(file)]) in (0, 2)
