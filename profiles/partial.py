"""What can be said of a resource whose structure does not hold everywhere, so that one answer names it all.

What is malformed is left out; a constraint is passed over where it looks at something that is malformed or
missing, because it would speak of a resource that nobody sent.
"""

import functools
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.guards import names_in
from profiles.identity import identity_problems
from profiles.invariants import breaches
from profiles.stated import CHECKS
from profiles.structure import Problem

_STEP: Final = re.compile(r"([A-Za-z0-9_]+)(?:\[(\d+)\])?(?:\.ofType\(\w+\))?(?:\.|$)")
_Step = tuple[str, int | None]

Issue = tuple[str, str, str, str]


def partial_issues(
    resource: dict[str, Any], found: list[Problem], *, warnings: bool
) -> Iterator[Issue]:
    """Issues beside the structural problems that were found, where these do not touch them."""
    if resource.get("resourceType") not in definitions().resources:
        return
    whole = deepcopy(resource)
    faults = [_steps(problem.expression) for problem in found]
    for problem, steps in zip(found, faults, strict=True):
        if problem.code != "required":
            _leave_out(whole, steps[1:])
    for problem in identity_problems(whole):
        yield ("error", problem.code, problem.text, problem.expression)
    for breach in breaches(whole, warnings=warnings):
        names = _names_of(breach.text.partition(":")[0]) if breach.code == "invariant" else None
        if not _touched(_steps(breach.expression), names, faults):
            yield (breach.severity, breach.code, breach.text, breach.expression)


def _steps(expression: str) -> list[_Step]:
    """The names of a place with their indexes; a choice is named without its type."""
    return [(name, int(at) if at else None) for name, at in _STEP.findall(expression)]


def _leave_out(value: Any, steps: list[_Step]) -> None:
    """Remove what a place leads to; a list keeps its length, because places count."""
    for at, (name, index) in enumerate(steps):
        if not isinstance(value, dict):
            return
        last = at == len(steps) - 1
        for key in [key for key in value if _is_named(key, name)]:
            inner = value[key]
            listed = isinstance(inner, list) and index is not None and index < len(inner)
            if last and listed:
                inner[index] = None
            elif last:
                del value[key]
            else:
                _leave_out(inner[index] if listed else inner, steps[at + 1 :])
        return


def _is_named(key: str, name: str) -> bool:
    """Whether a JSON member is the element of a place, its extensions or a choice of it."""
    plain = key.removeprefix("_")
    return key == name or plain == name or (plain.startswith(name) and _is_type(plain, name))


def _is_type(key: str, name: str) -> bool:
    kind = key[len(name) :]
    known = definitions()
    return any(
        of in known.types or of in known.primitives for of in (kind, kind[:1].lower() + kind[1:])
    )


def _touched(place: list[_Step], names: frozenset[str] | None, faults: list[list[_Step]]) -> bool:
    """Whether what is said of a place depends on a fault; without names, on any below it."""
    for fault in faults:
        below = fault[len(place) :]
        if fault[: len(place)] == place and (
            names is None or not below or any(name in names for name, _ in below)
        ):
            return True
    return names == _EVERYTHING and bool(faults)


_EVERYTHING: Final = frozenset({"*"})
"""Names of a constraint that leaves its element."""


@functools.cache
def _names_of(key: str) -> frozenset[str]:
    """The names that the constraints of a key follow."""
    if key in CHECKS:
        return frozenset({"data", key.rpartition(".")[2]})
    named: set[str] = set()
    for expression in _expressions(key):
        names = names_in(expression)
        if names is None:
            return _EVERYTHING
        named |= names
    return frozenset(named) or _EVERYTHING


def _expressions(key: str) -> list[str]:
    """What a key asks; ``inv-1`` is the key of several."""
    return [
        rule.expression
        for definition in definitions().types.values()
        for rule in chain(definition.rules, *(element.rules for element in definition.elements))
        if rule.key == key
    ]
