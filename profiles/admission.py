"""Whether a resource may be stored: structure, constraints, bindings (R4 validation.html).

This is the door that everything from outside goes through. Errors refuse; warnings (extensible bindings,
constraints that are advice) are for who asks with ``$validate``.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import orjson

from profiles.advice import advice
from profiles.contained import contained_problems
from profiles.exact_json import dumps_exact
from profiles.fast_schema import HOLDING, is_usual, passes
from profiles.identity import identity_problems
from profiles.invariants import breaches
from profiles.outcome import OperationOutcomeError
from profiles.partial import partial_issues
from profiles.structure import Problem, problems

MOST_NAMED: Final = 100
"""Problems that one answer names at most; it says so when there are more."""

Issue = tuple[str, str, str, str]
"""Severity, kind, sentence, FHIRPath."""


def issues(resource: dict[str, Any], *, warnings: bool = True) -> list[Issue]:
    """What is to be said of a resource; constraints only where the structure holds that they look at."""
    if is_usual(resource):
        found = _constraints(resource, warnings, extended=False, periods=True, logical=False)
    else:
        found = _unusual(resource, warnings)
    if len(found) > MOST_NAMED:
        found[MOST_NAMED:] = [
            ("error", "too-costly", "there may be more problems than are named", "")
        ]
    return found


def _unusual(resource: dict[str, Any], warnings: bool) -> list[Issue]:
    """What is to be said of a resource of any shape."""
    try:
        written = orjson.dumps(resource)
    except (orjson.JSONEncodeError, TypeError):
        written = b""
    # The schema in Rust has no false positives: what passes there needs no walk.
    found = [] if passes(resource, plain=bool(written)) else _faults(resource, warnings)
    if not found:
        # A str is searched twice as fast as bytes are.
        found = _rules(resource, (written or dumps_exact(resource)).decode(), warnings)
    return found


def _faults(resource: dict[str, Any], warnings: bool) -> list[Issue]:
    """What is wrong with the structure, and what can be said beside it."""
    wrong = list(islice(problems(resource), MOST_NAMED + 1))
    found = [("error", one.code, one.text, one.expression) for one in wrong]
    if found:
        more = partial_issues(resource, wrong, warnings=warnings)
        found += islice(more, MOST_NAMED + 1 - len(found))
    return found


def _rules(resource: dict[str, Any], text: str, warnings: bool) -> list[Issue]:
    """Problems of a resource whose structure holds; its text says cheaply what cannot be there."""
    found: list[Issue] = []
    kind, contained = resource["resourceType"], resource.get("contained", ())
    if contained or ("#" in text and '"#' in text):
        found += _errors(contained_problems(resource, most=text.count('"#')))
    # The resource and each that it contains have an id; one more may be that of an element.
    holding = contained or kind in HOLDING
    if text.count('"id":') > 1 + len(contained) or (holding and '"fullUrl":' in text):
        found += _errors(identity_problems(resource))
    return found + _constraints(
        resource,
        warnings,
        extended='xtension":' in text,
        periods='"start":' in text,
        logical='"identifier":{' in text,
    )


def _constraints(
    resource: dict[str, Any], warnings: bool, *, extended: bool, periods: bool, logical: bool
) -> list[Issue]:
    """Constraints and bindings that are not met, and advice where that is wanted."""
    unmet = breaches(
        resource, warnings=warnings, extended=extended, periods=periods, logical=logical
    )
    found: list[Issue] = [(one.severity, one.code, one.text, one.expression) for one in unmet]
    if warnings:
        kind = resource["resourceType"]
        found += [
            ("warning", one.code, one.text, one.expression) for one in advice(resource, kind, kind)
        ]
    return found


def _errors(found: Iterable[Problem]) -> Iterator[Issue]:
    for problem in islice(found, MOST_NAMED + 1):
        yield ("error", problem.code, problem.text, problem.expression)


def require_admissible(resource: dict[str, Any]) -> None:
    """Refuse a resource that is not valid R4.

    Raises
    ------
    OperationOutcomeError
        With one issue per problem; its kind is that of the first.
    """
    errors = [
        (kind, text, at)
        for severity, kind, text, at in issues(resource, warnings=False)
        if severity == "error"
    ]
    if errors:
        kind, text, at = errors[0]
        raise OperationOutcomeError(kind, text, at, issues=tuple(errors))
