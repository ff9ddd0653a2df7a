"""JSON as R4 allows it: no member named twice, no NaN, no lone surrogates, bounded depth (R4 json.html).

The quick way parses in C and writes again: when both texts are the same but for white space, nothing was
lost, neither a member that is named twice nor a digit. Otherwise the numbers are read with their text, and
only when that still differs is the text read pair by pair.
"""

import json
from typing import Any, Final

import orjson

from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError

DEEPEST: Final = 64
_SPACE: Final = b" \t\r\n"
_ESCAPE: Final = ord("\\")
"""Looked for on its own first: one byte is found ten times as fast as several."""


def parse(body: bytes) -> Any:
    """The value of a JSON text; a number that would change is a ``profiles.exact_json.Number``.

    Raises
    ------
    OperationOutcomeError
        ``structure`` when it is no JSON of R4, ``too-costly`` when it is nested too deeply.
    """
    if _ESCAPE in body and body.find(b"\\u0000") >= 0:
        raise OperationOutcomeError("structure", "a text holds the character NUL")
    try:
        value = orjson.loads(body)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError) as error:
        raise OperationOutcomeError("structure", _said(error)) from None
    if body != again and (bare := body.translate(None, _SPACE)) != again.translate(None, _SPACE):
        value = loads_exact(body)
        if bare != dumps_exact(value).translate(None, _SPACE):
            _require_unique(body)
    # An array within an array is nowhere in R4, so half of the levels are objects; and orjson stops at 254.
    if body.count(b"{") > DEEPEST // 2 and _may_be_deep(value):
        require_shallow(value)
    return value


def parse_resource(body: bytes) -> dict[str, Any]:
    """Parse one resource strictly.

    Raises
    ------
    OperationOutcomeError
        As ``parse``, and ``structure`` when it is no object with a ``resourceType``.
    """
    value = parse(body)
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise OperationOutcomeError("structure", "the body is no FHIR resource", "resourceType")
    return value


def _may_be_deep(value: Any) -> bool:
    """Whether an indented text has a line as far to the right as the deepest that is allowed; in C."""
    if not isinstance(value, dict | list):
        return False
    try:
        indented = orjson.dumps(value, default=float, option=orjson.OPT_INDENT_2)
    except (orjson.JSONEncodeError, TypeError):
        return True
    return b"\n" + b"  " * DEEPEST in indented


def require_shallow(value: Any) -> None:
    """Refuse what is nested deeper than ``DEEPEST`` (``too-costly``)."""
    front, left = [value], DEEPEST
    while front:
        if left == 0:
            raise OperationOutcomeError(
                "too-costly", f"the resource is nested deeper than {DEEPEST}"
            )
        left -= 1
        front = [
            inner
            for outer in front
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]


def _require_unique(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_unique)
    except RecursionError:
        raise OperationOutcomeError("structure", "the body is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OperationOutcomeError("structure", "a JSON object names a member twice")
    return found


def _said(error: Exception) -> str:
    if isinstance(error, orjson.JSONDecodeError):
        return f"the body is not JSON in UTF-8 (line {error.lineno}, column {error.colno})"
    return "the body is not JSON in UTF-8"
