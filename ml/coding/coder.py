"""The worker that codes diagnoses: notes of an encounter in, evidence-linked ICD-10-CM suggestions out.

No model is trained for it: sections, ConText, an index of the release and rules of the Official
Guidelines, with default terms
of our own. Text of a note is data; nothing in it is an instruction.
"""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

from ml.coding.encounter import Encounter
from ml.coding.index import FORMAT, Index, build
from ml.coding.lines import with_lines
from ml.coding.match import Embedder
from ml.coding.procedure_codes import SiteCodes
from ml.coding.words import words_digest
from ml.worker import Places, Progress, Spec
from profiles.coding_records import CodingRequest, CodingResult, Note
from terminology.icd10cm.release import Icd10Cm, Release

SPEC: Final = Spec(
    "code", "1", "DocumentReference", CodingRequest, CodingResult, "coding", timeout_s=120
)


def index_path(folder: Path, release: Release) -> Path:
    """Where the index of a release lies; another release, layout or word table has another name."""
    made_of = hashlib.sha256(f"{FORMAT} {release.digest} {words_digest()}".encode()).hexdigest()
    return folder / f"coding-{release.version}-{made_of[:16]}.npz"


def build_index(folder: Path, release: Release, progress: Progress) -> Path:
    """Build the index of a release unless it is there.

    Parameters
    ----------
    folder : Path
        Folder of compiled code systems.
    release : Release
    progress : callable
    """
    path = index_path(folder, release)
    if not path.exists():
        build(release, path, progress)
        for older in folder.glob(f"coding-{release.version}-*.npz"):
            if older != path:
                older.unlink(missing_ok=True)
    return path


class Coders:
    """One coder for each release that a date of service asks for."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        self.folder = folder
        self._releases = Icd10Cm(folder)
        self._embedder = embedder
        self._made: dict[str, Encounter] = {}
        self._lock = threading.Lock()

    def on(self, service_date: str, progress: Progress) -> Encounter:
        """The coder for a date of service.

        Raises
        ------
        TerminologyError
            When there is no release at all.
        """
        release = self._releases.on(service_date)
        with self._lock:
            if release.digest not in self._made:
                index = Index(build_index(self.folder, release, progress))
                self._made[release.digest] = Encounter(release, index, self._embedder)
            return self._made[release.digest]


def load(places: Places) -> Coders:
    """Open the releases and build the index of the newest one, once."""
    coders = Coders(places.terminology)
    coders.on("9999-12-31", lambda *_: None)
    return coders


def run(model: Coders, given: CodingRequest, progress: Progress) -> CodingResult:
    """Code the notes of one encounter; a note that cannot be used is a remark."""
    # Lines point to diagnoses, so those are found even where only lines are wanted.
    whole = replace(given, systems=())
    result = model.on(given.service_date, progress).code(whole)
    result = with_lines(result, given, SiteCodes(model.folder, given.service_date))
    progress(len(given.notes), len(given.notes), "notes")
    return result


def example(folder: Path) -> CodingRequest:
    """A short visit note, written for this."""
    text = (
        "CHIEF COMPLAINT\nRight knee pain.\n\n"
        "HISTORY OF PRESENT ILLNESS\nA 61-year-old woman with right knee pain for two months. She "
        "denies fever. "
        "Her mother has rheumatoid arthritis.\n\n"
        "ASSESSMENT AND PLAN\n1. Osteoarthritis of the right knee. Start acetaminophen, refer to "
        "physical therapy.\n"
        "2. Hypertension, well controlled. Continue lisinopril 10 mg daily.\n"
    )
    return CodingRequest((Note("DocumentReference/example", text, "Progress note"),), "2026-06-01")
