"""Codes of a visit note and URLs of what its draft says beyond R4.

Sources: LOINC document and vital-sign codes (C-CDA R2.1 document types; R4 observation-vitalsigns.html with
the units that its profiles allow); R4 code systems of the statuses.
"""

from dataclasses import dataclass
from typing import Final

from terminology.coding import Code
from terminology.systems import ISTHMUS, LOINC

_THO: Final = "http://terminology.hl7.org/CodeSystem"

PROGRESS_NOTE: Final = Code(LOINC, "11506-3", "Progress note")
NOTE_TYPES: Final = {
    "soap": PROGRESS_NOTE,
    "h-and-p": Code(LOINC, "34117-2", "History and physical note"),
    "consult": Code(LOINC, "11488-4", "Consult note"),
    "discharge": Code(LOINC, "18842-5", "Discharge summary"),
}
"""Document type by section template; a site's own template is a progress note unless it says otherwise."""

VISIT_TRANSCRIPT: Final = Code(
    f"{ISTHMUS}/CodeSystem/document-type", "visit-transcript", "Transcript of a visit"
)
"""LOINC has no code for what was said in a visit, word for word."""

AUDIO_MEDIA: Final = Code(f"{_THO}/media-type", "audio", "Audio")

CHANNEL_ROLE: Final = f"{ISTHMUS}/StructureDefinition/channel-role"
"""Role of one channel of a Media, once for each, in their order: doctor, patient or other."""
SENTENCE_EVIDENCE: Final = f"{ISTHMUS}/StructureDefinition/sentence-evidence"
SECTION_DECISION: Final = f"{ISTHMUS}/StructureDefinition/section-decision"
NOTE_DECISIONS: Final = Code(
    f"{ISTHMUS}/CodeSystem/record-type", "note-decisions", "Decisions on the sections of a note"
)
SPEAKER_CORRECTIONS: Final = Code(
    f"{ISTHMUS}/CodeSystem/record-type",
    "speaker-corrections",
    "Corrections of who speaks in a visit",
)

UNCONFIRMED_CONDITION: Final = Code(f"{_THO}/condition-ver-status", "unconfirmed", "Unconfirmed")
CONDITION_IN_ERROR: Final = Code(
    f"{_THO}/condition-ver-status", "entered-in-error", "Entered in Error"
)
ENCOUNTER_DIAGNOSIS: Final = Code(
    f"{_THO}/condition-category", "encounter-diagnosis", "Encounter Diagnosis"
)
UNCONFIRMED_ALLERGY: Final = Code(
    f"{_THO}/allergyintolerance-verification", "unconfirmed", "Unconfirmed"
)
ALLERGY_IN_ERROR: Final = Code(
    f"{_THO}/allergyintolerance-verification", "entered-in-error", "Entered in Error"
)
ACTIVE_ALLERGY: Final = Code(f"{_THO}/allergyintolerance-clinical", "active", "Active")
VITAL_SIGNS: Final = Code(f"{_THO}/observation-category", "vital-signs", "Vital Signs")


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital sign: its code, and the UCUM unit for each way in which a unit is said."""

    code: Code
    units: tuple[tuple[str, str], ...]


_PER_MINUTE: Final = (("", "/min"), ("/min", "/min"), ("bpm", "/min"), ("per minute", "/min"))
_PRESSURE: Final = (("", "mm[Hg]"), ("mmhg", "mm[Hg]"), ("mm hg", "mm[Hg]"), ("mm[hg]", "mm[Hg]"))
BLOOD_PRESSURE: Final = Code(LOINC, "85354-9", "Blood pressure panel with all children optional")
SYSTOLIC: Final = Vital(Code(LOINC, "8480-6", "Systolic blood pressure"), _PRESSURE)
DIASTOLIC: Final = Vital(Code(LOINC, "8462-4", "Diastolic blood pressure"), _PRESSURE)
_HEART_RATE: Final = Vital(Code(LOINC, "8867-4", "Heart rate"), _PER_MINUTE)
_BREATHS: Final = Vital(Code(LOINC, "9279-1", "Respiratory rate"), _PER_MINUTE)
_OXYGEN: Final = Vital(
    Code(LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
    (("", "%"), ("%", "%"), ("percent", "%")),
)
_TEMPERATURE: Final = Vital(
    Code(LOINC, "8310-5", "Body temperature"),
    (
        *(("cel", "Cel"), ("c", "Cel"), ("°c", "Cel"), ("celsius", "Cel")),
        *(("[degf]", "[degF]"), ("f", "[degF]"), ("°f", "[degF]"), ("fahrenheit", "[degF]")),
    ),
)
_WEIGHT: Final = Vital(
    Code(LOINC, "29463-7", "Body weight"),
    (
        *(("kg", "kg"), ("kilograms", "kg"), ("kilos", "kg"), ("[lb_av]", "[lb_av]")),
        *(("lb", "[lb_av]"), ("lbs", "[lb_av]"), ("pounds", "[lb_av]")),
    ),
)
_HEIGHT: Final = Vital(
    Code(LOINC, "8302-2", "Body height"),
    (
        *(("cm", "cm"), ("centimeters", "cm"), ("[in_i]", "[in_i]")),
        *(("in", "[in_i]"), ("inches", "[in_i]")),
    ),
)
_MASS_INDEX: Final = Vital(
    Code(LOINC, "39156-5", "Body mass index (BMI) [Ratio]"), (("", "kg/m2"), ("kg/m2", "kg/m2"))
)
VITALS: Final = {
    "heart rate": _HEART_RATE,
    "pulse": _HEART_RATE,
    "respiratory rate": _BREATHS,
    "respirations": _BREATHS,
    "oxygen saturation": _OXYGEN,
    "temperature": _TEMPERATURE,
    "weight": _WEIGHT,
    "height": _HEIGHT,
    "body mass index": _MASS_INDEX,
    "bmi": _MASS_INDEX,
}
"""By the name of the vital sign; a unit that is not here is not guessed."""
