"""Our tables of clinical words: index defaults, synonyms and abbreviations.

The Alphabetic Index of ICD-10-CM decides what a bare term means ("Hypertension" is I10); its file is
not part of the
tabular list that packages carry. ``default_terms.tsv`` says the same for the common terms of all
specialties, written for this
project, with the index entry or guideline section behind each row. Facts, no text of the index is
copied.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class DefaultTerm:
    """What a bare term is coded to.

    Parameters
    ----------
    term : str
        The term as clinicians write it.
    code : str
        Code with its dot; a code that is not billable is expanded by rule (side, 7th character).
    sided : tuple of (str, str)
        Code by side (``right``, ``left``, ``bilateral``) where the sides do not stand below ``code``.
    also : tuple of str
        Codes that the convention asks for beside it.
    source : str
        Index entry or guideline section.
    """

    term: str
    code: str
    sided: tuple[tuple[str, str], ...]
    also: tuple[str, ...]
    source: str


def _rows(name: str) -> list[list[str]]:
    """The rows of one table without its comments."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def _term(term: str, coded: str, source: str) -> DefaultTerm:
    """One row: ``M17.9 R:M17.11 L:M17.12 B:M17.0 +G89.29``."""
    code, *rest = coded.split()
    names = {"R": "right", "L": "left", "B": "bilateral"}
    sided = tuple((names[part[0]], part[2:]) for part in rest if part[1] == ":")
    also = tuple(part[1:] for part in rest if part.startswith("+"))
    return DefaultTerm(term, code, sided, also, source)


@cache
def default_terms() -> tuple[DefaultTerm, ...]:
    """Every row of the default-term table."""
    return tuple(_term(*row) for row in _rows("default_terms.tsv"))


@cache
def synonyms() -> dict[str, str]:
    """Canonical words by word or phrase, all in lower case."""
    return {row[0]: row[1] for row in _rows("clinical_words.tsv")}


@cache
def abbreviations() -> dict[str, str]:
    """Spelled-out form by abbreviation, all in lower case."""
    return {row[0]: row[1] for row in _rows("abbreviations.tsv")}
