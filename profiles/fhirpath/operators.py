"""Operators on collections (FHIRPath N1, section 6)."""

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any, Final

from profiles.fhirpath import quantities
from profiles.fhirpath.meter import require_short
from profiles.fhirpath.nodes import Node, boolean, system, unwrapped, written
from profiles.fhirpath.quantities import Quantity, coarsened, comparable, multiplied, of_number
from profiles.fhirpath.temporal import Temporal, added, compare
from profiles.fhirpath.whole import Long, fits, like
from profiles.outcome import OperationOutcomeError

Nodes = list[Node]


def single(nodes: Nodes, what: str = "an operand") -> Node | None:
    """The one member, None when empty (``invalid`` when there are several)."""
    if len(nodes) > 1:
        raise OperationOutcomeError("invalid", f"FHIRPath: {what} has several values")
    return nodes[0] if nodes else None


def truth(nodes: Nodes) -> bool | None:
    """Truth of a collection: a single value that is no Boolean counts as true (section 4.5)."""
    node = single(nodes, "a condition")
    if node is None:
        return None
    value = unwrapped(node)
    return value if isinstance(value, bool) else True


def number(value: Any) -> bool:
    """Whether a system value is an Integer or a Decimal."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _promoted(one: Any, other: Any) -> tuple[Any, Any]:
    """A number beside a quantity becomes a quantity (N1 5.5, implicit conversion)."""
    if isinstance(one, Quantity) and number(other):
        return one, of_number(other)
    if isinstance(other, Quantity) and number(one):
        return of_number(one), other
    return one, other


def equal_values(one: Any, other: Any) -> bool | None:
    """``=`` of two system values or elements; None when it cannot be known."""
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        if (one.kind == "Time") != (other.kind == "Time"):
            return False
        found = compare(one, other)
        return None if found is None else found == 0
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        return _equal_quantities(*_promoted(one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return _same(one, other)
    if isinstance(one, float) or isinstance(other, float):
        return Decimal(str(one)) == Decimal(str(other))
    return bool(one == other) if type(one) is type(other) or number(one) else False


def _equal_quantities(one: Any, other: Any) -> bool | None:
    if not isinstance(one, Quantity) or not isinstance(other, Quantity):
        return False
    both = comparable(one, other)
    return None if both is None else both[0] == both[1]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def equal(left: Nodes, right: Nodes) -> bool | None:
    """``=`` of two collections, in order."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    known: bool | None = True
    for one, other in zip(left, right, strict=True):
        found = equal_values(unwrapped(one), unwrapped(other))
        if found is False:
            return False
        known = None if found is None else known
    return known


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFC", text)
    return " ".join(re.split(r"\s+", plain)).casefold()


def equivalent_values(one: Any, other: Any) -> bool:
    """``~`` of two values: text without case and space, decimals to the lesser precision."""
    if isinstance(one, str) and isinstance(other, str):
        return _folded(one) == _folded(other)
    if number(one) and number(other):
        return _alike_numbers(Decimal(one), Decimal(other))
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        return _alike_quantities(*_promoted(one, other))
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        if (one.kind == "Time") != (other.kind == "Time") or len(one.parts) != len(other.parts):
            return False
        return compare(one, other) == 0
    if isinstance(one, dict) and isinstance(other, dict):
        return _alike(one, other)
    return equal_values(one, other) is True


def _alike_quantities(one: Any, other: Any) -> bool:
    if not isinstance(one, Quantity) or not isinstance(other, Quantity):
        return False
    both = coarsened(one, other)
    return both is not None and _alike_numbers(*both)


def _alike_numbers(one: Decimal, other: Decimal) -> bool:
    """Equal when rounded to the lesser precision, in which trailing zeroes do not count (N1 6.1.2)."""
    step = Decimal(1).scaleb(-min(_places(one), _places(other)))
    try:
        left, right = (value.quantize(step, rounding=ROUND_HALF_UP) for value in (one, other))
    except DecimalException:
        return one == other
    return left == right


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    left = {key: value for key, value in one.items() if key != "id"}
    right = {key: value for key, value in other.items() if key != "id"}
    return left.keys() == right.keys() and all(_alike_value(left[k], right[k]) for k in left)


def _alike_value(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        left = [system(v) if not isinstance(v, dict) else Node(v, "Element") for v in one]
        right = [system(v) if not isinstance(v, dict) else Node(v, "Element") for v in other]
        return equivalent(left, right)
    return equivalent_values(one, other)


def equivalent(left: Nodes, right: Nodes) -> bool:
    """``~`` of two collections, in any order."""
    if len(left) != len(right):
        return False
    rest = [unwrapped(node) for node in right]
    for node in left:
        value = unwrapped(node)
        at = next((i for i, v in enumerate(rest) if equivalent_values(value, v)), None)
        if at is None:
            return False
        del rest[at]
    return True


def ordered(left: Nodes, right: Nodes) -> int | None:
    """-1, 0 or 1 of two single values; None when one is missing or it cannot be known."""
    one, other = single(left), single(right)
    if one is None or other is None:
        return None
    return order_values(unwrapped(one), unwrapped(other))


def order_values(one: Any, other: Any) -> int | None:
    """Order of two system values (``invalid`` for values that have none)."""
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return compare(one, other)
    one, other = _promoted(one, other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        both = comparable(one, other)
        return None if both is None else (both[0] > both[1]) - (both[0] < both[1])
    comparable_texts = isinstance(one, str) and isinstance(other, str)
    if not comparable_texts and not (number(one) and number(other)):
        raise OperationOutcomeError("invalid", "FHIRPath: these values have no order")
    return -1 if one < other else int(one > other)


_OVERFLOW: Final = Decimal(10) ** 28
"""No Decimal is as large (N1 2.1)."""


def arithmetic(operator: str, left: Nodes, right: Nodes) -> Nodes:
    """``+ - * / div mod`` of two single values; nothing for an overflow or a division by zero."""
    one, other = single(left), single(right)
    if one is None or other is None:
        return []
    a, b = _promoted(unwrapped(one), unwrapped(other))
    try:
        found = _ARITHMETIC[operator](a, b)
    except (DecimalException, ZeroDivisionError):
        return []
    except TypeError:
        raise OperationOutcomeError("invalid", f"FHIRPath: {operator} of these types") from None
    found = like(found, a, b)
    return [] if found is None or overflows(found) else [system(found)]


def overflows(value: Any) -> bool:
    """Whether a result is too large for its type (N1 6.6)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return not fits(value, long=isinstance(value, Long))
    return isinstance(value, Decimal) and not abs(value) < _OVERFLOW


def _plus(a: Any, b: Any) -> Any:
    if isinstance(a, str) and isinstance(b, str):
        require_short(len(a) + len(b))
        return a + b
    if isinstance(a, Temporal) and isinstance(b, Quantity):
        return _moved(a, b, b.value)
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return quantities.added(a, b, 1)
    return _numbers(a) + _numbers(b)


def _moved(value: Temporal, by: Quantity, amount: Decimal) -> Temporal:
    by = quantities.as_calendar(by)
    return added(value, amount, (by.calendar and by.unit) or by.code)


def _minus(a: Any, b: Any) -> Any:
    if isinstance(a, Temporal) and isinstance(b, Quantity):
        return _moved(a, b, -b.value)
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return quantities.added(a, b, -1)
    return _numbers(a) - _numbers(b)


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return multiplied(a, b, 1)
    return _numbers(a) * _numbers(b)


def _over(a: Any, b: Any) -> Any:
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return multiplied(a, b, -1)
    return Decimal(_numbers(a)) / Decimal(_numbers(b))


def _div(a: Any, b: Any) -> Any:
    return int(Decimal(_numbers(a)) / Decimal(_numbers(b)))


def _mod(a: Any, b: Any) -> Any:
    found = Decimal(_numbers(a)) % Decimal(_numbers(b))
    return int(found) if isinstance(a, int) and isinstance(b, int) else found


def _numbers(value: Any) -> Any:
    if not number(value):
        raise OperationOutcomeError("invalid", "FHIRPath: a number is expected")
    return value


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "div": _div,
    "mod": _mod,
}


def joined(left: Nodes, right: Nodes) -> Nodes:
    """``&``: texts behind each other, an empty one for an empty collection."""
    one, other = _text(left), _text(right)
    require_short(len(one) + len(other))
    return [system(one + other)]


def _text(nodes: Nodes) -> str:
    node = single(nodes)
    value = "" if node is None else written(node)
    if not isinstance(value, str):
        raise OperationOutcomeError("invalid", "FHIRPath: & joins texts")
    return value


def member_of(left: Nodes, right: Nodes) -> Nodes:
    """``left in right``."""
    node = single(left)
    if node is None:
        return []
    value = unwrapped(node)
    return boolean(any(equal_values(value, unwrapped(one)) is True for one in right))
