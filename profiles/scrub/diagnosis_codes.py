"""Diagnosis codes in the ICD-10-CM release of the date of service: there, billable, not excluded."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from profiles.scrub.claim_view import ClaimView, Diagnosis
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found
from terminology.icd10cm.codes import CATEGORY
from terminology.icd10cm.icd_code import IcdNote
from terminology.icd10cm.references import Reference, parse_references
from terminology.icd10cm.release import Release

MOST_COMPARED: Final = 50
"""Diagnoses that are compared with each other; a claim that carries more is refused for that."""


_Near = tuple[IcdNote, tuple[Reference, ...]]


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Codes that are unknown, not billable or exclude each other."""
    day = view.service_date
    release = tables.diagnosis_codes(day) if day and view.in_order else None
    if release is None:
        if view.in_order and tables.icd10cm is not None:
            text = "no release of ICD-10-CM is here: the codes are not checked"
            yield found("diagnosis-no-release", text, "Claim.diagnosis")
        return
    source = f"ICD-10-CM {release.version}"
    if not release.covers(day):
        yield found(
            "diagnosis-no-release",
            f"no release for the date of service is here; {source} was used",
            "Claim.diagnosis",
        )
    for one in view.in_order:
        yield from _reportable(one, release, tables)
    yield from _excluded(view.in_order[:MOST_COMPARED], release)


def _reportable(one: Diagnosis, release: Release, tables: EditTables) -> Iterator[Finding]:
    source, code = f"ICD-10-CM {release.version}", release.get(one.code)
    if code is None or code.kind != "diag":
        elsewhere = _elsewhere(one, tables)
        also = f"; ICD-10-CM {elsewhere} has it" if elsewhere else ""
        yield found("diagnosis-unknown", f"the code is not in {source}{also}", one.at)
    elif not code.billable:
        text = "the code has more specific ones below it"
        if code.seventh:
            text = "the code needs a 7th character"
        yield found("diagnosis-not-billable", f"{text} in {source}", one.at)


def _excluded(ordered: Sequence[Diagnosis], release: Release) -> Iterator[Finding]:
    near = {one.at: _near(one, release) for one in ordered}
    for one, other in combinations(ordered, 2):
        note = release.excludes1(one.code, other.code)
        if note is not None:
            yield found(
                "excludes1",
                f"an Excludes1 note at {note.at} keeps these two apart unless they are unrelated: "
                f"“{note.text}”",
                one.at,
                also=(other.at,),
            )
        elif near[one.at] or near[other.at]:
            yield from _excluded2(one, other, near)


def _elsewhere(one: Diagnosis, tables: EditTables) -> str:
    """Version of another release that has a code: it has ended, or is not in force yet."""
    releases = tables.icd10cm.releases if tables.icd10cm is not None else ()
    return next((each.version for each in releases if each.get(one.code) is not None), "")


def _excluded2(one: Diagnosis, other: Diagnosis, near: dict[str, list[_Near]]) -> Iterator[Finding]:
    for first, second in ((one, other), (other, one)):
        for note, references in near[first.at]:
            if any(reference.matches(second.code) for reference in references):
                yield found(
                    "excludes2",
                    f"an Excludes2 note at {note.at} names the other code: both may be reported if "
                    f"both were present: “{note.text}”",
                    first.at,
                    also=(second.at,),
                )
                return


def _near(one: Diagnosis, release: Release) -> list[_Near]:
    """Excludes2 notes at a code or category; those of sections and chapters hold for too much to be said."""
    code = release.get(one.code)
    notes = code.excludes2 if code is not None else ()
    return [
        (note, parse_references(note.text))
        for note in notes
        if "-" not in note.at and len(note.at) >= CATEGORY
    ]
