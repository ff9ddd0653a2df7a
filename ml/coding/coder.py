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
from ml.coding.nearest import IndexTerms, NearestRows
from ml.coding.procedure_codes import SiteCodes
from ml.coding.vector_build import start_build
from ml.coding.words import words_digest
from ml.text.embedder import Embedder, load_embedder
from ml.text.minilm import NAME
from ml.worker import Places, Progress, Spec
from profiles.coding_records import CodingRequest, CodingResult, Note
from profiles.outcome import OperationOutcomeError
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

    def __init__(self, places: Places) -> None:
        self._places = places
        self.folder = places.terminology
        self._releases = Icd10Cm(self.folder)
        self._embedder = _embedder(places.models)
        self._made: dict[str, Encounter] = {}
        self._near: dict[str, NearestRows] = {}
        self._wanted: set[str] = set()
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
                if self._embedder is not None:
                    terms = IndexTerms(release, index)
                    near = NearestRows(self.folder, terms, self._embedder)
                    self._near[release.digest] = near
                near_or_none = self._near.get(release.digest)
                self._made[release.digest] = Encounter(release, index, near_or_none)
            return self._made[release.digest]

    def build_vectors(self, service_date: str, progress: Progress) -> bool:
        """Build the vectors of a release; False without an embedder or while another process does."""
        self.on(service_date, progress)
        near = self._near.get(self._releases.on(service_date).digest)
        return near is not None and near.build(progress)

    def want_vectors(self, service_date: str) -> None:
        """Start to build the vectors of a release once, in the background, when they are missing."""
        digest = self._releases.on(service_date).digest
        near = self._near.get(digest)
        with self._lock:
            if near is not None and digest not in self._wanted and not near.is_ready():
                self._wanted.add(digest)
                start_build(self._places, service_date)

    def digests(self, service_date: str) -> tuple[tuple[str, str], ...]:
        """What finds paraphrases on a day, with its SHA-256; nothing as long as it is not ready."""
        near = self._near.get(self._releases.on(service_date).digest)
        if near is None or self._embedder is None or not near.is_ready():
            return ()
        return ((f"embedder {NAME}", self._embedder.digest),)


def _embedder(models: Path) -> Embedder | None:
    """The embedder; a damaged one counts as none, and `isthmus doctor` says so."""
    try:
        return load_embedder(models)
    except OperationOutcomeError:
        return None


def load(places: Places) -> Coders:
    """Open the releases and build the index of the newest one, once."""
    coders = Coders(places)
    coders.on("9999-12-31", lambda *_: None)
    return coders


def run(model: Coders, given: CodingRequest, progress: Progress) -> CodingResult:
    """Code the notes of one encounter; a note that cannot be used is a remark."""
    # Lines point to diagnoses, so those are found even where only lines are wanted.
    whole = replace(given, systems=())
    digests = model.digests(given.service_date)
    result = model.on(given.service_date, progress).code(whole)
    result = replace(result, digests=(*result.digests, *digests))
    result = with_lines(result, given, SiteCodes(model.folder, given.service_date))
    model.want_vectors(given.service_date)
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
