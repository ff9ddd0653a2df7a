"""Whether a resource may be stored: structure, constraints, bindings (R4 validation.html).

This is the door that everything from outside goes through. Errors refuse; warnings (extensible bindings,
constraints that are advice) are for who asks with ``$validate``.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson

from profiles.advice import advice
from profiles.contained import contained_problems
from profiles.exact_json import dumps_exact
from profiles.fast_schema import HOLDING, passes
from profiles.identity import identity_problems
from profiles.invariants import breaches
from profiles.outcome import OperationOutcomeError
from profiles.partial import partial_issues
from profiles.structure import problems

MOST_NAMED: Final = 100
"""Problems that one answer names at most; it says so when there are more."""

Issue = tuple[str, str, str, str]
"""Severity, kind, sentence, FHIRPath."""


def issues(resource: dict[str, Any], *, warnings: bool = True) -> list[Issue]:
    """What is to be said of a resource; constraints only where the structure holds that they look at."""
    found = list(islice(_issues(resource, warnings), MOST_NAMED + 1))
    if len(found) > MOST_NAMED:
        found[MOST_NAMED] = ("error", "too-costly", "there may be more problems than are named", "")
    return found


def _issues(resource: dict[str, Any], warnings: bool) -> Iterator[Issue]:
    try:
        written = orjson.dumps(resource)
    except (orjson.JSONEncodeError, TypeError):
        written = b""
    # The schema in Rust has no false positives: what passes there needs no walk.
    if not passes(resource, plain=bool(written)):
        wrong = list(islice(problems(resource), MOST_NAMED + 1))
        if wrong:
            yield from (("error", one.code, one.text, one.expression) for one in wrong)
            yield from partial_issues(resource, wrong, warnings=warnings)
            return
    # A str is searched twice as fast as bytes are.
    yield from _rules(resource, (written or dumps_exact(resource)).decode(), warnings)


def _rules(resource: dict[str, Any], text: str, warnings: bool) -> Iterator[Issue]:
    """Problems of a resource whose structure holds; its text says cheaply what cannot be there."""
    if "contained" in resource or ("#" in text and '"#' in text):
        for problem in contained_problems(resource):
            yield ("error", problem.code, problem.text, problem.expression)
    # The resource and each that it contains have an id; one more may be that of an element.
    holding = "contained" in resource or resource["resourceType"] in HOLDING
    ids = 1 + len(resource.get("contained", ()))
    if text.count('"id":') > ids or (holding and '"fullUrl":' in text):
        for problem in identity_problems(resource):
            yield ("error", problem.code, problem.text, problem.expression)
    for breach in breaches(
        resource,
        warnings=warnings,
        extended='xtension":' in text,
        periods='"start":' in text,
    ):
        yield (breach.severity, breach.code, breach.text, breach.expression)
    if warnings:
        kind = resource["resourceType"]
        for problem in advice(resource, kind, kind):
            yield ("warning", problem.code, problem.text, problem.expression)


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
