"""The tree of an expression (FHIRPath N1, section 12: formal grammar)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a system value, or None for the empty collection ``{}``."""

    value: Any
    type: str


@dataclass(frozen=True, slots=True)
class Member:
    """A name to follow from ``of``; None is the input of the expression."""

    of: "Tree | None"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, on ``of`` or on the input of the expression."""

    of: "Tree | None"
    name: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Item:
    """``of[index]``."""

    of: "Tree"
    index: "Tree"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: ``$this``, ``$index``, ``$total`` or ``%name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``+x`` or ``-x``."""

    operator: str
    operand: "Tree"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and the operator between them."""

    operator: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True, slots=True)
class TypeTest:
    """``x is T`` or ``x as T``."""

    operator: str
    operand: "Tree"
    type: str


@dataclass(frozen=True, slots=True)
class Enclosed:
    """An operand or argument that defines variables: they end with it."""

    tree: "Tree"


Tree = Literal | Member | Call | Item | Variable | Unary | Binary | TypeTest | Enclosed
