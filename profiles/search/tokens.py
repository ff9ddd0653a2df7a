"""Codes and identifiers for comparison (R4 search.html#token).

A token matches literally, but not by case, unless what it stands for is told apart by case: codes of a code
system that says so (CodeSystem.caseSensitive), codes, ids and addresses of an element of such a type. The
index has every token folded, so that one range of it holds all that may match, and beside it how it was
written where case counts.
"""

import functools
import hashlib
from typing import Final

from profiles.definitions.r4 import artefact
from profiles.search.units import UCUM

LONGEST: Final = 256
"""Characters of a text that are indexed as they are."""

ANY_CASE: Final = ""
LOWER: Final = "="
"""How a token was written: it does not matter, or as it is folded; otherwise the token itself."""

CODE_TYPES: Final = frozenset({"code", "id", "uri", "url", "canonical", "oid", "uuid", "boolean"})
"""Types of elements whose values are compared by case."""

Token = tuple[str, str]
"""The folded token, and how it was written."""


def exact(text: str) -> str:
    """A text for comparison as a whole; a long one by its beginning and its digest."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:180]} {hashlib.sha256(text.encode()).hexdigest()}"


@functools.lru_cache(maxsize=16384)
def coded(text: str, system: str) -> Token:
    """A code of a system; one without a system, or of a system that is not known, in any case."""
    return literal_code(text) if system in _case_sensitive() else any_case(text)


@functools.lru_cache(maxsize=8192)
def literal_code(text: str) -> Token:
    """A token whose case counts."""
    folded = text.casefold()
    return exact(folded), LOWER if folded == text else exact(text)


def any_case(text: str) -> Token:
    """A token whose case does not count."""
    return exact(text.casefold()), ANY_CASE


@functools.cache
def _case_sensitive() -> frozenset[str]:
    """Code systems of R4 that tell codes apart by case; the codes of UCUM in FHIR do as well."""
    return frozenset(artefact("r4_search.json.gz")["case_sensitive"]) | {UCUM}
