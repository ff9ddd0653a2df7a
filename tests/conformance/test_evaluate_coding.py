"""``isthmus evaluate coding`` from files to figures, with a coder that only searches."""

import json
from pathlib import Path

import pytest

from conformance import bench_coding, evaluate_coding, search_coder
from conformance.bench_coding import NOTES
from conformance.coding_notes import by_name, read_codes
from conformance.coding_run import run_coder
from conformance.evaluate import main
from conformance.evaluate_coding import judged
from ml.worker import Places
from profiles.coding_records import CodingRequest, Note
from profiles.outcome import OperationOutcomeError
from terminology.icd10cm.release import Icd10Cm
from tests.make_terminology import terminology_folder


@pytest.fixture
def searching(monkeypatch):
    """The search stands where the registered coder does."""
    monkeypatch.setattr(evaluate_coding, "coder", lambda: search_coder)
    monkeypatch.setattr(bench_coding, "coder", lambda: search_coder)


def _arguments(*more):
    given = ["coding", "--notes", str(NOTES / "notes.csv"), "--labels", str(NOTES / "codes.txt")]
    return [*given, "--terminology", str(terminology_folder()), *more]


@pytest.mark.usefixtures("searching")
def test_notes_and_labels_become_figures_and_raw_lists(tmp_path, capsys):
    """The table is for people, the JSON has everything, and a peer stands in the same table."""
    peer, out = tmp_path / "peer.txt", tmp_path / "out.json"
    peer.write_text("cardiology I11.0 I50.22\n")
    assert main(_arguments("--peer", f"other={peer}", "--json", str(out), "--folds", "3")) == 0
    shown, written = capsys.readouterr(), json.loads(out.read_text())
    assert "search 1, ICD-10-CM 2026-04" in shown.out
    assert "notes 24/24" in shown.err
    assert {row["source"] for row in written["rows"]} >= {"coder", "other"}
    assert written["quality"]["verbatim_rate"] == 1.0
    assert written["quality"]["billable_rate"] == 1.0
    assert len(written["folds"]["each"]) == 3
    assert len(written["notes"]) == 24
    assert written["speed"]["first_suggestion_s"] > 0
    assert written["speed"]["peak_memory_mb"] > 0


@pytest.mark.usefixtures("searching")
def test_a_threshold_reaches_the_coder(tmp_path):
    """No code is suggested below the threshold that was asked for."""
    out = tmp_path / "out.json"
    main(_arguments("--threshold", "0.6", "--json", str(out)))
    notes = json.loads(out.read_text())["notes"]
    scores = [one["score"] for note in notes for one in note["considered"]]
    assert scores
    assert min(scores) >= 0.6


@pytest.mark.usefixtures("searching")
def test_labels_without_notes_are_counted_and_left_out(tmp_path, capsys):
    """A list for a whole corpus can be used with a part of its notes."""
    labels = tmp_path / "labels.txt"
    labels.write_text("cardiology I11.0\nelsewhere I10\n")
    given = ["coding", "--notes", str(NOTES / "notes.csv"), "--labels", str(labels)]
    assert main([*given, "--terminology", str(terminology_folder())]) == 0
    shown = capsys.readouterr()
    assert "1 encounters of labels.txt have no note" in shown.err
    assert "23 notes have no labels" in shown.err
    assert "1 notes\n" in shown.out


def test_without_a_coder_there_is_a_sentence(monkeypatch):
    """Where no coder is registered the command says so before it codes anything."""
    monkeypatch.setattr("conformance.coding_run.workers", dict)
    with pytest.raises(OperationOutcomeError, match="no worker is registered"):
        main(_arguments())


@pytest.mark.parametrize("peer", ["name", "=file", "name="])
def test_a_peer_has_a_name_and_a_file(peer):
    """Anything but NAME=FILE is refused."""
    with pytest.raises(OperationOutcomeError, match="NAME=FILE"):
        main(_arguments("--peer", peer))


def test_a_coder_that_ends_early_is_no_result(capfd):
    """A process that dies gives an error, not the notes that it had coded until then."""
    asked = [("1", CodingRequest((Note("DocumentReference/1", "x"),), "2026-05-04"))]
    with pytest.raises(OperationOutcomeError, match="ended before"):
        run_coder("tests.nowhere", Places(Path("none"), Path("none")), asked, lambda *_: None)
    assert "tests.nowhere" in capfd.readouterr().err


@pytest.mark.usefixtures("searching")
def test_the_bench_needs_nothing_from_outside(monkeypatch):
    """Our notes are coded by both coders, and the ratios of a coder to itself are near one."""
    monkeypatch.setenv("ISTHMUS_DATA", str(terminology_folder()))
    monkeypatch.setattr(bench_coding, "TERMINOLOGY", "")
    result = bench_coding.run(1)
    assert result["ratios_to_search"]["f1_exact"] == 1.0
    assert result["coder"]["speed"]["notes"] == 24
    assert result["opening"]["ours"]["s"] > 0


def test_every_code_of_our_notes_can_be_billed():
    """Our own labels are billable codes of the release that ships, and no two exclude each other."""
    release = judged(Icd10Cm(terminology_folder()).on("2026-04-01"))
    for codes in by_name(read_codes(NOTES / "codes.txt")).values():
        assert all(map(release.billable, codes))
        assert not any(release.excludes1(a, b) for a in codes for b in codes if a != b)
