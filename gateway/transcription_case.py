"""What a recogniser, a scribe and a note need to know beside the recording: the patient, the visit, names.

Names of drugs, allergies and problems out of the patient's record are what a recogniser is told to expect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.store import Store
from gateway.coding_sources import StoredSources
from profiles.builders.composition import NoteContext
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.recording import Recording
from profiles.speech_records import ScribeRequest, Transcript

MOST_NAMES: Final = 200
LONGEST_NAME: Final = 80
_NAMED: Final = (
    ("MedicationStatement", "medicationCodeableConcept"),
    ("MedicationRequest", "medicationCodeableConcept"),
    ("AllergyIntolerance", "code"),
    ("Condition", "code"),
)
_IN_ERROR: Final = "entered-in-error"


@dataclass(frozen=True, slots=True)
class AskedNote:
    """What a caller of ``$transcribe`` may ask for; an arrival asks for nothing.

    ``transcript`` names the Binary with what was said where a person has corrected who speaks: nothing is
    recognised again.
    """

    language: str = ""
    template: str = ""
    speakers: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    by_hand: bool = False
    transcript: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What the record says around one recording."""

    recording: Recording
    patient: Mapping[str, Any]
    period: tuple[str, str]
    medications: tuple[str, ...]
    names: tuple[str, ...]

    def scribe_request(self, transcript: Transcript, template: str) -> ScribeRequest:
        """What the scribe is given."""
        return ScribeRequest(
            transcript=transcript,
            template=template,
            patient_name=_name(self.patient),
            patient_sex=str(self.patient.get("gender", "")),
            patient_birth_date=str(self.patient.get("birthDate", "")),
            visit_date=(self.period[0] or self.recording.when)[:10],
            medications=self.medications,
        )

    def context(self, moment: datetime, task_id: str, corrected: str = "") -> NoteContext:
        """What the builder of the note is given."""
        start = self.period[0] or self.recording.when or instant(moment)
        return NoteContext(
            source=self.recording.reference,
            patient=self.recording.patient,
            moment=moment,
            task_id=task_id,
            encounter=self.recording.encounter,
            period=(start, self.period[1]),
            corrected=corrected,
        )


def visit_of(store: Store, recording: Recording, asked: AskedNote) -> Visit:
    """Gather it.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when the encounter is another patient's.
    """
    sources = StoredSources(store)
    encounter = sources.read(recording.encounter) if recording.encounter else None
    owner = str((encounter or {}).get("subject", {}).get("reference", recording.patient))
    if owner != recording.patient:
        raise OperationOutcomeError(
            "business-rule", "the encounter is another patient's than the recording", "encounter"
        )
    period = (encounter or {}).get("period", {})
    found = {kind: list(_names(store, kind, at, recording.patient)) for kind, at in _NAMED}
    medications = tuple(dict.fromkeys(found["MedicationStatement"] + found["MedicationRequest"]))
    every = [*asked.vocabulary, *(name for listed in found.values() for name in listed)]
    return Visit(
        recording,
        sources.read(recording.patient) or {},
        (str(period.get("start", "")), str(period.get("end", ""))),
        medications[:MOST_NAMES],
        _fitting(every),
    )


def names_of(store: Store, patient: str) -> tuple[str, ...]:
    """Names of drugs, allergies and problems that a recogniser may expect of a patient."""
    every = [name for kind, at in _NAMED for name in _names(store, kind, at, patient)]
    return _fitting(every)


def _fitting(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name[:LONGEST_NAME] for name in names))[:MOST_NAMES]


def _names(store: Store, kind: str, at: str, patient: str) -> Iterator[str]:
    newest = [("patient", patient), ("_sort", "-_lastUpdated")]
    for match in store.search(kind, newest, count=MOST_NAMES).matches:
        resource = match.json()
        stated = [resource.get("status"), *_codes(resource.get("verificationStatus"))]
        name = _words(resource.get(at))
        if name and _IN_ERROR not in stated:
            yield name


def _codes(concept: Mapping[str, Any] | None) -> Sequence[str]:
    return [str(one.get("code")) for one in (concept or {}).get("coding", ())]


def _words(concept: Mapping[str, Any] | None) -> str:
    said = concept or {}
    displays = [one.get("display") for one in said.get("coding", ())]
    return str(next(filter(None, [said.get("text"), *displays]), "")).strip()


def _name(patient: Mapping[str, Any]) -> str:
    first: Mapping[str, Any] = next(iter(patient.get("name", ())), {})
    return str(first.get("text") or " ".join([*first.get("given", ()), first.get("family", "")]))
