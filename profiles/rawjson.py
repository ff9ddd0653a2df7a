"""A FHIR resource as the bytes that its author sent: only ``id`` and ``meta`` are ours to set.

Decimals, property order and unknown white space survive, because the body is never parsed and written
again: the top-level members are found by byte offsets, ``id`` and ``meta`` are cut out, and the new
ones are put in front (R4 json.html, datatypes.html#decimal: precision is significant).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from profiles.outcome import OperationOutcomeError

_SPACE = re.compile(rb"[ \t\n\r]*")
# Unrolled: an attachment is one text of megabytes, and an alternation per character takes 50 ms of it.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRUCTURE = re.compile(rb'["\[\]{}]')
_SCALAR = re.compile(rb"[^,}\]\s]+")


_DOUBTFUL = re.compile(
    rb"[:\[,\s](-?\d+\.\d+(?:[eE][+-]?\d+)?|-?\d+[eE][+-]?\d+|-?\d{16,}|-0)(?=[,\]}\s])"
)


def keeps_numbers(body: bytes) -> bool:
    """Whether every number is written the same after parsing: then the parsed value may be written back."""
    return all(repr(float(text)).encode() == text for text in _DOUBTFUL.findall(body))


def members(body: bytes) -> Iterator[tuple[str, int, int]]:
    """Top-level members of a JSON object: name, start of the name, end of the value.

    Raises
    ------
    OperationOutcomeError
        ``structure`` when the bytes are not a JSON object.
    """
    at = _skip(body, 0)
    if body[at : at + 1] != b"{":
        raise OperationOutcomeError("structure", "the body is not a JSON object")
    at = _skip(body, at + 1)
    if body[at : at + 1] == b"}":
        return
    while True:
        name = _STRING.match(body, at)
        colon = _skip(body, name.end()) if name else at
        if name is None or body[colon : colon + 1] != b":":
            raise OperationOutcomeError("structure", "a JSON member has no name")
        end = _value_end(body, _skip(body, colon + 1))
        yield json.loads(name[0]), at, end
        at = _skip(body, end)
        separator = body[at : at + 1]
        if separator == b"}":
            return
        if separator != b",":
            raise OperationOutcomeError("structure", "the JSON object is not complete")
        at = _skip(body, at + 1)


def with_meta(body: bytes, resource_id: str, meta: Mapping[str, Any]) -> bytes:
    """The body with this ``id`` and ``meta`` instead of its own."""
    spans = [body[start:end] for name, start, end in members(body) if name not in ("id", "meta")]
    rest = [span for span in spans if not span.startswith(b'"resourceType"')]
    kind = [span for span in spans if span.startswith(b'"resourceType"')]
    ours = [
        b'"id":' + json.dumps(resource_id).encode(),
        b'"meta":' + json.dumps(meta, separators=(",", ":"), ensure_ascii=False).encode(),
    ]
    return b"{" + b",".join([*kind, *ours, *rest]) + b"}"


def _skip(body: bytes, at: int) -> int:
    match = _SPACE.match(body, at)
    return match.end() if match else at


def _value_end(body: bytes, at: int) -> int:
    first = body[at : at + 1]
    if first == b'"':
        match = _STRING.match(body, at)
    elif first in (b"{", b"["):
        return _nested_end(body, at)
    else:
        match = _SCALAR.match(body, at)
    if match is None:
        raise OperationOutcomeError("structure", "a JSON value is missing or not complete")
    return match.end()


def _nested_end(body: bytes, at: int) -> int:
    depth = 0
    while True:
        found = _STRUCTURE.search(body, at)
        if found is None:
            raise OperationOutcomeError("structure", "a JSON value is not complete")
        if found[0] == b'"':
            text = _STRING.match(body, found.start())
            if text is None:
                raise OperationOutcomeError("structure", "a JSON text is not complete")
            at = text.end()
            continue
        depth += 1 if found[0] in (b"{", b"[") else -1
        at = found.end()
        if depth == 0:
            return at
