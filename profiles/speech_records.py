"""Facts of transcription that cross a room: audio, transcript, note.

Frozen, without behaviour, JSON on every process border (``profiles.records.to_json``). Times are seconds from
the beginning of the recording; segments are numbered in the order in which they begin, and every number in a
note is such a segment.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording as it was stored.

    Parameters
    ----------
    reference : str
        The resource that it came from, such as ``Media/1``.
    path : str
        File that a worker may read.
    content_type : str
        Media type as declared; the bytes decide.
    roles : tuple of str
        Role of each channel where each person has one: ``doctor``, ``patient``, ``other``; empty otherwise.
    """

    reference: str
    path: str
    content_type: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; ``probability`` is the engine's own, None where it gives none."""

    start_s: float
    end_s: float
    text: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """What one person said without a break.

    Parameters
    ----------
    number : int
        From 0, without gaps.
    start_s, end_s : float or None
        None where an attached transcript has no times.
    text : str
    words : tuple of Word
        Empty where the engine gives none.
    channel : int
        Channel of the recording, 0 for the mix.
    role : str
        ``doctor``, ``patient``, ``other``, empty when unknown.
    role_confidence : float
        From 0 to 1; 1 where a channel or a person says so.
    flags : tuple of str
        ``low-confidence``, ``repetition``, ``drug-name``, ``no-speech``: for a person to look at;
        ``role-corrected``: a person has said who speaks.
    speaker : str
        As an attached transcript calls them (``Speaker 1``); empty where it does not, or says the role alone.
    """

    number: int
    start_s: float | None
    end_s: float | None
    text: str
    words: tuple[Word, ...] = ()
    channel: int = 0
    role: str = ""
    role_confidence: float = 0.0
    flags: tuple[str, ...] = ()
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class SpeechRemark:
    """Something a person must know: what was left out, what may be wrong; never the patient's words."""

    kind: str
    text: str
    segments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What a transcriber is given.

    Parameters
    ----------
    audio : Audio
    language : str
        BCP 47; empty to let the engine find it.
    vocabulary : tuple of str
        Names that are likely: medications, allergies and problems of the record.
    """

    audio: Audio
    language: str = ""
    vocabulary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said.

    Parameters
    ----------
    engine, engine_version : str
        What recognised it; ``attached`` for a transcript that a person has supplied.
    language : str
    duration_s : float or None
    segments : tuple of Segment
    remarks : tuple of SpeechRemark
    digests : tuple of (str, str)
        Model files with their SHA-256.
    """

    engine: str
    engine_version: str
    language: str
    duration_s: float | None
    segments: tuple[Segment, ...] = ()
    remarks: tuple[SpeechRemark, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScribeRequest:
    """What a scribe is given: a transcript, and what is known of the patient.

    Parameters
    ----------
    transcript : Transcript
    template : str
        Name of the section template: ``soap``, ``h-and-p``, ``consult``, ``discharge`` or a site's own.
    patient_name, patient_sex, patient_birth_date : str
        As in the record; empty when unknown.
    visit_date : str
        ISO 8601.
    medications : tuple of str
        Names on the record's list.
    """

    transcript: Transcript
    template: str = "soap"
    patient_name: str = ""
    patient_sex: str = ""
    patient_birth_date: str = ""
    visit_date: str = ""
    medications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteSentence:
    """One sentence of a note and the segments that it rests on; ``kind`` is ``template`` or ``quotation``."""

    text: str
    segments: tuple[int, ...]
    kind: str = "template"
    fact: int | None = None


@dataclass(frozen=True, slots=True)
class NoteSection:
    """One section: its LOINC code, its title, its sentences."""

    code: str
    title: str
    sentences: tuple[NoteSentence, ...]


@dataclass(frozen=True, slots=True)
class ClinicalFact:
    """One thing that was said, in parts.

    Parameters
    ----------
    kind : str
        ``problem``, ``medication``, ``allergy``, ``vital``, ``finding``, ``result``, ``plan``, ``follow-up``.
    text : str
        As it was said.
    parts : tuple of (str, str)
        Such as ``("dose", "20 mg")``, ``("frequency", "daily")``, ``("status", "denied")``.
    segments : tuple of int
    """

    kind: str
    text: str
    parts: tuple[tuple[str, str], ...]
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpeakerRole:
    """Who speaks a segment, as a scribe took it, and how sure that is (0 to 1)."""

    segment: int
    role: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ScribeNote:
    """The note that a scribe proposes: every sentence rests on segments.

    ``roles`` names the speaker of each segment where that differs from what the transcript said.
    """

    scribe: str
    scribe_version: str
    template: str
    sections: tuple[NoteSection, ...] = ()
    facts: tuple[ClinicalFact, ...] = ()
    remarks: tuple[SpeechRemark, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    roles: tuple[SpeakerRole, ...] = ()
