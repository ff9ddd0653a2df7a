"""Search parameters whose values are those of others: they need no index rows of their own.

Observation's ``combo-`` parameters are the values of the resource and those of its components, which other
parameters find already (R4 observation.html#search). A search for one of them asks the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from profiles.search.paths import json_paths

Places = frozenset[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Values:
    """What a parameter finds: its kind, its expression, and the expressions of the parts of a composite."""

    kind: str
    expression: str
    parts: tuple[str, ...] = ()


def unions(resource_type: str, parameters: Mapping[str, Values]) -> dict[str, tuple[str, str]]:
    """The parameters of a type that are the union of two others: code → the codes of the two."""
    places = {code: _places(resource_type, values) for code, values in parameters.items()}
    found: dict[str, tuple[str, str]] = {}
    for code, whole in places.items():
        if len(whole) < 2:
            continue
        kind = parameters[code].kind
        within = [
            other
            for other, own in places.items()
            if own and own < whole and parameters[other].kind == kind
        ]
        for one, two in combinations(within, 2):
            if places[one] | places[two] == whole:
                found[code] = (one, two)
    return found


def _places(resource_type: str, values: Values) -> Places:
    """Where the values stand; empty when more than members and types decides it."""
    paths = json_paths(values.expression, resource_type) if values.expression else None
    if not paths or any(step.where or step.index is not None for p in paths for step in p.steps):
        return frozenset()
    return frozenset(
        (tuple(step.name for step in path.steps), path.type, values.parts) for path in paths
    )
