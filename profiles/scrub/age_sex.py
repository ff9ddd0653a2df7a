"""Diagnoses that do not fit the patient's age or recorded sex: a person has to look.

``Patient.gender`` is administrative (R4 patient.html#gender): a conflict is never an error, and modifier KX
or condition code 45 says that it was looked at (Medicare Claims Processing Manual, chapter 32, section 240).
Ranges are the titles of ICD-10-CM's chapters and blocks; ages those of the Medicare Code Editor (newborn 0,
paediatric 0 to 17, maternity 9 to 64, adult 15 to 124).
"""

from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView, Diagnosis, codings
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.dates import first_day, last_day, years_between
from profiles.scrub.finding import Finding, found

_BY_SEX: Final = {
    "female": (
        *(("A34", "A34"), ("C51", "C58"), ("D06", "D06"), ("D25", "D28"), ("D39", "D39")),
        *(("E28", "E28"), ("F53", "F53"), ("N70", "N77"), ("N80", "N98"), ("O00", "O9A")),
        *(("Q50", "Q52"), ("R87", "R87"), ("Z33", "Z34"), ("Z36", "Z37"), ("Z39", "Z39")),
        *(("Z3A", "Z3A"), ("N99.3", "N99.3"), ("Z01.41", "Z01.42"), ("Z12.4", "Z12.4")),
        *(("Z32.0", "Z32.0"), ("Z85.40", "Z85.44"), ("Z90.71", "Z90.72")),
    ),
    "male": (
        *(("C60", "C63"), ("D29", "D29"), ("D40", "D40"), ("E29", "E29"), ("N40", "N53")),
        *(("Q53", "Q55"), ("R86", "R86"), ("Z12.5", "Z12.5"), ("Z85.45", "Z85.48")),
    ),
}
_BY_AGE: Final = (
    ("O00", "O9A", 9, 64),
    ("Z34", "Z34", 9, 64),
    ("P00", "P96", 0, 1),
    ("Z38", "Z38", 0, 0),
    ("Z00.11", "Z00.11", 0, 0),
    ("Z00.12", "Z00.12", 0, 17),
    ("Z00.0", "Z00.0", 15, 124),
)
"""First and last code, lowest and highest age; perinatal conditions may last (I.C.16.a.4)."""
_MODIFIER: Final = "KX"
_CONDITION_CODE: Final = "45"
_EXCLUSIVE: Final = frozenset(("male", "female"))


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Diagnoses that are rare or impossible at the age, or in the recorded sex."""
    patient = view.resolved(view.claim.get("patient")) or {}
    sex, birth, day = patient.get("gender"), patient.get("birthDate"), view.service_date
    if sex in _EXCLUSIVE and not _looked_at(view):
        for one in view.in_order:
            if any(
                _within(one, *ends) for ends in _BY_SEX["male" if sex == "female" else "female"]
            ):
                yield found(
                    "sex-conflict", "the code is for the other sex than the one recorded", one.at
                )
    if birth and day:
        # With a birth date that is not whole the patient may be of several ages.
        ages = sorted(years_between(edge(birth), day) for edge in (first_day, last_day))
        for one in view.in_order:
            if not _fits_age(one, ages[0], ages[1]) or _edited(one, ages, tables, day):
                yield found("age-conflict", "the code does not fit the patient's age", one.at)


def _looked_at(view: ClaimView) -> bool:
    """Whether the claim says that the conflict is known: modifier KX, or condition code 45."""
    if any(_MODIFIER in line.modifiers for line in view.lines):
        return True
    information = view.claim.get("supportingInfo", ())
    return any(
        code == _CONDITION_CODE for one in information for _, code in codings(one.get("code"))
    )


def _within(one: Diagnosis, first: str, last: str) -> bool:
    return first <= one.code and one.code[: len(last)] <= last


def _fits_age(one: Diagnosis, youngest: int, oldest: int) -> bool:
    return all(
        youngest <= high and oldest >= low
        for first, last, low, high in _BY_AGE
        if _within(one, first, last)
    )


def _edited(one: Diagnosis, ages: list[int], tables: EditTables, day: str) -> bool:
    """Whether an age edit of the Medicare Code Editor fires at every age that the patient may have."""
    release = tables.hcc.on(day) if tables.hcc is not None else None
    edits = release.edits(one.code) if release is not None else ()
    return any(edit.kind == "mce_age" and all(map(edit.fires, ages)) for edit in edits)
