"""JSON read and written without changing a number: decimals keep every digit (R4 datatypes.html#decimal)."""

import json
import re
from typing import Any, Final

import orjson

from profiles.outcome import OperationOutcomeError

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_BREAK: Final = b"\n"
_DEEPER: Final = b"  "


class Number(float):
    """A JSON number with a fraction or an exponent, and the text that it was written as."""

    text: str

    def __new__(cls, text: str) -> "Number":
        """Keep the text beside the value."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text


def loads_exact(body: bytes) -> Any:
    """Parse JSON; numbers keep their text (``structure`` when it is no JSON)."""
    try:
        return json.loads(body, parse_float=Number)
    except (ValueError, RecursionError):
        raise OperationOutcomeError("structure", "the body is not JSON in UTF-8") from None


def dumps_exact(value: Any) -> bytes:
    """Write JSON; a ``Number`` is written as it was read, an integer of any size as it is."""
    try:
        return orjson.dumps(value, default=_fragment)
    except (orjson.JSONEncodeError, TypeError):
        # An integer beyond 64 bits: rare, and then the slower writer has it.
        return _written(value).encode()


def indented(body: bytes) -> bytes:
    """A JSON text on many lines, for people; no token of it is changed."""
    value = orjson.loads(body)
    if orjson.dumps(value) == body:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
    made, depth, before = bytearray(), 0, b""
    for token in _TOKEN.findall(body):
        if token in (b"}", b"]"):
            depth -= 1
            made += b"" if before in (b"{", b"[") else _BREAK + _DEEPER * depth
        elif before in (b"{", b"[", b","):
            made += _BREAK + _DEEPER * depth
        made += b": " if token == b":" else token
        depth += token in (b"{", b"[")
        before = token
    return bytes(made)


def _fragment(value: Any) -> Any:
    if isinstance(value, Number):
        return orjson.Fragment(value.text.encode())
    raise TypeError(type(value).__name__)


def _written(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{_written(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
