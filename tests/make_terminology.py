"""The code systems of the installed packages for tests, compiled once per machine and checked each time."""

import os
import tempfile
from pathlib import Path

from terminology.hcc_import import compile_installed
from terminology.icd10cm.base import compile_base
from terminology.icd10cm.compile import LAYOUT


def terminology_folder() -> Path:
    """A folder with the compiled base release of ICD-10-CM, shared by every test run of this user."""
    return _compiled("terminology")


def compiled_folder() -> Path:
    """A folder with everything that the first start of a gateway makes."""
    folder = _compiled("first-start")
    compile_installed(folder)
    return folder


def _compiled(name: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"isthmus-{name}-{os.getuid()}-{LAYOUT}"
    compile_base(folder)
    return folder
