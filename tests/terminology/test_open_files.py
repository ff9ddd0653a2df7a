"""Compiled files are seen when they come, opened once, and never passed over."""

import os
from pathlib import Path

import pytest

from terminology.open_files import OpenFiles
from terminology.store_folder import TerminologyError

LONG_AGO = 1_000_000_000


@pytest.fixture
def opened(tmp_path: Path) -> OpenFiles[str]:
    """Texts of files that say ``good``; others cannot be opened."""

    def open_file(path: Path) -> str:
        if path.read_text() != "good":
            raise TerminologyError("it is damaged")
        return path.name

    return OpenFiles(tmp_path / "folder", "*.table", open_file, str)


def settle(folder: Path) -> None:
    """Let the last change of a folder be long ago."""
    os.utime(folder, (LONG_AGO, LONG_AGO))


def test_a_file_that_cannot_be_opened_is_said_each_time(opened, tmp_path):
    """Nobody goes on without a table because somebody else was told that it is damaged."""
    folder = tmp_path / "folder"
    assert opened.all == ()
    folder.mkdir()
    (folder / "a.table").write_text("bad")
    settle(folder)
    for _ in range(3):
        with pytest.raises(TerminologyError):
            _ = opened.all
    (folder / "b.table").write_text("good")
    with pytest.raises(TerminologyError):
        _ = opened.all
    (folder / "a.table").unlink()
    assert opened.all == ("b.table",)


def test_what_comes_and_goes_is_seen(opened, tmp_path):
    """A file is there after it has come, once it is replaced it is opened anew, and it is gone when it is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.table").write_text("good")
    assert opened.all == ("b.table",)
    settle(folder)
    assert opened.all == ("b.table",)
    (folder / "a.table").write_text("good")
    assert opened.all == ("a.table", "b.table")
    (folder / "b.table").unlink()
    assert opened.all == ("a.table",)
