"""The documents say what is true of the tree."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from gateway.cli import COMMANDS
from gateway.settings import TABLE
from ml.worker import Places

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docker").glob("*.md"),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    """Every relative link of a document names a file that is there."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_readme_names_the_two_commands():
    """A newcomer finds `make demo` and `make test`."""
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_commands_in_the_readme_exist():
    """Every `isthmus NAME` that the documents show is a command."""
    for document in DOCUMENTS:
        shown = set(re.findall(r"`isthmus ([a-z][a-z0-9-]*)", document.read_text()))
        assert shown <= set(COMMANDS), document


def test_every_setting_is_documented():
    """docs/settings.md has a row for each setting, with its default and meaning."""
    text = (ROOT / "docs" / "settings.md").read_text()
    for setting in TABLE:
        row = next(r for r in text.splitlines() if f"`ISTHMUS_{setting.name.upper()}`" in r)
        assert setting.text in row


def test_licence_is_apache_in_file_and_metadata():
    """LICENSE and pyproject.toml agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_constraints_are_hashed_and_name_no_index():
    """Every pinned package has hashes, and no line says where packages come from."""
    text = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"index|https?://|--find-links", text)
    pinned = re.findall(r"^([a-z0-9][\w.\-\[\]]*)==", text, re.MULTILINE)
    assert len(pinned) > 20
    assert text.count("--hash=sha256:") >= len(pinned)


def test_download_sizes_are_known_for_every_extra():
    """The sizes that set-up announces cover every extra."""
    sizes = json.loads((ROOT / "constraints.json").read_text())
    for extra in ("base", "imaging", "language", "speech", "dev"):
        named = [p for p in sizes["packages"].values() if extra in p["for"]]
        assert sum(package["bytes"] for package in named) > 1_000_000


def test_no_strong_copyleft_among_the_dependencies():
    """pylibjpeg-libjpeg (GPLv3) is neither asked for nor pinned."""
    for name in ("pyproject.toml", "constraints.txt"):
        assert "pylibjpeg-libjpeg" not in (ROOT / name).read_text()


def test_contributing_s_worker_is_a_worker(tmp_path):
    """The worker of CONTRIBUTING runs as it stands there, within 40 lines."""
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert code is not None
    assert len(code.group(1).splitlines()) <= 40
    scope: dict = {"__name__": "planted"}
    exec(compile(code.group(1), "CONTRIBUTING.md", "exec"), scope)  # noqa: S102 - our own document
    given = scope["example"](tmp_path)
    result = scope["run"](scope["load"](Places(tmp_path, tmp_path)), given, lambda *_: None)
    assert isinstance(result, scope["SPEC"].result)
