"""Whether a resource may be stored: structure, constraints, bindings (R4 validation.html).

This is the door that everything from outside goes through. Errors refuse; warnings (extensible bindings,
constraints that are advice) are for who asks with ``$validate``.
"""

from typing import Any, Final

from profiles.contained import contained_problems
from profiles.exact_json import dumps_exact
from profiles.fast_schema import passes
from profiles.invariants import breaches
from profiles.outcome import OperationOutcomeError
from profiles.structure import problems

MOST_NAMED: Final = 100
"""Problems that one answer names at most."""

Issue = tuple[str, str, str, str]
"""Severity, kind, sentence, FHIRPath."""


def issues(resource: dict[str, Any], *, warnings: bool = True) -> list[Issue]:
    """What is to be said of a resource; constraints only where the structure holds."""
    found: list[Issue] = []
    # The schema in Rust has no false positives: what passes there needs no walk.
    for problem in () if passes(resource) else problems(resource):
        found.append(("error", problem.code, problem.text, problem.expression))
        if len(found) >= MOST_NAMED:
            return found
    if found:
        return found
    text = dumps_exact(resource)
    if "contained" in resource or b'"#' in text:
        found = [("error", p.code, p.text, p.expression) for p in contained_problems(resource)]
    for breach in breaches(resource, warnings=warnings, extended=b'xtension":' in text):
        found.append((breach.severity, breach.code, breach.text, breach.expression))
        if len(found) >= MOST_NAMED:
            break
    return found


def require_admissible(resource: dict[str, Any]) -> None:
    """Refuse a resource that is not valid R4.

    Raises
    ------
    OperationOutcomeError
        With one issue per problem; its kind is that of the first.
    """
    errors = [
        (kind, text, at) for severity, kind, text, at in issues(resource) if severity == "error"
    ]
    if errors:
        kind, text, at = errors[0]
        raise OperationOutcomeError(kind, text, at, issues=tuple(errors))
