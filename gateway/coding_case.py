"""What is coded together: the notes of one encounter, and what the rules and the Claim need to know of it.

Date of service: of an inpatient stay the day of discharge, by which ICD-10-CM chooses its release
(Guidelines, introduction); of any other visit the day on which it began. A date that is not known to the
day is no date of service; what is not known at all is said in a remark.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from adapters.documents.cleaning import LONGEST
from gateway.coding_sources import Sources
from gateway.documents import Documents
from gateway.place_of_service import place_of_service
from profiles.builders.claim_context import ClaimContext
from profiles.clinical_document import ClinicalDocument, local
from profiles.coding_records import CodingRemark, CodingRequest, Note, RuleCitation
from profiles.fhir_time import instant
from profiles.note_language import language_of
from profiles.outcome import OperationOutcomeError
from profiles.recording import Recording
from terminology.fees import Fee

MOST_NOTES: Final = 50
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
"""Of v3 ActEncounterCode; an observation stay (OBSENC) and an emergency visit (EMER) are outpatient."""
_OF_A_STAY: Final = frozenset({"18842-5", "11490-0", "28655-9", "34105-7", "34106-5"})
"""LOINC codes of discharge summaries; emergency departments and day clinics write them too."""
_UNCERTAIN: Final = RuleCitation(
    "IV.H",
    "Uncertain diagnoses of outpatients are not coded; those of inpatients are (II.H).",
    "ICD-10-CM Official Guidelines for Coding and Reporting, section IV.H",
)
_NEW_AFTER: Final = timedelta(days=3 * 365 + 1)
"""A patient is established when seen within three years (AMA, E/M guidelines)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller of ``$code`` may ask for; a coding on arrival asks for nothing."""

    systems: tuple[str, ...] = ()
    threshold: float | None = None
    claim_type: str = ""
    encounter: str = ""
    coverage: str = ""
    rationale: bool = True
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One request to the coder with what its Claim needs beside the result."""

    request: CodingRequest
    patient: str
    encounter: str
    inpatient: bool
    period: tuple[str, str]
    coverages: tuple[Mapping[str, Any], ...]
    provider: Mapping[str, Any] | None
    care_team: tuple[Mapping[str, Any], ...]
    claim_type: str
    place: str
    remarks: tuple[CodingRemark, ...]

    def context(self, moment: datetime, task_id: str, fees: Mapping[str, Fee]) -> ClaimContext:
        """What the builder of the draft Claim is given."""
        return ClaimContext(
            patient=self.patient,
            documents=tuple(note.document for note in self.request.notes),
            moment=moment,
            service_date=self.request.service_date,
            encounter=self.encounter,
            coverages=self.coverages,
            provider=self.provider,
            care_team=self.care_team,
            kind=self.claim_type or ("institutional" if self.inpatient else "professional"),
            place=self.place,
            period=self.period,
            task_id=task_id,
            request=self.request,
            fees=fees,
        )


class Cases:
    """Makes cases.

    Parameters
    ----------
    sources : Sources
        Where everything is found.
    documents : Documents
        Reads the text of a note.
    excluded : collection of str
        LOINC codes of documents that are not coded.
    languages : collection of str
        Languages of the notes that are coded.
    usual_place : str
        CMS code of where the site's ambulatory visits take place; empty for an office.
    """

    def __init__(
        self,
        sources: Sources,
        documents: Documents,
        excluded: Iterable[str],
        languages: Iterable[str] = ("en",),
        usual_place: str = "",
    ) -> None:
        self._sources = sources
        self._documents = documents
        self._excluded = frozenset(excluded)
        self._languages = frozenset(languages)
        self._usual_place = usual_place

    def of(self, focus: Mapping[str, Any], asked: Asked, moment: datetime) -> Case:
        """The case of a note, or of all notes of an Encounter.

        Raises
        ------
        OperationOutcomeError
            ``business-rule`` when there is nothing to code or it belongs to several patients,
            ``not-found`` for an encounter or coverage that is not here; and what reading the note raises.
        """
        lead = None if focus["resourceType"] == "Encounter" else ClinicalDocument(focus)
        reference = asked.encounter or (lead.encounter if lead else f"Encounter/{focus['id']}")
        encounter = self._encounter(reference, asked)
        patient = local(encounter.get("subject"), "Patient") or (lead.patient if lead else "")
        if lead is not None and lead.patient and lead.patient != patient:
            raise OperationOutcomeError(
                "business-rule", "the encounter is another patient's than the document", "encounter"
            )
        notes, remarks = self._notes(lead, reference, patient, strict=asked.by_hand)
        inpatient = encounter.get("class", {}).get("code") in _INPATIENT
        day, undated = _service_day(
            encounter, [document for document, _ in notes], inpatient, moment
        )
        person = self._sources.read(patient) or {} if patient else {}
        request = CodingRequest(
            notes=tuple(note for _, note in notes),
            service_date=day,
            setting="inpatient" if inpatient else "outpatient",
            systems=asked.systems,
            threshold=asked.threshold,
            patient_sex=str(person.get("gender", "")),
            patient_birth_date=str(person.get("birthDate", "")),
            new_patient=self._is_new(encounter, patient, day),
        )
        documents = [document for document, _ in notes]
        return Case(
            request=request,
            patient=patient,
            encounter=reference,
            inpatient=inpatient,
            period=_period(encounter),
            coverages=self._coverages(asked.coverage, patient),
            provider=_provider(encounter, documents),
            care_team=_care_team(encounter, documents),
            claim_type=asked.claim_type,
            place=place_of_service(encounter, self._sources.read, self._usual_place),
            remarks=(*remarks, *undated, *_unsettled(encounter, documents)),
        )

    def _encounter(self, reference: str, asked: Asked) -> Mapping[str, Any]:
        found = self._sources.read(reference) if reference else None
        if found is None and asked.encounter:
            raise OperationOutcomeError("not-found", "there is no such Encounter", "encounter")
        return found or {}

    def _coverages(self, wanted: str, patient: str) -> tuple[Mapping[str, Any], ...]:
        if not wanted:
            return tuple(self._sources.coverages(patient)) if patient else ()
        found = self._sources.read(wanted)
        if found is None:
            raise OperationOutcomeError("not-found", "there is no such Coverage", "coverage")
        if patient and local(found.get("beneficiary"), "Patient") not in ("", patient):
            raise OperationOutcomeError(
                "business-rule", "the coverage is another patient's than the document", "coverage"
            )
        return (found,)

    def _notes(
        self, lead: ClinicalDocument | None, encounter: str, patient: str, *, strict: bool
    ) -> tuple[list[tuple[ClinicalDocument, Note]], list[CodingRemark]]:
        """Whatever can be read of an encounter's notes; the lead note must be where it was asked for."""
        found: list[tuple[ClinicalDocument, Note]] = []
        remarks = []
        first: OperationOutcomeError | None = None
        for document in (*([lead] if lead is not None else ()), *self._others(lead, encounter)):
            why = "" if document is lead else self._unfit(document, patient, found)
            try:
                found += [] if why else [(document, self._read(document))]
            except OperationOutcomeError as error:
                if document is lead and (strict or error.kind.http >= 500):
                    raise
                first = first or error
                why = f"{document.reference} was not used: {error.diagnostics}."
            if why:
                remarks.append(CodingRemark("note-not-used", why))
        if not found:
            raise first or OperationOutcomeError(
                "business-rule", "the encounter has no document in force with text", "Encounter"
            )
        return _distinct(sorted(found, key=lambda one: one[0].written)), remarks

    def _read(self, document: ClinicalDocument) -> Note:
        """The text of a document, in a language that is coded (``not-supported`` otherwise)."""
        note = self._documents.note(document)
        written = document.languages or {language_of(note.text)} - {""}
        if written and not written & self._languages:
            raise OperationOutcomeError(
                "not-supported",
                "the document is in a language that is not coded here",
                document.kind,
            )
        return note

    def _others(self, lead: ClinicalDocument | None, encounter: str) -> list[ClinicalDocument]:
        listed = self._sources.documents(encounter) if encounter else []
        documents = [ClinicalDocument(one) for one in listed]
        own = lead.reference if lead is not None else ""
        return [
            d
            for d in documents
            if d.reference != own and d.in_force and not d.ours and _told(d) and not _spoken(d)
        ]

    def _unfit(
        self,
        document: ClinicalDocument,
        patient: str,
        found: Sequence[tuple[ClinicalDocument, Note]],
    ) -> str:
        """Why another document of the encounter is left out; empty when it is not."""
        if document.patient and document.patient != patient:
            return f"{document.reference} was not used: it is about another patient."
        if document.loinc & self._excluded:
            return f"{document.reference} was not used: the site has excluded its type."
        if len(found) >= MOST_NOTES or sum(len(note.text) for _, note in found) > LONGEST:
            return f"{document.reference} was not used: the encounter has too many notes."
        return ""

    def _is_new(self, encounter: Mapping[str, Any], patient: str, day: str) -> bool | None:
        """False for a patient whom the provider has seen in three years; unknown otherwise."""
        provider = (encounter.get("serviceProvider") or {}).get("reference", "")
        start = _day_of(encounter.get("period", {}).get("start", "")) or day
        if not provider or not patient:
            return None
        since = (date.fromisoformat(start) - _NEW_AFTER).isoformat()
        return False if self._sources.seen_before(patient, provider, since, start) else None


def _told(document: ClinicalDocument) -> bool:
    """Whether it says anything in words: a report of results alone is no note."""
    resource = document.resource
    told = document.attachments or resource.get("conclusion") or resource.get("section")
    return document.kind != "DiagnosticReport" or bool(told)


def _spoken(document: ClinicalDocument) -> bool:
    """Whether it is what was said in a visit: the note of it is coded, once a person stands for that."""
    is_document = document.kind == "DocumentReference"
    return is_document and Recording(document.resource).content is not None


def _distinct(
    notes: Sequence[tuple[ClinicalDocument, Note]],
) -> list[tuple[ClinicalDocument, Note]]:
    """One of those that say the same: a document and the report that presents it."""
    seen: dict[str, tuple[ClinicalDocument, Note]] = {}
    for document, note in notes:
        key = " ".join(note.text.split())
        if key not in seen or document.kind == "DocumentReference" != seen[key][0].kind:
            seen[key] = (document, note)
    return list(seen.values())


def _service_day(
    encounter: Mapping[str, Any],
    documents: Sequence[ClinicalDocument],
    inpatient: bool,
    moment: datetime,
) -> tuple[str, tuple[CodingRemark, ...]]:
    start, end = _period(encounter)
    served = [part for document in documents for part in document.served]
    written = [document.written for document in documents]
    candidates = [end, start] if inpatient else [start]
    for text in (*candidates, *served, *written):
        if day := _day_of(text):
            return day, ()
    said = "The date of service is not known; the codes are those of the day of coding."
    return instant(moment)[:10], (CodingRemark("warning", said),)


def _unsettled(
    encounter: Mapping[str, Any], documents: Sequence[ClinicalDocument]
) -> tuple[CodingRemark, ...]:
    """A warning where a document tells of a stay and no encounter says whether there was one."""
    if encounter.get("class", {}).get("code") or not any(d.loinc & _OF_A_STAY for d in documents):
        return ()
    said = (
        "No Encounter says that the patient was an inpatient: the codes are those of an outpatient, and "
        "uncertain diagnoses are not among them."
    )
    return (CodingRemark("warning", said, (), (), _UNCERTAIN),)


def _day_of(text: str) -> str:
    """The day of a dateTime, in the offset in which it was written; empty when it is vaguer."""
    found = _DAY.match(text)
    return found[0] if found else ""


def _period(encounter: Mapping[str, Any]) -> tuple[str, str]:
    period = encounter.get("period", {})
    return str(period.get("start", "")), str(period.get("end", ""))


_BILLERS: Final = ("Organization", "Practitioner", "PractitionerRole")


def _provider(
    encounter: Mapping[str, Any], documents: Sequence[ClinicalDocument]
) -> Mapping[str, Any] | None:
    """Who bills: the encounter's organization, else the custodian of a document, else its author."""
    given = [encounter.get("serviceProvider")]
    given += [document.resource.get("custodian") for document in documents]
    given += [author for document in documents for author in _authors(document)]
    return next((one for one in map(_reference, given) if one), None)


def _care_team(
    encounter: Mapping[str, Any], documents: Sequence[ClinicalDocument]
) -> tuple[Mapping[str, Any], ...]:
    given = [one.get("individual") for one in encounter.get("participant", ())]
    given = given or [author for document in documents for author in _authors(document)]
    found = [one for one in map(_reference, given) if one]
    people = [one for one in found if not one["reference"].startswith("Organization/")]
    return tuple({one["reference"]: one for one in people}.values())


def _authors(document: ClinicalDocument) -> Sequence[Any]:
    name = "performer" if document.kind == "DiagnosticReport" else "author"
    found: Sequence[Any] = document.resource.get(name, ())
    return found


def _reference(given: Any) -> dict[str, Any] | None:
    """A literal reference to somebody who may bill or treat."""
    reference = (given or {}).get("reference", "")
    if not any(local(given, kind) for kind in _BILLERS):
        return None
    display = given.get("display")
    return {"reference": reference, **({"display": display} if display else {})}
