"""The harmless part of MONAI's ``$`` expressions, computed from the syntax tree.

MONAI evaluates the text after ``$`` as Python, so loading its configuration runs whatever it says.
Here an expression may contain literals, arithmetic, comparisons, conditions, indexing and references to
other keys. A name, an attribute, a call or an import has no meaning, and the bundle is refused.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MAX_LENGTH: Final = 500
MAX_NUMBER: Final = 10**12
REFERENCE: Final = re.compile(r"@(\w+(?:(?:::|#)\w+)*)")


class Unsafe(Exception):  # noqa: N818 - a verdict on a text, caught where the text is known
    """An expression that this evaluator does not compute; the text names the construct."""


_ARITHMETIC: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISON: Final[Mapping[type, Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SIGN: Final[Mapping[type, Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_NAMED: Final = {
    ast.Call: "a call",
    ast.Attribute: "attribute access",
    ast.Name: "a name",
    ast.Lambda: "a function",
    ast.ListComp: "a loop",
    ast.GeneratorExp: "a loop",
    ast.Pow: "a power",
    ast.JoinedStr: "a formatted text",
}


def evaluate(text: str, reference: Callable[[str], Any]) -> Any:
    """Value of an expression without its leading ``$``.

    Parameters
    ----------
    text : str
        For example ``@patch[0] * 2``.
    reference : callable
        Value of the key that an ``@`` names.

    Raises
    ------
    Unsafe
        The expression has a part outside the allowed set, or cannot be computed.
    """
    if len(text) > MAX_LENGTH:
        raise Unsafe(f"an expression longer than {MAX_LENGTH} characters")
    named: dict[str, str] = {}

    def placeholder(match: re.Match[str]) -> str:
        named[f"_reference_{len(named)}"] = match.group(1)
        return f" _reference_{len(named) - 1} "

    source = REFERENCE.sub(placeholder, text).strip()
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unsafe("a statement or an incomplete expression") from error
    try:
        return _Evaluator(named, reference).value(tree.body)
    except (ArithmeticError, TypeError, LookupError, ValueError, RecursionError) as error:
        raise Unsafe(f"an expression without a value ({type(error).__name__})") from error


class _Evaluator:
    """Walks one syntax tree; a node type without a method is refused."""

    def __init__(self, named: dict[str, str], reference: Callable[[str], Any]) -> None:
        self._named = named
        self._reference = reference

    def value(self, node: ast.AST) -> Any:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise Unsafe(_NAMED.get(type(node), type(node).__name__))
        return method(node)

    def _constant(self, node: ast.Constant) -> Any:
        if node.value is None or isinstance(node.value, bool | int | float | str):
            return node.value
        raise Unsafe("a literal that JSON does not have")

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self._named:
            raise Unsafe(f"the name `{node.id}`")
        return self._reference(self._named[node.id])

    def _list(self, node: ast.List) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _tuple(self, node: ast.Tuple) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        pairs = zip(node.keys, node.values, strict=True)
        return {self.value(k) if k else None: self.value(v) for k, v in pairs}

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in _SIGN:
            raise Unsafe(type(node.op).__name__)
        return _SIGN[type(node.op)](self.value(node.operand))

    def _binop(self, node: ast.BinOp) -> Any:
        operation = _ARITHMETIC.get(type(node.op))
        if operation is None:
            raise Unsafe(_NAMED.get(type(node.op), type(node.op).__name__))
        left, right = self.value(node.left), self.value(node.right)
        if not (_is_number(left) and _is_number(right)):
            raise Unsafe("arithmetic on something that is no number")
        result = operation(left, right)
        if abs(result) > MAX_NUMBER:
            raise Unsafe("a number out of range")
        return result

    def _boolop(self, node: ast.BoolOp) -> Any:
        values = [self.value(item) for item in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def _compare(self, node: ast.Compare) -> bool:
        terms = [self.value(item) for item in (node.left, *node.comparators)]
        kinds = [type(kind) for kind in node.ops]
        if any(kind not in _COMPARISON for kind in kinds):
            raise Unsafe("a membership or identity test")
        pairs = zip(kinds, terms, terms[1:], strict=False)
        return all(_COMPARISON[kind](left, right) for kind, left, right in pairs)

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self.value(node.slice)]

    def _slice(self, node: ast.Slice) -> slice:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)
