"""Functions for trial use in the next FHIRPath: components of moments, ``coalesce`` and ``repeatAll``."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import each, function
from profiles.fhirpath.nodes import system, unwrapped
from profiles.fhirpath.syntax import Tree
from profiles.fhirpath.temporal import Temporal

_COMPONENTS: Final = {"year": 0, "month": 1, "day": 2, "hour": 3, "minute": 4, "second": 5}
_MOST_ARGUMENTS: Final = 50


def _component(at: int) -> Callable[[Temporal], Any]:
    """A component by its place in a moment; a time begins with the hour."""

    def compute(value: Temporal) -> Any:
        place = at - 3 if value.kind == "Time" else at
        return int(value.parts[place]) if 0 <= place < len(value.parts) else None

    return compute


def _millisecond(value: Temporal) -> int | None:
    second = value.parts[-1]
    if not isinstance(second, Decimal) or second.as_tuple().exponent == 0:
        return None
    return int(second % 1 * 1000)


def _zone(value: Temporal) -> Decimal | None:
    return None if value.zone is None else Decimal(value.zone) / 60


def _date(value: Temporal) -> Temporal | None:
    return None if value.kind == "Time" else Temporal("Date", value.parts[:3])


def _time(value: Temporal) -> Temporal | None:
    clock = value.parts if value.kind == "Time" else value.parts[3:]
    return Temporal("Time", clock) if clock else None


def _of_moment(name: str, compute: Callable[[Temporal], Any]) -> None:
    def build() -> Run:
        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            node = operators.single(nodes, f"{name}()")
            value = None if node is None else unwrapped(node)
            made = compute(value) if isinstance(value, Temporal) else None
            return [] if made is None else [system(made)]

        return evaluate

    function(name)(build)


for _name, _at in _COMPONENTS.items():
    _of_moment(f"{_name}Of", _component(_at))
_of_moment("millisecondOf", _millisecond)
_of_moment("timezoneOffsetOf", _zone)
_of_moment("dateOf", _date)
_of_moment("timeOf", _time)


@function("coalesce", 1, _MOST_ARGUMENTS)
def _coalesce(*choices: Tree) -> Run:
    """The first collection that is not empty; those behind it are not evaluated."""
    runs = [compiled(choice) for choice in choices]

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        for run in runs:
            found = run(scope, nodes)
            if found:
                return found
        return []

    return evaluate


@function("repeatAll", 1)
def _repeat_all(projection: Tree) -> Run:
    """As ``repeat``, with what is found more than once; whoever repeats for ever is stopped by the meter."""
    run = compiled(projection)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        found: Nodes = []
        front = nodes
        while front:
            front = [one for _, more in each(scope, front, run) for one in more]
            found.extend(front)
        return found

    return evaluate
