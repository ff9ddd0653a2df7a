"""Approved defaults are put in the place of what a coder suggests, with a citation of who approved them.

The key is the term of the terminology that led to a suggestion, else the title of the suggested code: text of
a note plays no part. A code that is not billable on the date of service stays unused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from profiles.coding_records import (
    BELOW_THRESHOLD,
    CodeSuggestion,
    CodingResult,
    RuleCitation,
)
from terminology.learned_defaults import LearnedDefault, normal_term

RULE: Final = "site-default"

Display = Callable[[str, str], str | None]
"""Title of a code of a system that is billable on the date of service; None for any other."""


def term_key(suggestion: CodeSuggestion) -> str:
    """The key under which decisions on a suggestion are learned from."""
    return normal_term(suggestion.term or suggestion.display)


def with_learned_defaults(
    result: CodingResult, defaults: Iterable[LearnedDefault], display: Display
) -> CodingResult:
    """The result with every default that applies; the same result where none does."""
    known = {(row.system, row.replaces, row.term): row for row in defaults}
    changed: dict[str, str] = {}
    made: list[CodeSuggestion] = []
    for one in result.suggestions:
        row = known.get((one.system, one.code, term_key(one)))
        title = display(row.system, row.code) if row is not None and row.code else None
        if row is not None and not row.code and one.status != BELOW_THRESHOLD:
            made.append(_cited(replace(one, status=BELOW_THRESHOLD), row, "Not suggested"))
        elif row is not None and title is not None:
            changed[one.code] = row.code
            taken = replace(one, code=row.code, display=title)
            made.append(_cited(taken, row, f"In place of {row.replaces}"))
        else:
            made.append(one)
    if tuple(made) == result.suggestions:
        return result
    return replace(result, suggestions=tuple(_once(made, changed)))


def _cited(one: CodeSuggestion, row: LearnedDefault, what: str) -> CodeSuggestion:
    said = f"{what}; approved by {row.approved_by} on {row.approved_at[:10]}."
    source = f"learned default {row.id} of this site"
    return replace(one, rules=(*one.rules, RuleCitation(RULE, said, source)))


def _once(made: list[CodeSuggestion], changed: Mapping[str, str]) -> Iterable[CodeSuggestion]:
    """Each diagnosis once, the better-scored one, and lines that point to what is there now."""
    best: dict[tuple[str, str], float] = {}
    for one in made:
        key = (one.system, one.code)
        best[key] = max(one.score, best.get(key, 0.0))
    given: set[tuple[str, str]] = set()
    replaced = set(changed.values())
    for one in made:
        key = (one.system, one.code)
        if one.code in replaced:
            if key in given or one.score < best[key]:
                continue
            given.add(key)
        pointers = tuple(dict.fromkeys(changed.get(code, code) for code in one.pointers))
        yield replace(one, pointers=pointers)
