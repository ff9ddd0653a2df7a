"""Tokens of an expression (FHIRPath N1, section 12)."""

import re
from dataclasses import dataclass
from typing import Final

from profiles.outcome import OperationOutcomeError

LONGEST: Final = 20_000
"""Characters of an expression."""

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n\r]*|/\*.*?\*/)
  | (?P<datetime>@\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)
  | (?P<date>@\d{4}(?:-\d\d(?:-\d\d)?)?)
  | (?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
  | (?P<long>\d+L\b)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<variable>
        \$(?:this|index|total)
      | %(?:(?:vs|ext)-[A-Za-z0-9_-]+|[A-Za-z_][A-Za-z0-9_]*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*')
    )
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<quoted>`(?:[^`\\]|\\.)*`)
  | (?P<sign><=|>=|!=|!~|[-+*/&|=~<>.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_PAIR: Final = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_HALF: Final = re.compile("[\ud800-\udfff]")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    """Kind, text as it means, and place."""

    kind: str
    text: str
    at: int


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression, ``end`` last.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` at the first character that begins no token.
    """
    if len(expression) > LONGEST:
        raise OperationOutcomeError("too-costly", "the FHIRPath expression is too long")
    found, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise OperationOutcomeError("invalid", f"FHIRPath: unexpected character at {at}")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, _meant(kind, match[0]), at))
        at = match.end()
    return [*found, Token("end", "", at)]


def _meant(kind: str, text: str) -> str:
    if kind in ("string", "quoted"):
        return _unescaped(text[1:-1])
    if kind == "variable" and text[1] in "`'":
        return "%" + _unescaped(text[2:-1])
    return text


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 5:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    # Two escapes may be the halves of one character (N1 2.1, String); a half alone is no character.
    whole = _PAIR.sub(_joined, _ESCAPE.sub(one, text))
    if _HALF.search(whole):
        raise OperationOutcomeError("invalid", "FHIRPath: an escape is no character")
    return whole


def _joined(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")
