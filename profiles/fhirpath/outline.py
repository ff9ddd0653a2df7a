"""The tree of an expression as the FHIRPath Lab shows it (fhirpath-lab ``server-api.md``, AST definition)."""

from typing import Any, Final

from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Enclosed,
    Item,
    Literal,
    Member,
    Tree,
    TypeTest,
    Unary,
    Variable,
)

_THIS: Final[dict[str, Any]] = {"ExpressionType": "AxisExpression", "Name": "builtin.that"}
"""What a path begins with where nothing is written: the input."""


def outline(tree: Tree) -> dict[str, Any]:
    """Kind, name and operands of every node."""
    match tree:
        case Literal(value, _):
            return {"ExpressionType": "ConstantExpression", "Name": _text(value)}
        case Variable(name) if name.startswith("$"):
            return {"ExpressionType": "AxisExpression", "Name": f"builtin.{name[1:]}"}
        case Variable(name):
            return {"ExpressionType": "VariableRefExpression", "Name": name[1:]}
        case Member(of, name):
            return _node("ChildExpression", name, _of(of))
        case Call(of, name, arguments):
            return _node("FunctionCallExpression", name, _of(of), *map(outline, arguments))
    return _operator(tree)


def _operator(tree: Tree) -> dict[str, Any]:
    match tree:
        case Item(of, index):
            return _node("IndexerExpression", "[]", outline(of), outline(index))
        case Unary(operator, operand):
            return _node("UnaryExpression", operator, outline(operand))
        case Binary(operator, left, right):
            return _node("BinaryExpression", operator, outline(left), outline(right))
        case TypeTest(operator, operand, kind):
            named = {"ExpressionType": "ConstantExpression", "Name": kind}
            return _node("BinaryExpression", operator, outline(operand), named)
        case Enclosed(inner):
            return outline(inner)
    raise TypeError(type(tree).__name__)


def _node(kind: str, name: str, *operands: dict[str, Any]) -> dict[str, Any]:
    return {"ExpressionType": kind, "Name": name, "Arguments": list(operands)}


def _of(tree: Tree | None) -> dict[str, Any]:
    return _THIS if tree is None else outline(tree)


def _text(value: Any) -> str:
    if value is None:
        return "{}"
    return str(value).lower() if isinstance(value, bool) else str(value)
