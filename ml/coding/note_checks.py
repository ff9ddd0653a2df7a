"""What must be known about a note before its codes: not read, not English, of another patient."""

import re
from datetime import date
from typing import Final

from ml.coding.tables import words_named
from profiles.coding_records import CodingRemark, CodingRequest, Evidence, Note

NOT_USED: Final = "note-not-used"
CONFLICT: Final = "conflict"
WARNING: Final = "warning"
READ: Final = 200_000
"""Characters of one note that are read."""
SAMPLE: Final = 20_000
ENGLISH: Final = frozenset(words_named("english").split())
FOREIGN: Final = frozenset(words_named("not-english").split())
WORD: Final = re.compile(r"[^\W\d_]+")
PERSON: Final = re.compile(
    r"\b(\d{1,3})[- ]?(?:years?|yrs?|y\.?)[- /]?(?:olds?|o\.?)?[ ,-]{0,2}(?:[a-z-]+[ ,]+){0,3}?(male|"
    r"female|man|woman|boy|girl|gentleman|lady|m|f)\b",
    re.IGNORECASE,
)
BORN: Final = re.compile(
    r"\b(?:d\.?o\.?b\.?|date of birth|birth ?date|born(?: on)?)[: \t]{0,4}"
    r"((?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})))\b",
    re.IGNORECASE,
)
LAST_DAY: Final = 31
SEX: Final = {
    "male": "male", "man": "male", "boy": "male", "gentleman": "male", "m": "male",
    "female": "female", "woman": "female", "girl": "female", "lady": "female", "f": "female",
}  # fmt: skip
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
YEARS: Final = 1


def unusable(note: Note) -> CodingRemark | None:
    """Why a note is not coded; None when it is.

    Parameters
    ----------
    note : Note
    """
    if not note.text.strip():
        return CodingRemark(NOT_USED, "The note has no text.")
    words = [word.lower() for word in WORD.findall(note.text[:SAMPLE])]
    if not words:
        return CodingRemark(NOT_USED, "The note has no words.")
    letters = "".join(words)
    if sum(letter < "\u0250" for letter in letters) * 2 < len(letters):
        return CodingRemark(NOT_USED, "The note is not in English; only English notes are coded.")
    english = sum(word in ENGLISH for word in words)
    foreign = sum(word in FOREIGN for word in words)
    if len(words) >= 8 and foreign > 0.12 * len(words) and foreign > 2 * english:
        return CodingRemark(NOT_USED, "The note is not in English; only English notes are coded.")
    return None


def about(note: Note, request: CodingRequest) -> list[CodingRemark]:
    """What is remarkable about a note that is coded."""
    found = []
    unread = len(note.text) - READ
    if unread > 0:
        said = f"The note is too long: its last {unread} characters were not read."
        found.append(CodingRemark(WARNING, said))
    if CONTROL.search(note.text[:READ]):
        said = "The note holds control or replacement characters; parts of it may be damaged."
        found.append(CodingRemark(WARNING, said))
    return [*found, *_person(note, request), *_born(note, request)]


def _person(note: Note, request: CodingRequest) -> list[CodingRemark]:
    """Whether the note describes somebody of another age or sex than the patient."""
    match = PERSON.search(note.text[:READ])
    if match is None:
        return []
    where = (Evidence(note.document, match.start(), match.end(), match.group()),)
    found = []
    sex = SEX[match.group(2).lower()]
    if request.patient_sex in ("male", "female") and sex != request.patient_sex:
        said = "The note describes a patient of another sex than the record; is it the right patient's?"
        found.append(CodingRemark(CONFLICT, said, (), where))
    age = _age(request)
    if age is not None and abs(age - int(match.group(1))) > YEARS:
        said = "The note describes a patient of another age than the record; is it the right patient's?"
        found.append(CodingRemark(CONFLICT, said, (), where))
    return found


def _born(note: Note, request: CodingRequest) -> list[CodingRemark]:
    """Whether the note gives another date of birth than the record, in whatever order."""
    match = BORN.search(note.text[:READ])
    record = request.patient_birth_date[:10]
    if match is None or len(record) != len("2000-01-31"):
        return []
    one, two, three = (int(part) for part in re.findall(r"\d+", match.group(1)))
    year, first, second = (one, two, three) if one > LAST_DAY else (three, one, two)
    known = date.fromisoformat(record)
    same_year = known.year == year if year > 99 else known.year % 100 == year
    if same_year and {first, second} == {known.month, known.day}:
        return []
    said = "The note gives another date of birth than the record; is it the right patient's?"
    where = Evidence(note.document, match.start(), match.end(), match.group())
    return [CodingRemark(CONFLICT, said, (), (where,))]


def _age(request: CodingRequest) -> int | None:
    """Age on the date of service in years; None when a date is missing or not complete."""
    try:
        born = date.fromisoformat(request.patient_birth_date[:10])
        served = date.fromisoformat(request.service_date[:10])
    except ValueError:
        return None
    return served.year - born.year - ((served.month, served.day) < (born.month, born.day))
