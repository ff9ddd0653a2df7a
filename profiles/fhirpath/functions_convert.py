"""Conversions (FHIRPath N1, section 5.5)."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import function
from profiles.fhirpath.nodes import boolean, system, unwrapped, written
from profiles.fhirpath.quantities import UNITS, Quantity, comparable, converted, of_number
from profiles.fhirpath.syntax import Tree
from profiles.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time
from profiles.fhirpath.whole import Long, fits
from profiles.outcome import OperationOutcomeError

_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "0.0"})
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_MOST_DIGITS: Final = 40
_QUANTITY: Final = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']+)'|([a-zA-Z]+))?")


def _to_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if operators.number(value):
        return {1: True, 0: False}.get(value)
    if isinstance(value, str):
        text = value.lower()
        return True if text in _TRUE else False if text in _FALSE else None
    return None


def _to_integer(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value) if fits(value) else None
    return _whole(value, long=False)


def _to_long(value: Any) -> Any:
    made = int(value) if isinstance(value, int) else _whole(value, long=True)
    return None if made is None else Long(made)


def _whole(value: Any, *, long: bool) -> int | None:
    """The number that a text writes, where the type can hold it."""
    if not isinstance(value, str) or len(value) > _MOST_DIGITS or not _INTEGER.fullmatch(value):
        return None
    number = int(value)
    return number if fits(number, long=long) else None


def _to_decimal(value: Any) -> Any:
    if isinstance(value, bool):
        return Decimal("1.0") if value else Decimal("0.0")
    if operators.number(value):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def _to_string(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return None if isinstance(value, dict) else str(value)


def _parsed(parse: Callable[[str], Temporal], value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return parse(value)
    except OperationOutcomeError:
        return None


def _to_date(value: Any) -> Any:
    if isinstance(value, Temporal) and value.kind != "Time":
        return Temporal("Date", value.parts[:3])
    return _parsed(parse_date, value)


def _to_datetime(value: Any) -> Any:
    if isinstance(value, Temporal) and value.kind != "Time":
        return Temporal("DateTime", value.parts, value.zone)
    return _parsed(parse_datetime, value)


def _to_time(value: Any) -> Any:
    if isinstance(value, Temporal):
        return value if value.kind == "Time" else None
    return _parsed(lambda text: parse_time(text.removeprefix("T")), value)


def _to_quantity(value: Any) -> Any:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool):
        return Quantity(Decimal("1.0") if value else Decimal("0.0"), "'1'")
    if operators.number(value):
        return Quantity(Decimal(value), "'1'")
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[3] and match[3] not in UNITS):
        return None
    return Quantity(Decimal(match[1]), match[3] or f"'{match[2] or '1'}'")


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "Boolean": _to_boolean,
    "Integer": _to_integer,
    "Long": _to_long,
    "Decimal": _to_decimal,
    "String": _to_string,
    "Date": _to_date,
    "DateTime": _to_datetime,
    "Time": _to_time,
}


def _register(name: str, convert: Callable[[Any], Any]) -> None:
    def build(tests: bool) -> Run:
        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            node = operators.single(nodes, f"to{name}()")
            if node is None:
                return []
            made = convert(written(node) if name == "String" else unwrapped(node))
            if tests:
                return boolean(made is not None)
            return [] if made is None else [system(made)]

        return evaluate

    function(f"to{name}")(lambda: build(False))
    function(f"convertsTo{name}")(lambda: build(True))


for _name, _convert in _CONVERSIONS.items():
    _register(_name, _convert)


def _quantity(unit: Tree | None, tests: bool) -> Run:
    run = None if unit is None else compiled(unit)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(nodes, "toQuantity()")
        if node is None:
            return []
        made = _to_quantity(unwrapped(node))
        if made is not None and run is not None:
            wanted = operators.single(run(scope, scope.this))
            made = None if wanted is None else _in_unit(made, str(unwrapped(wanted)))
        if tests:
            return boolean(made is not None)
        return [] if made is None else [system(made)]

    return evaluate


def _in_unit(value: Quantity, unit: str) -> Quantity | None:
    one = Quantity(Decimal(1), unit if unit in UNITS else f"'{unit.strip(chr(39))}'")
    return converted(value, one)


function("toQuantity", 0, 1)(lambda unit=None: _quantity(unit, False))
function("convertsToQuantity", 0, 1)(lambda unit=None: _quantity(unit, True))


@function("comparable", 1)
def _comparable(other: Tree) -> Run:
    """Whether the units of two quantities convert (FHIRPath, trial use)."""
    run = compiled(other)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        one = operators.single(nodes, "comparable()")
        two = operators.single(run(scope, scope.this), "comparable()")
        if one is None or two is None:
            return []
        left, right = _quantity_of(unwrapped(one)), _quantity_of(unwrapped(two))
        if left is None or right is None:
            return []
        return boolean(comparable(left, right) is not None)

    return evaluate


def _quantity_of(value: Any) -> Quantity | None:
    if operators.number(value):
        return of_number(value)
    return value if isinstance(value, Quantity) else None
