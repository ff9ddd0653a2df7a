"""What the builders of one drafted note share: whose it is, what it came from, ids that never change."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.speech_records import ScribeNote, Transcript
from profiles.uids import derived_id
from terminology.coding import Code
from terminology.notes import NOTE_TYPES, PROGRESS_NOTE

ATTACHED: Final = "attached"
"""Engine of a transcript that a person has supplied."""


@dataclass(frozen=True, slots=True)
class NoteContext:
    """The setting of one drafted note; what is not known stays out of it.

    Parameters
    ----------
    source : str
        Reference of the recording or of the transcript that was sent: ``Media/1``.
    patient, encounter : str
        References; a note has a patient.
    moment : datetime
        When it was drafted, aware.
    task_id : str
        The job that drafts it: tells two runs apart.
    period : (str, str)
        Start and end of the visit.
    types : mapping of str to Code
        Document types of a site's own templates, as pairs.
    corrected : str
        Reference of the transcript in which a person has corrected who speaks, empty where nobody has.
    """

    source: str
    patient: str
    moment: datetime
    task_id: str
    encounter: str = ""
    period: tuple[str, str] = ("", "")
    types: tuple[tuple[str, Code], ...] = ()
    corrected: str = ""

    def __post_init__(self) -> None:
        """Refuse a note about nobody (``required``)."""
        if not self.patient or not self.source:
            raise OperationOutcomeError("required", "a note needs a patient and a recording")

    @property
    def composition_id(self) -> str:
        """Id of the note of this recording: a new run writes its next version."""
        return derived_id("Composition", "note", self.source)

    @property
    def transcript_id(self) -> str:
        """Id of the DocumentReference of the transcript."""
        return derived_id("DocumentReference", "transcript", self.source)

    @property
    def transcript(self) -> str:
        """Reference of the transcript."""
        return f"DocumentReference/{self.transcript_id}"

    @property
    def about(self) -> dict[str, Any]:
        """``subject`` and, when known, ``encounter`` of a resource."""
        said: dict[str, Any] = {"subject": {"reference": self.patient}}
        if self.encounter:
            said["encounter"] = {"reference": self.encounter}
        return said

    def kind(self, template: str) -> Code:
        """Document type of a section template."""
        return {**NOTE_TYPES, **dict(self.types)}.get(template, PROGRESS_NOTE)


@dataclass(frozen=True, slots=True)
class Engine:
    """A recogniser or a scribe: what its Device says."""

    name: str
    version: str
    digests: tuple[tuple[str, str], ...]
    kind: str
    purpose: str

    @property
    def digest(self) -> str:
        """SHA-256 of everything that it ran with."""
        named = [f"{name}={digest}" for name, digest in self.digests]
        return hashlib.sha256("\x1f".join([self.name, self.version, *named]).encode()).hexdigest()

    @property
    def device_id(self) -> str:
        """Id of its Device."""
        return derived_id("Device", self.name, self.digest)

    @property
    def card_id(self) -> str:
        """Id of the DocumentReference with its model card."""
        return derived_id("ModelCard", self.name, self.digest)


def engines(transcript: Transcript, note: ScribeNote) -> tuple[Engine, ...]:
    """The scribe, and before it the recogniser unless a person has supplied the transcript."""
    scribe = Engine(
        note.scribe,
        note.scribe_version,
        note.digests,
        "Rule-Based-Systems",
        "Sorts what was said in a visit into the sections of a note. Every sentence names the segments "
        "of the transcript that it rests on; a note is preliminary until a named person has decided.",
    )
    if transcript.engine == ATTACHED:
        return (scribe,)
    heard = Engine(
        transcript.engine,
        transcript.engine_version,
        transcript.digests,
        "Deep-Learning-Models",
        "Recognises speech. A recognised word may be wrong, most of all a name of a drug or a number; "
        "words of low confidence are marked.",
    )
    return (heard, scribe)
