"""The coder on the base release, loaded once."""

from pathlib import Path

import pytest

from ml.coding.coder import load, run
from ml.worker import Places
from profiles.coding_records import CodingRequest, CodingResult, Note
from terminology.systems import ICD_10_CM
from tests.make_terminology import terminology_folder

SERVED = "2026-06-01"


class Asked:
    """Asks the coder about notes."""

    def __init__(self) -> None:
        self.folder = terminology_folder()
        self.model = load(Places(Path("none"), self.folder))

    def result(self, *texts: str, **more: object) -> CodingResult:
        """The whole result for the notes of one encounter."""
        notes = tuple(Note(f"DocumentReference/{at}", text) for at, text in enumerate(texts))
        given = CodingRequest(notes, SERVED, **{"systems": (ICD_10_CM,), **more})
        return run(self.model, given, lambda *_: None)

    def codes(self, *texts: str, **more: object) -> list[str]:
        """The suggested diagnosis codes, in sequence."""
        found = self.result(*texts, **more).suggestions
        return [one.code for one in found if one.status == "suggested" and "icd-10" in one.system]


@pytest.fixture(scope="session")
def coder() -> Asked:
    """The coder with the base release."""
    return Asked()
