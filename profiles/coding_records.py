"""Facts of medical coding that cross a room: what a coder is given and what it suggests.

Frozen, without behaviour, JSON on every process border (``profiles.records.to_json``). Offsets count
Unicode code points of ``Note.text``; ``end`` is exclusive, so ``text[start:end] == Evidence.text`` always.
"""

from dataclasses import dataclass, field
from typing import Final

SUGGESTED: Final = "suggested"
BELOW_THRESHOLD: Final = "below-threshold"


@dataclass(frozen=True, slots=True)
class Note:
    """One document as plain text.

    Parameters
    ----------
    document : str
        Reference of the resource that it came from, such as ``DocumentReference/1``.
    text : str
        The whole text; what the evidence's offsets count in.
    title : str
        Kind of note as its source calls it; empty when it does not say.
    """

    document: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class CodingRequest:
    """What a coder is given: the notes of one encounter and what the rules ask about it.

    Parameters
    ----------
    notes : tuple of Note
        In the order in which they were written.
    service_date : str
        Date of service (ISO 8601), by which releases and billable codes are chosen.
    setting : str
        ``outpatient`` (guideline section IV) or ``inpatient`` (sections II and III).
    systems : tuple of str
        Canonical URIs of the code systems wanted; empty for all.
    threshold : float or None
        Score from which a code counts as suggested; None for the coder's own.
    patient_sex, patient_birth_date : str
        ``AdministrativeGender`` code and ISO date; empty when unknown.
    new_patient : bool or None
        Whether the visit is a new patient's (E/M levels); None when unknown.
    """

    notes: tuple[Note, ...]
    service_date: str
    setting: str = "outpatient"
    systems: tuple[str, ...] = ()
    threshold: float | None = None
    patient_sex: str = ""
    patient_birth_date: str = ""
    new_patient: bool | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim span of a note."""

    document: str
    start: int
    end: int
    text: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class RuleCitation:
    """A rule that was applied: its id (``I.A.15``), what it did here, and where it stands."""

    rule: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class CodeSuggestion:
    """One suggested code.

    Parameters
    ----------
    system, version, code, display : str
        The code as in its release; ICD-10-CM with the dot. CPT has no display of ours.
    score : float
        From 0 to 1; a score, not a calibrated probability.
    status : str
        ``suggested`` or ``below-threshold``.
    evidence : tuple of Evidence
        At least one span.
    rules : tuple of RuleCitation
    features : tuple of (str, float)
        What the score was made of; kept with the decision for later learning.
    modifiers : tuple of str
        CPT/HCPCS modifiers of a procedure line.
    units : int
        Units of a procedure line.
    pointers : tuple of str
        Diagnosis codes (with the dot) that a procedure line points to, most important first.
    term : str
        Normalised term of the terminology (default term, inclusion term or description) by which the
        code was found, never text of the note; empty when no term led to it. Decisions are learned
        from by this key.
    """

    system: str
    version: str
    code: str
    display: str
    score: float
    status: str
    evidence: tuple[Evidence, ...]
    rules: tuple[RuleCitation, ...] = ()
    features: tuple[tuple[str, float], ...] = ()
    modifiers: tuple[str, ...] = ()
    units: int = 1
    pointers: tuple[str, ...] = ()
    term: str = ""


@dataclass(frozen=True, slots=True)
class CodingRemark:
    """Something a person must know: an omission, a question for the provider, a conflict, a refusal.

    Parameters
    ----------
    kind : str
        ``omission``, ``query``, ``conflict``, ``note-not-used`` or ``warning``.
    text : str
        For a person; without text of the note (that is in the evidence).
    codes : tuple of str
        Codes that it is about; for a query the codes among which the answer decides.
    evidence : tuple of Evidence
    rule : RuleCitation or None
    """

    kind: str
    text: str
    codes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    rule: RuleCitation | None = None


@dataclass(frozen=True, slots=True)
class CodingResult:
    """What a coder made of a request: codes in sequence (first-listed diagnosis first), and remarks."""

    coder: str
    coder_version: str
    suggestions: tuple[CodeSuggestion, ...] = ()
    remarks: tuple[CodingRemark, ...] = ()
    digests: tuple[tuple[str, str], ...] = field(default=())
    """What it ran with: model and code-system release, each with its SHA-256."""
