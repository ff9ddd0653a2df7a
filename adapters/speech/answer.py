"""What a speech server has answered, read with distrust, as segments.

The shapes are those of OpenAI's API reference (createTranscription): ``verbose_json`` has segments with times
and the engine's own doubts, ``json`` the text alone. Nothing that was said is dropped: doubts become flags.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Segment, Word

DOUBTFUL: Final = -1.0
"""Mean log probability below which Whisper's authors call a segment failed (arXiv 2212.04356, 4.5)."""
SILENT: Final = 0.6
"""Probability of no speech, from which such a segment counts as silence (ibid.)."""
REPETITIVE: Final = 2.4
"""Compression ratio above which a text repeats itself (ibid.)."""

MOST: Final = 100_000
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_CODE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of a recording as the server has understood it; times count from its beginning."""

    segments: tuple[Segment, ...]
    language: str
    duration_s: float | None
    timed: bool


def read_answer(body: bytes) -> Answer:
    """The answer in a body.

    Raises
    ------
    OperationOutcomeError
        ``transient`` for what is not such an answer: it is the server's fault, not the recording's.
    """
    try:
        said = json.loads(body, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise _wrong("is no JSON") from None
    if not isinstance(said, dict):
        raise _wrong("is no JSON object")
    if "error" in said and "text" not in said:
        raise _wrong("is an error")
    text = said.get("text")
    listed = said.get("segments")
    if not isinstance(text, str):
        raise _wrong("has no text")
    if listed is None:
        return Answer(_sentences(text), _language(said), _duration(said), timed=False)
    if not isinstance(listed, list) or len(listed) > MOST:
        raise _wrong("has no list of segments")
    found = [_segment(one) for one in listed]
    if text.strip() and not any(one.text for one in found):
        return Answer(_sentences(text), _language(said), _duration(said), timed=False)
    kept = sorted((one for one in found if one.text), key=_start)
    spoken = _with_words(kept, _words(said.get("words")))
    numbered = tuple(replace(one, number=number) for number, one in enumerate(spoken))
    return Answer(numbered, _language(said), _duration(said), timed=True)


def _segment(given: Any) -> Segment:
    if not isinstance(given, Mapping):
        raise _wrong("has a segment that is no object")
    start, end = _time(given.get("start")), _time(given.get("end"))
    text = given.get("text")
    if not isinstance(text, str) or start > end:
        raise _wrong("has a segment without text, or one that ends before it begins")
    return Segment(0, start, end, text.strip(), flags=_flags(given))


def _flags(given: Mapping[str, Any]) -> tuple[str, ...]:
    doubtful = (_number(given.get("avg_logprob")) or 0.0) < DOUBTFUL
    silent = (_number(given.get("no_speech_prob")) or 0.0) > SILENT
    repetitive = (_number(given.get("compression_ratio")) or 0.0) > REPETITIVE
    said = {
        "low-confidence": doubtful,
        "no-speech": doubtful and silent,
        "repetition": repetitive,
    }
    return tuple(flag for flag, holds in said.items() if holds)


def _words(given: Any) -> list[Word]:
    """Words with their times; a server that gives none, or gives them wrongly, has none."""
    if not isinstance(given, list) or len(given) > MOST:
        return []
    found = []
    for one in given:
        start = _number(one.get("start")) if isinstance(one, Mapping) else None
        end = _number(one.get("end")) if isinstance(one, Mapping) else None
        if start is None or end is None or not isinstance(one.get("word"), str) or start > end:
            return []
        found.append(Word(start, end, one["word"].strip()))
    return found


def _with_words(segments: list[Segment], words: list[Word]) -> list[Segment]:
    """Every word goes to the last segment that begins before its middle."""
    if not segments:
        return []
    held: list[list[Word]] = [[] for _ in segments]
    at = 0
    for word in sorted(words, key=lambda one: one.start_s):
        middle = (word.start_s + word.end_s) / 2
        while at + 1 < len(segments) and _start(segments[at + 1]) <= middle:
            at += 1
        held[at].append(word)
    return [replace(one, words=tuple(own)) for one, own in zip(segments, held, strict=True)]


def _sentences(text: str) -> tuple[Segment, ...]:
    """A text without times, sentence by sentence: evidence needs something that it can point to."""
    parts = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    return tuple(Segment(number, None, None, part) for number, part in enumerate(parts))


def _start(segment: Segment) -> float:
    return segment.start_s or 0.0


def _language(said: Mapping[str, Any]) -> str:
    """A code where the server gives one; OpenAI's own service gives an English name instead."""
    given = said.get("language")
    return given if isinstance(given, str) and _CODE.fullmatch(given) else ""


def _duration(said: Mapping[str, Any]) -> float | None:
    given = said.get("duration")
    try:  # vLLM gives a text
        number = _number(float(given) if isinstance(given, str) else given)
    except ValueError:
        return None
    return number if number is not None and number >= 0 else None


def _time(given: Any) -> float:
    number = _number(given)
    if number is None or number < 0:
        raise _wrong("has a segment without times")
    return number


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _refused(name: str) -> float:
    raise ValueError(name)


def _wrong(text: str) -> OperationOutcomeError:
    return OperationOutcomeError("transient", f"the speech server's answer {text}")
