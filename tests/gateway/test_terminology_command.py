"""`isthmus terminology`: what is imported, listed and searched, and what is said of files that are no use."""

import json
import shutil
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.settings import TERMINOLOGY
from gateway.terminology_base import BaseRelease
from terminology.icd10cm.base import base_files, base_is_current
from tests.make_terminology import terminology_folder

SMALL = """<?xml version="1.0"?><ICD10CM.tabular><version>2027</version>
<chapter><name>19</name><desc>Injury (S00-T88)</desc><section id="S00-S09"><desc>Head (S00-S09)</desc>
<diag><name>S01</name><desc>Open wound</desc>
<sevenChrDef><extension char="A">initial encounter</extension></sevenChrDef>
<diag><name>S01.1</name><desc>Open wound of eyelid</desc>
<inclusionTerm><note>Cut eyelid</note></inclusionTerm></diag></diag></section></chapter></ICD10CM.tabular>"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the base release."""
    (tmp_path / TERMINOLOGY).mkdir()
    for file in terminology_folder().glob("*.sqlite"):
        shutil.copy(file, tmp_path / TERMINOLOGY)
    return tmp_path


def test_a_release_is_imported_listed_and_searched(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tabular list of another year becomes a release of its own, which answers for its dates."""
    file = data / "icd10cm-tabular-2027.xml"
    file.write_text(SMALL)
    folder = ["--data", str(data), "--json"]
    assert (
        main(["terminology", "import", "icd10cm", "--begins", "2026-10-01", str(file), *folder])
        == 0
    )
    (made,) = json.loads(capsys.readouterr().out)
    assert (made["version"], made["ends"], made["rows"]) == ("2026-10", "2027-09-30", 1)
    assert list(made["sources"]) == [file.name]
    assert main(["terminology", "list", *folder]) == 0
    assert [table["version"] for table in json.loads(capsys.readouterr().out)] == [
        "2026-04",
        "2026-10",
    ]
    assert main(["terminology", "search", "cut eyelid", *folder]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["code"], one["term"]) for one in found] == [("S01.1", "Cut eyelid")]
    assert main(["terminology", "search", "hypertension", "--date", "2026-05-01", *folder]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("content", "begins", "said"),
    [
        ("<ICD10CM.tabular/>", "2026-10-01", "no codes"),
        ("no xml", "2026-10-01", "no readable XML"),
        (SMALL, "October", "--begins is a date"),
        (None, "2026-10-01", "cannot be read"),
    ],
)
def test_a_file_of_no_use_changes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str], content: str | None, begins: str, said: str
) -> None:
    """A wrong file or date is named, and the folder stays as it was."""
    file = data / "file.xml"
    if content is not None:
        file.write_text(content)
    before = sorted((data / TERMINOLOGY).glob("*.sqlite"))
    status = main(
        ["terminology", "import", "icd10cm", "--begins", begins, str(file), "--data", str(data)]
    )
    assert status == 2
    assert said in capsys.readouterr().err
    assert sorted((data / TERMINOLOGY).glob("*.sqlite")) == before


def test_the_base_release_is_recognised(data: Path, tmp_path: Path) -> None:
    """What was made of the installed files is not made again; an empty folder is not up to date."""
    assert base_files() is not None
    assert base_is_current(data / TERMINOLOGY)
    assert not base_is_current(tmp_path / "other")


def test_stopping_ends_an_unfinished_base_release(tmp_path: Path) -> None:
    """A gateway that stops leaves no process behind, and no half a file."""
    base = BaseRelease(tmp_path)
    base.stop()
    base.start()
    assert not list(tmp_path.rglob("*.sqlite"))
