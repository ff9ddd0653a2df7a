"""Functions on numbers and on the precision of values (FHIRPath N1, section 5.7; boundaries of 2.1)."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any, Final

from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import function, whole
from profiles.fhirpath.nodes import system, unwrapped
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.syntax import Tree
from profiles.fhirpath.temporal import Temporal, parse_datetime
from profiles.fhirpath.whole import like
from profiles.outcome import OperationOutcomeError


def _value(nodes: Nodes, what: str) -> Any:
    node = operators.single(nodes, what)
    return None if node is None else unwrapped(node)


def _required(value: Any, what: str) -> Any:
    if not operators.number(value):
        raise OperationOutcomeError("invalid", f"FHIRPath: {what} works on a number")
    return value


def _computed(value: Any, compute: Callable[[Any], Any], what: str, *, measured: bool) -> Any:
    """A function of a number; of a quantity it keeps the unit (trial use)."""
    if measured and isinstance(value, Quantity):
        return Quantity(Decimal(compute(value.value)), value.unit)
    return compute(_required(value, what))


def _on_number(name: str, compute: Callable[[Any], Any], *, measured: bool = False) -> None:
    def build() -> Run:
        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            value = _value(nodes, f"{name}()")
            if value is None:
                return []
            try:
                made = _computed(value, compute, f"{name}()", measured=measured)
            except (ValueError, OverflowError, DecimalException):
                return []
            made = like(made, value)
            return [] if operators.overflows(made) else [system(made)]

        return evaluate

    function(name)(build)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


_on_number("abs", abs, measured=True)
_on_number("ceiling", math.ceil, measured=True)
_on_number("floor", math.floor, measured=True)
_on_number("truncate", int, measured=True)
_on_number("exp", lambda value: _decimal(math.exp(value)))
_on_number("ln", lambda value: _decimal(math.log(value)))
_on_number("sqrt", lambda value: Decimal(value).sqrt())


@function("round", 0, 1)
def _round(precision: Tree | None = None) -> Run:
    run = None if precision is None else compiled(precision)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        value = _value(nodes, "round()")
        if value is None:
            return []
        places = 0 if run is None else whole(run, scope, "round()") or 0
        if not 0 <= places <= 30:
            raise OperationOutcomeError("invalid", "FHIRPath: round() takes 0 to 30 places")
        try:
            made = _computed(value, lambda one: _rounded(one, places), "round()", measured=True)
        except DecimalException:
            return []
        return [system(made)]

    return evaluate


def _rounded(value: Any, places: int) -> Decimal:
    exact = Decimal(value)
    step = Decimal(1).scaleb(-places)
    return exact.quantize(step, rounding=ROUND_HALF_UP)


def _with_number(name: str, compute: Callable[[Any, Any], Any]) -> None:
    def build(argument: Tree) -> Run:
        run = compiled(argument)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            value, other = _value(nodes, name), _value(run(scope, scope.this), name)
            if value is None or other is None:
                return []
            try:
                made = compute(_required(value, name), _required(other, name))
            except (ValueError, OverflowError, ZeroDivisionError, DecimalException):
                return []
            made = like(made, value, other)
            return [] if operators.overflows(made) else [system(made)]

        return evaluate

    function(name, 1)(build)


_HIGHEST_POWER: Final = 100


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if exponent > _HIGHEST_POWER and abs(base) > 1:
            raise OverflowError
        return base**exponent
    if base < 0 and exponent != int(exponent):
        raise ValueError
    return Decimal(base) ** Decimal(exponent)


_with_number("log", lambda value, base: _decimal(math.log(value) / math.log(base)))
_with_number("power", _power)

_MOST_DIGITS: Final = 31


def _boundary(name: str, low: bool) -> None:
    def build(precision: Tree | None = None) -> Run:
        run = None if precision is None else compiled(precision)

        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            node = operators.single(nodes, name)
            if node is None:
                return []
            digits = None if run is None else whole(run, scope, name)
            made = _bound(unwrapped(node), digits, low)
            return [] if made is None else [system(made)]

        return evaluate

    function(name, 0, 1)(build)


def _bound(value: Any, digits: int | None, low: bool) -> Any:
    if operators.number(value):
        return _number_bound(Decimal(value), 8 if digits is None else digits, low)
    if isinstance(value, Quantity):
        made = _number_bound(value.value, 8 if digits is None else digits, low)
        return None if made is None else Quantity(made, value.unit)
    if isinstance(value, Temporal):
        return _temporal_bound(value, digits, low)
    return None


def _number_bound(value: Decimal, digits: int, low: bool) -> Decimal | None:
    if not 0 <= digits < _MOST_DIGITS:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
    bound = value - half if low else value + half
    rounding = "ROUND_FLOOR" if low else "ROUND_CEILING"
    try:
        return bound.quantize(Decimal(1).scaleb(-digits), rounding=rounding)
    except DecimalException:
        return None


_LOWEST: Final = (1, 1, 1, 0, 0, Decimal("0.000"))
_COUNTS: Final = {
    "Date": {4: 1, 6: 2, 8: 3},
    "DateTime": {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6},
    "Time": {2: 1, 4: 2, 6: 3, 9: 3},
}
_FULL: Final = {"Date": 8, "DateTime": 17, "Time": 9}


def _temporal_bound(value: Temporal, digits: int | None, low: bool) -> Temporal | None:
    count = _COUNTS[value.kind].get(_FULL[value.kind] if digits is None else digits)
    if count is None:
        return None
    first = 3 if value.kind == "Time" else 0
    parts = list(value.parts)
    while len(parts) < count:
        parts.append(_filled(parts, first + len(parts), low))
    if digits in (None, 17, 9) and len(parts) == (3 if first else 6):
        parts[-1] = _milliseconds(Decimal(parts[-1]), low, len(value.parts) == len(parts))
    zone = value.zone
    if value.kind == "DateTime" and zone is None and count > 3:
        zone = 14 * 60 if low else -12 * 60
    return Temporal(value.kind, tuple(parts[:count]), zone if count > 3 else None)


def _filled(parts: list[Any], at: int, low: bool) -> Any:
    if low:
        return _LOWEST[at]
    if at == 2:
        import calendar

        return calendar.monthrange(int(parts[0]), int(parts[1]))[1]
    return (9999, 12, 31, 23, 59, Decimal("59.999"))[at]


def _milliseconds(second: Decimal, low: bool, said: bool) -> Decimal:
    if not said or second != int(second) or "." in str(second):
        return Decimal(second).quantize(Decimal("0.001"))
    return Decimal(f"{int(second)}.{'000' if low else '999'}")


_boundary("lowBoundary", True)
_boundary("highBoundary", False)


@function("precision")
def _precision() -> Run:
    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        value = _value(nodes, "precision()")
        if isinstance(value, Temporal):
            digits = sum(
                c.isdigit()
                for c in str(value).split("+")[0].split("Z")[0].rsplit("-", _zoned(value))[0]
            )
            return [system(digits)]
        if operators.number(value):
            exponent = Decimal(value).as_tuple().exponent
            return [system(max(0, -exponent) if isinstance(exponent, int) else 0)]
        return []

    return evaluate


def _zoned(value: Temporal) -> int:
    return 1 if value.zone is not None and value.zone < 0 else 0


def _clock(name: str, compute: Callable[[Scope], Temporal]) -> None:
    def build() -> Run:
        return lambda scope, nodes: [system(compute(scope))]

    function(name)(build)


def _now(scope: Scope) -> Temporal:
    return parse_datetime(
        scope.evaluation.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


_clock("now", _now)
_clock("today", lambda scope: Temporal("Date", _now(scope).parts[:3]))
_clock("timeOfDay", lambda scope: Temporal("Time", _now(scope).parts[3:]))
