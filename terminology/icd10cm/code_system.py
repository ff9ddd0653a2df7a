"""ICD-10-CM as a code system of the FHIR operations.

Codes have the dot, as FHIR asks for. Chapters and sections are no codes of ICD-10-CM: a chapter's number or
a section's range finds nothing, and a category's parent is not said.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from terminology.code_system import Concept, Designation, Property, Provider
from terminology.hcc import HccRelease, hcc_releases
from terminology.icd10cm.codes import is_code
from terminology.icd10cm.icd_code import IcdCode, IcdNote
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.icd10cm.tabular import CODE
from terminology.systems import ICD_10_CM
from terminology.tables.release import Releases

_NOTES: Final = {
    "includes": "includes",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "note": "note",
    "seventhCharacterNote": "seventh_note",
}
"""Property codes and the notes that they hold."""


class Icd10CmSystem:
    """One release behind the protocol of code systems.

    Parameters
    ----------
    release : Release
    hcc : HccRelease, optional
        Condition categories of the same day.
    """

    system: Final = ICD_10_CM
    name: Final = "ICD-10-CM"
    complete: Final = True
    listed: Final = True
    has_inactive: Final = False
    property_codes: Final = (
        "parent", "child", "inactive", "billable", "inclusion", "seventhCharacter", *_NOTES,
        "indexTerm", "hcc",
        "releaseBegins", "releaseEnds",
    )  # fmt: skip

    def __init__(self, release: Release, hcc: HccRelease | None = None) -> None:
        self._release = release
        self._hcc = hcc

    @property
    def version(self) -> str:
        """Year and month from which it holds."""
        return self._release.version

    def covers(self, when: str) -> bool:
        """Whether the release holds on a date of service."""
        return self._release.covers(when)

    def concept(self, code: str) -> Concept | None:
        """A code as it is written, with its dot."""
        found = self._found(code)
        if found is None:
            return None
        dates = (
            Property("releaseBegins", "dateTime", self._release.begins),
            Property("releaseEnds", "dateTime", self._release.ends),
        )
        lines = (Property("indexTerm", "string", one.text) for one in self._release.index(code))
        properties = (*self._place(found), *_properties(found), *lines, *self._risk(found), *dates)
        return Concept(
            found.code,
            found.display,
            abstract=not found.billable,
            designations=tuple(Designation(text, "inclusion") for text in found.inclusion),
            properties=properties,
        )

    def is_abstract(self, code: str) -> bool:
        """Whether a code is at less than its full length."""
        return not self._release.billable(code)

    def has(self, code: str, name: str, value: str) -> bool:
        """Whether a code has a property of a value; billability is read without the notes."""
        if name == "billable":
            return self._release.billable(code) == (value == "true")
        found = self.concept(code)
        return found is not None and any(
            p.code == name and str(p.value).lower() == value.lower() for p in found.properties
        )

    def codes(self) -> Iterator[str]:
        """Every code, categories too."""
        return self._release.codes()

    def below(self, code: str) -> Iterator[str]:
        """The codes below."""
        return self._release.descendants(code) if self._found(code) else iter(())

    def above(self, code: str) -> Iterator[str]:
        """The codes above; sections and chapters are none."""
        found = self._release.ancestors(code) if self._found(code) else ()
        return (one.code for one in found if one.kind == CODE)

    def subsumes(self, above: str, below: str) -> bool:
        """Whether a code stands above another."""
        return self._release.subsumes(above, below)

    def search(self, text: str, limit: int) -> list[str]:
        """Codes whose titles, inclusion or index terms fit; or that begin with the text."""
        return [hit.code for hit in self._release.search(text, limit, typed=True)]

    def _found(self, code: str) -> IcdCode | None:
        found = self._release.get(code) if is_code(code) else None
        return found if found is not None and found.code == code else None

    def _risk(self, found: IcdCode) -> Iterator[Property]:
        """The condition category that a code counts for in each model of risk adjustment."""
        for model, category in self._hcc.categories(found.code) if self._hcc is not None else ():
            yield Property("hcc", "string", str(category), model)

    def _place(self, found: IcdCode) -> Iterator[Property]:
        above = self._release.get(found.parent)
        if above is not None and above.kind == CODE:
            yield Property("parent", "code", above.code, above.display)
        for child in self._release.children(found.code):
            yield Property("child", "code", child.code, child.display)


def _properties(found: IcdCode) -> Iterator[Property]:
    yield Property("inactive", "boolean", False)
    yield Property("billable", "boolean", found.billable)
    for text in found.inclusion:
        yield Property("inclusion", "string", text)
    for character, meaning in found.seventh.items():
        yield Property("seventhCharacter", "code", character, meaning)
    for code, name in _NOTES.items():
        notes: tuple[IcdNote, ...] = getattr(found, name)
        for note in notes:
            yield Property(code, "string", note.text, f"at {note.at}")


@cache
def _folder(folder: Path) -> Icd10Cm:
    return Icd10Cm(folder)


@cache
def _categories(folder: Path) -> Releases[HccRelease]:
    return hcc_releases(folder)


def _versions(folder: Path) -> tuple[str, ...]:
    return tuple(release.version for release in _folder(folder).releases)


def _open(folder: Path, version: str, when: str) -> Icd10CmSystem | None:
    releases = _folder(folder).releases
    if version:
        return next((Icd10CmSystem(one) for one in releases if one.version == version), None)
    if not releases:
        return None
    release = _folder(folder).on(when) if when else releases[-1]
    return Icd10CmSystem(release, _categories(folder).on(when or release.begins))


PROVIDER: Final = Provider(ICD_10_CM, _versions, _open)
