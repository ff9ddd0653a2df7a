"""The order of diagnoses that notes ask for: code first, use additional code (guideline I.A.13, I.A.17)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from profiles.scrub.claim_view import ClaimView, Diagnosis
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.diagnosis_codes import MOST_COMPARED
from profiles.scrub.finding import Finding, found
from terminology.icd10cm.icd_code import IcdCode, IcdNote
from terminology.icd10cm.references import parse_references

_MANIFESTATION: Final = re.compile(r"\bin (?:[\w]+ )*classified elsewhere", re.IGNORECASE)
_OPTIONAL: Final = re.compile(
    r"\bif (?:applicable|known|any|present|desired|documented|appropriate)|where applicable"
    r"|\bany (?:associated|causal|underlying|related)|\bassociated\b",
    re.IGNORECASE,
)


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Codes that stand before what has to be before them, and codes that miss their companion."""
    ordered = view.in_order[:MOST_COMPARED]
    day = view.service_date
    release = tables.diagnosis_codes(day) if day and ordered else None
    if release is None:
        return
    first = view.first_listed
    for at, one in enumerate(ordered):
        code = release.get(one.code)
        if code is None:
            continue
        if one is first and is_manifestation(code):
            yield found(
                "manifestation-first",
                "the code is for a manifestation: the underlying condition is listed before it",
                one.at,
            )
        else:
            yield from _code_first(code, one, ordered[:at], ordered[at + 1 :])
        yield from _use_additional(code, one, ordered[:at], ordered[at + 1 :])


def is_manifestation(code: IcdCode) -> bool:
    """Whether a code is never listed first: its title says so, and a note names what comes before."""
    return bool(code.code_first) and _MANIFESTATION.search(code.display) is not None


def _code_first(
    code: IcdCode, one: Diagnosis, before: Sequence[Diagnosis], after: Sequence[Diagnosis]
) -> Iterator[Finding]:
    if not code.code_first or _named(code.code_first, before):
        return
    late = _named(code.code_first, after)
    if late:
        yield found(
            "code-first",
            "a note asks for the underlying condition before this code; it stands after it",
            one.at,
            also=(late[0].at,),
        )
    elif is_manifestation(code) and not _optional(code.code_first):
        yield found(
            "code-first", "a note asks for the underlying condition before this code", one.at
        )


def _use_additional(
    code: IcdCode, one: Diagnosis, before: Sequence[Diagnosis], after: Sequence[Diagnosis]
) -> Iterator[Finding]:
    notes = tuple(note for note in code.use_additional if "-" not in note.at and len(note.at) >= 3)
    if not notes or _named(notes, after):
        return
    early = _named(notes, before)
    if early:
        yield found(
            "use-additional",
            "the code that a note asks for in addition is listed before this one",
            one.at,
            also=(early[0].at,),
        )
    elif _required(notes):
        yield found("use-additional", "a note asks for an additional code after this one", one.at)


def _required(notes: Sequence[IcdNote]) -> bool:
    """Whether notes ask for a code in every case: no list of choices, no “if applicable”."""
    listed = any(note.text.rstrip().endswith(":") for note in notes)
    return (
        not listed and not _optional(notes) and any(parse_references(note.text) for note in notes)
    )


def _optional(notes: Sequence[IcdNote]) -> bool:
    return any(_OPTIONAL.search(note.text) for note in notes)


def _named(notes: Sequence[IcdNote], among: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The diagnoses that notes name."""
    if not among:
        return []
    references = [one for note in notes for one in parse_references(note.text)]
    return [one for one in among if any(reference.matches(one.code) for reference in references)]
