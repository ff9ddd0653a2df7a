"""Parameters of which a resource has one value at most: one row of the index, without a modifier.

So it is ordered by any value that is met, and is not counted twice.
"""

import functools
from collections.abc import Iterator
from typing import Final

from profiles.definitions.r4 import ElementDefinition, definitions, member_name
from profiles.search.parameters import SearchParameter
from profiles.search.paths import JsonPath, json_paths

_SEVERAL: Final = {
    "token": frozenset({"CodeableConcept"}),
    "string": frozenset({"HumanName", "Address"}),
    "uri": frozenset({"canonical"}),
}
"""Types of elements that are indexed as more than one value of a kind."""
_KINDS: Final = frozenset({"token", "string", "uri", "date", "number", "quantity", "reference"})


@functools.lru_cache(maxsize=4096)
def is_single(kind: str, parameter: SearchParameter) -> bool:
    """Whether a resource of a type has one value at most: no list on the way, one element (or choice)."""
    if parameter.kind not in _KINDS or parameter.sources:
        return False
    paths = json_paths(parameter.expression, kind)
    if not paths or any(path.type in _SEVERAL.get(parameter.kind, ()) for path in paths):
        return False
    ways = [list(_elements(kind, path)) for path in paths]
    if any(element.many for way in ways for element in way):
        return False
    return len({tuple(element.name for element in way) for way in ways}) == 1


def _elements(kind: str, path: JsonPath) -> Iterator[ElementDefinition]:
    """The elements along a path."""
    for step in path.steps:
        element, kind = next(
            (element, inner)
            for element in definitions().types[kind].elements
            for inner in element.types
            if member_name(element, inner) == step.name
        )
        yield element
