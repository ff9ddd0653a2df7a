"""The base release of ICD-10-CM: its codes, its notes, its dates, and how it is made."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from conformance.running import wait_until
from terminology.default_terms import DefaultTerm
from terminology.icd10cm.base import base_files, base_is_current, compile_base
from terminology.icd10cm.codes import flat
from terminology.icd10cm.compile import release_path
from terminology.icd10cm.defaults import defaults_digest
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.store_folder import FOLDER, TerminologyError


def test_the_billable_codes_are_those_of_the_code_list(april: Release) -> None:
    """The expanded tabular list has exactly the codes of the list beside it, and its leaves are billable."""
    found = base_files()
    assert found is not None
    assert found[1] is not None
    listed = {code for code in found[1].read_text().split() if code.isalnum() and len(code) > 2}
    leaves = listed - {code[:end] for code in listed for end in range(3, len(code))}
    assert {flat(code) for code in april.leaves()} == leaves
    # 74,260 codes of FY2025, 487 new and 28 deleted ones (CMS FY2026 tables 6A and 6C).
    assert len(leaves) == 74_719


def test_a_seventh_character_follows_placeholders(april: Release) -> None:
    """A code too short for its 7th character is filled with X, and its parent says which it takes."""
    filled = april.get("t81.30XA")
    assert filled is not None
    assert (filled.code, filled.parent) == ("T81.30XA", "T81.30")
    sequela = april.get("S060X0S")
    assert sequela is not None
    assert (sequela.code, sequela.billable, sequela.parent) == ("S06.0X0S", True, "S06.0X0")
    assert sequela.display.endswith(", sequela")
    parent = april.get("S06.0X0")
    assert parent is not None
    assert (parent.billable, list(parent.seventh)) == (False, ["A", "D", "S"])


def test_a_note_takes_seventh_characters_away(april: Release) -> None:
    """Death before regaining consciousness has no subsequent encounter (note at S06)."""
    code = april.get("S06.1X7")
    assert code is not None
    assert list(code.seventh) == ["A"]
    assert april.get("S06.1X7D") is None


def test_notes_are_inherited_with_the_place_where_they_stand(april: Release) -> None:
    """A code knows the notes of its category, section and chapter, the nearest first."""
    code = april.get("E11.21")
    assert code is not None
    assert "Type 2 diabetes mellitus with Kimmelstiel-Wilson disease" in code.inclusion
    assert {note.at for note in code.excludes1} == {"E11", "4"}
    assert [note.at for note in code.use_additional] == ["E11"] * 5
    assert [above.code for above in april.ancestors("E11.21")] == ["E11.2", "E11", "E08-E13", "4"]


@pytest.mark.parametrize(
    ("a", "b", "at"),
    [
        ("E11.9", "P70.2", "E11"),
        ("O24.410", "E11.9", "E11"),
        ("E11.9", "I10", None),
        ("E11.9", "E11.9", None),
        ("J44.0", "J20.9", None),
        ("R05.9", "J44.9", None),
        ("unknown", "E11.9", None),
    ],
)
def test_excludes1_looks_at_every_ancestor_of_both(
    april: Release, a: str, b: str, at: str | None
) -> None:
    """A note at a category keeps its codes and those it names apart, whichever way they are asked."""
    for pair in ((a, b), (b, a)):
        found = april.excludes1(*pair)
        assert (found.at if found else None) == at


def test_below_is_one_range(april: Release) -> None:
    """Descendants, children and subsumption agree."""
    below = list(april.descendants("E11.2"))
    assert below == ["E11.21", "E11.22", "E11.29"]
    assert [child.code for child in april.children("E11.2")] == below
    assert all(april.subsumes("E11", code) for code in below)
    assert not april.subsumes("E11.2", "E11.2")
    assert not april.subsumes("E10", "E11.21")


def test_the_nearest_release_says_whether_it_covers(icd10cm: Icd10Cm) -> None:
    """A date of service outside of every release gets the nearest one, which says so."""
    assert icd10cm.on("2026-04-01").covers("2026-04-01")
    assert icd10cm.on("2026-09-30T23:59:00Z").covers("2026-09-30T23:59:00Z")
    assert not icd10cm.on("2026-10-01").covers("2026-10-01")
    assert not icd10cm.on("2025-12-31").covers("2025-12-31")
    assert icd10cm.on("2026-07").covers("2026-07")
    assert not icd10cm.on("2026").covers("2026")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("type 2 diabetes mellitus with nephropathy", "E11.21"),
        ("high blood pressure", "I10"),
        ("COVID-19", "U07.1"),
        ("pain in right knee", "M25.561"),
    ],
)
def test_search_finds_titles_and_inclusion_terms(april: Release, text: str, code: str) -> None:
    """The code that a title or an inclusion term names comes first."""
    assert april.search(text, 3)[0].code == code


@pytest.mark.parametrize("text", ["", '"', "AND OR NOT", "*", "\x00", "ñ" * 5000, "NEAR(a b)"])
def test_any_text_can_be_searched(april: Release, text: str) -> None:
    """What a person types is never taken for syntax of the index."""
    assert isinstance(april.search(text, 5), list)


def test_threads_share_a_release(april: Release) -> None:
    """Many threads search and read one release at once and find the same."""
    wanted = april.search("diabetic nephropathy", 5)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: april.search("diabetic nephropathy", 5), range(64)))
        codes = list(pool.map(april.get, ["E11.21"] * 64))
    assert all(one == wanted for one in found)
    assert all(code == april.get("E11.21") for code in codes)


def test_a_folder_without_releases_says_what_to_do(tmp_path: Path) -> None:
    """There is no code to give where nothing was imported."""
    assert Icd10Cm(tmp_path / "none").releases == ()
    with pytest.raises(TerminologyError, match="isthmus terminology import"):
        Icd10Cm(tmp_path).on("2026-05-01")


def test_two_that_compile_at_once_make_one_whole_file(tmp_path: Path) -> None:
    """The second one waits and finds the file; a third call leaves it alone."""
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(compile_base(tmp_path))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = made[0].stat().st_mtime_ns
    assert compile_base(tmp_path).stat().st_mtime_ns == written
    assert sum(1 for file in tmp_path.iterdir() if file.suffix == ".sqlite") == 1
    assert Icd10Cm(tmp_path).on("2026-05-01").get("E11.9") is not None


def test_default_terms_are_searched_and_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What clinicians call a problem finds its code; another table of terms replaces the old ones alone."""
    compile_base(tmp_path)
    first = Icd10Cm(tmp_path).on("2026-05-01")
    hit = first.search("GERD", 1)[0]
    assert (hit.code[:3], hit.kind) == ("K21", "default")
    changed = (DefaultTerm("zebra disease", "I10", (), (), "test"),)
    for module in ("default_terms", "icd10cm.defaults"):
        monkeypatch.setattr(f"terminology.{module}.default_terms", lambda: changed)
    defaults_digest.cache_clear()
    assert not base_is_current(tmp_path)
    compile_base(tmp_path)
    second = Icd10Cm(tmp_path).on("2026-05-01")
    assert second.search("zebra disease", 1)[0].code == "I10"
    assert second.digest == first.digest
    assert list(second.terms()) == list(first.terms())
    assert base_is_current(tmp_path)
    monkeypatch.undo()
    defaults_digest.cache_clear()


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    """What is no database is replaced by the next compilation, and refused until then."""
    path = release_path(tmp_path, "2026-04")
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(TerminologyError, match="cannot be opened"):
        Icd10Cm(tmp_path).on("2026-05-01")
    compile_base(tmp_path)
    assert Icd10Cm(tmp_path).on("2026-05-01").get("I10") is not None


def test_a_compilation_that_is_killed_leaves_no_half_release(tmp_path: Path) -> None:
    """What a killed process has left is no release, and is gone after the next compilation."""
    command = [sys.executable, "-m", "gateway.cli", "terminology", "base", "--data", str(tmp_path)]
    folder = tmp_path / FOLDER
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: list(folder.glob(".icd10cm-*")), "a file that is written")
    process.kill()
    process.wait()
    assert Icd10Cm(folder).releases == ()
    compile_base(folder)
    assert not list(folder.glob(".icd10cm-*"))
    assert Icd10Cm(folder).on("2026-05-01").get("I10") is not None


def test_an_open_release_is_read_only(april: Release) -> None:
    """Nobody writes into a release."""
    with pytest.raises(apsw.ReadOnlyError):
        april._connection.execute("DELETE FROM code")
