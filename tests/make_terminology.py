"""The base release of ICD-10-CM for tests, compiled once per machine and checked each time."""

import os
import tempfile
from pathlib import Path

from terminology.icd10cm.base import compile_base
from terminology.icd10cm.compile import LAYOUT


def terminology_folder() -> Path:
    """A folder with the compiled base release, shared by every test run of this user."""
    folder = Path(tempfile.gettempdir()) / f"isthmus-terminology-{os.getuid()}-{LAYOUT}"
    compile_base(folder)
    return folder
