"""Our own form of a transcript, from outside: its types are checked before it becomes a record."""

import dataclasses
import types
import typing
from dataclasses import replace
from typing import Any, Final

import orjson

from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.speech_records import Segment, Transcript

_LATEST_S: Final = 1e7
_ROLES: Final = frozenset({"", "doctor", "patient", "other"})


def transcript_of_json(content: bytes, engine: str) -> Transcript:
    """The transcript in a JSON document, as one that ``engine`` has made.

    Raises
    ------
    OperationOutcomeError
        ``structure``.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise OperationOutcomeError("structure", "this is no JSON in UTF-8") from None
    if not _fits(value, Transcript):
        raise OperationOutcomeError("structure", "this JSON is no transcript")
    found = from_json(Transcript, value)
    if [one.number for one in found.segments] != list(range(len(found.segments))):
        raise OperationOutcomeError("structure", "segments are numbered from 0 without gaps")
    if not all(_is_sound(one) for one in found.segments):
        raise OperationOutcomeError("structure", "a segment has an unknown role or wrong times")
    return replace(found, engine=engine, digests=())


def _is_sound(segment: Segment) -> bool:
    start, end = segment.start_s, segment.end_s
    if start is None or end is None:
        return segment.role in _ROLES and start is end
    return segment.role in _ROLES and 0 <= start <= end < _LATEST_S


def _fits(value: Any, kind: Any) -> bool:
    """Whether a JSON value has the shape of a record's field."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return isinstance(value, dict) and _fits_record(value, kind)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return isinstance(value, list) and _fits_tuple(value, arguments)
    if isinstance(kind, types.UnionType):
        return any(_fits(value, inner) for inner in arguments)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is kind


def _fits_record(value: dict[str, Any], kind: type[Any]) -> bool:
    hints = typing.get_type_hints(kind)
    needed = {
        field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING
    }
    return needed <= value.keys() <= hints.keys() and all(
        _fits(inner, hints[name]) for name, inner in value.items()
    )


def _fits_tuple(value: list[Any], arguments: tuple[Any, ...]) -> bool:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return all(_fits(inner, arguments[0]) for inner in value)
    return len(value) == len(arguments) and all(map(_fits, value, arguments))
