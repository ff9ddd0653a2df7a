"""From tokens to a tree, by precedence (FHIRPath N1, section 6.8)."""

from decimal import Decimal
from typing import Final

from profiles.fhirpath.lexer import Token, tokens
from profiles.fhirpath.quantities import UNITS, Quantity
from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Item,
    Literal,
    Member,
    Tree,
    TypeTest,
    Unary,
    Variable,
)
from profiles.fhirpath.temporal import parse_date, parse_datetime, parse_time
from profiles.fhirpath.whole import LARGEST_LONG, Long, fits
from profiles.outcome import OperationOutcomeError

DEEPEST: Final = 40
"""Expressions inside each other."""

_LEVELS: Final = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    ("<=", "<", ">", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_LONGEST_LONG: Final = 20
"""Characters of a Long, its L included."""
_RESERVED: Final = UNITS | {"implies", "or", "xor", "and", "div", "mod"}
"""Keywords that are no identifiers (N1 8.5 and the grammar)."""


def parse(expression: str) -> Tree:
    """The tree of an expression (``invalid`` when it is none)."""
    parser = _Parser(tokens(expression))
    try:
        tree = parser.level(0)
    except RecursionError:
        raise OperationOutcomeError("too-costly", "the FHIRPath expression is too deep") from None
    parser.expect("end")
    return tree


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        self._at += 1
        return token

    def is_sign(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or operator words."""
        token = self.token
        return token.text in texts and token.kind in ("sign", "name")

    def expect(self, text: str) -> None:
        """Take a sign, or the end."""
        token = self.advance()
        if token.kind != text and not (token.kind == "sign" and token.text == text):
            raise OperationOutcomeError("invalid", f"FHIRPath: expected {text} at {token.at}")

    def level(self, at: int) -> Tree:
        """Operators of one precedence, left to right."""
        if at == len(_LEVELS):
            return self.unary()
        self._depth += 1
        if self._depth > DEEPEST * len(_LEVELS):
            raise OperationOutcomeError(
                "too-costly", "the FHIRPath expression is nested too deeply"
            )
        left = self.level(at + 1)
        while self.is_sign(*_LEVELS[at]):
            operator = self.advance().text
            if operator in ("is", "as"):
                left = TypeTest(operator, left, self.type_name())
            else:
                left = Binary(operator, left, self.level(at + 1))
        self._depth -= 1
        return left

    def unary(self) -> Tree:
        """Signs bind more tightly than operators."""
        if self.is_sign("+", "-"):
            operator = self.advance().text
            self._depth += 1
            if self._depth > DEEPEST * len(_LEVELS):
                raise OperationOutcomeError(
                    "too-costly", "the FHIRPath expression is nested too deeply"
                )
            return Unary(operator, self.unary())
        return self.path()

    def path(self) -> Tree:
        """A term and what is invoked on it."""
        tree = self.term()
        while True:
            if self.is_sign("."):
                self.advance()
                tree = self.invocation(tree)
            elif self.is_sign("["):
                self.advance()
                tree = Item(tree, self.level(0))
                self.expect("]")
            else:
                return tree

    def invocation(self, of: Tree | None) -> Tree:
        """A member or a function."""
        token = self.advance()
        if token.kind == "variable" and token.text.startswith("$"):
            return Variable(token.text)
        # Narrative.div is written without quotes so often that only the beginning of a path is strict.
        reserved = of is None and token.kind == "name" and token.text in _RESERVED
        if token.kind not in ("name", "quoted") or reserved:
            raise OperationOutcomeError("invalid", f"FHIRPath: expected a name at {token.at}")
        if not self.is_sign("("):
            return Member(of, token.text)
        self.advance()
        arguments: list[Tree] = []
        if not self.is_sign(")"):
            arguments.append(self.argument(token.text))
            while self.is_sign(","):
                self.advance()
                arguments.append(self.argument(token.text))
        self.expect(")")
        return Call(of, token.text, tuple(arguments))

    def argument(self, function: str) -> Tree:
        """An argument; a key of ``sort`` may say its direction (trial use)."""
        tree = self.level(0)
        if function == "sort" and self.is_sign("asc", "desc"):
            return Unary("-", tree) if self.advance().text == "desc" else tree
        return tree

    def term(self) -> Tree:
        """A literal, a variable, an expression in parentheses, or the beginning of a path."""
        token = self.token
        if token.kind == "variable":
            return Variable(self.advance().text)
        if self.is_sign("("):
            self.advance()
            tree = self.level(0)
            self.expect(")")
            return tree
        if self.is_sign("{"):
            self.advance()
            self.expect("}")
            return Literal(None, "")
        literal = self.literal()
        if literal is not None:
            return literal
        return self.invocation(None)

    def literal(self) -> Literal | None:
        """A constant, None when the next token begins none."""
        token = self.token
        if token.kind == "name" and token.text in ("true", "false"):
            return Literal(self.advance().text == "true", "System.Boolean")
        if token.kind == "string":
            return Literal(self.advance().text, "System.String")
        if token.kind == "number":
            return self.number()
        if token.kind == "long":
            return self.long()
        if token.kind == "date":
            return Literal(parse_date(self.advance().text[1:]), "System.Date")
        if token.kind == "datetime":
            return Literal(parse_datetime(self.advance().text[1:]), "System.DateTime")
        if token.kind == "time":
            return Literal(parse_time(self.advance().text[2:]), "System.Time")
        return None

    def long(self) -> Literal:
        """A whole number of 64 bits, such as ``1L`` (trial use)."""
        token = self.advance()
        value = int(token.text[:-1]) if len(token.text) <= _LONGEST_LONG else LARGEST_LONG + 1
        if not fits(value, long=True):
            raise OperationOutcomeError("invalid", f"FHIRPath: too large a number at {token.at}")
        return Literal(Long(value), "System.Long")

    def number(self) -> Literal:
        """A number, or a quantity when a unit follows."""
        text = self.advance().text
        value = Decimal(text)
        unit = self.token
        if unit.kind == "string" or (unit.kind == "name" and unit.text in UNITS):
            self.advance()
            name = f"'{unit.text}'" if unit.kind == "string" else unit.text
            return Literal(Quantity(value, name), "System.Quantity")
        if "." in text:
            return Literal(value, "System.Decimal")
        return Literal(int(text), "System.Integer")

    def type_name(self) -> str:
        """A type, such as ``Patient`` or ``System.String``."""
        name = self.type_part()
        while self.is_sign("."):
            self.advance()
            name += "." + self.type_part()
        return name

    def type_part(self) -> str:
        """One identifier of a type."""
        token = self.advance()
        if token.kind not in ("name", "quoted"):
            raise OperationOutcomeError("invalid", f"FHIRPath: expected a type at {token.at}")
        return token.text
