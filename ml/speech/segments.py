"""Words of a chunk as segments: what is said without a break, with its times in the recording."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ml.speech.chunks import Chunk
from ml.speech.drug_names import Names
from ml.speech.engine import Heard
from ml.speech.guards import DRUG_NAME, REPETITION, doubts, in_order
from profiles.speech_records import Segment, Word

BREAK_S: Final = 0.8
"""A pause between two words that ends a segment."""

LONGEST_S: Final = 20.0
_ENDS: Final = (".", "?", "!", "\u3002", "\uff1f", "\uff01")


def segments_of(chunk: Chunk, heard: Heard, names: Names, *, looped: bool) -> Iterator[Segment]:
    """Segments of a chunk, numbered later.

    Parameters
    ----------
    chunk : Chunk
    heard : Heard
    names : Names
        Names of the patient's record.
    looped : bool
        Whether a loop was cut out of it.

    Yields
    ------
    Segment
        In order, with flags, without a role.
    """
    words = in_order([_recorded(chunk, word) for word in heard.words])
    if not words and heard.text:
        yield _untimed(chunk, heard, _flags(heard, (), heard.text.split(), names, looped))
    for part in _parts(words):
        text = " ".join(word.text for word in part)
        flags = _flags(heard, part, text.split(), names, looped)
        # Of an engine that times sentences only, each stands in the place of a word, and is none.
        words_of = tuple(word for word in part if " " not in word.text)
        yield Segment(
            0, part[0].start_s, part[-1].end_s, text, words_of, chunk.channel, flags=flags
        )


def _flags(
    heard: Heard, words: Sequence[Word], said: Sequence[str], names: Names, looped: bool
) -> tuple[str, ...]:
    flags = doubts(heard, words)
    if looped:
        flags = (*flags, REPETITION)
    return (*flags, DRUG_NAME) if names.among(said) else flags


def _untimed(chunk: Chunk, heard: Heard, flags: tuple[str, ...]) -> Segment:
    """The whole chunk, where the recogniser could not say when its words were said."""
    start, end = chunk.recorded(0, 0), chunk.recorded(chunk.duration_s, len(chunk.spans) - 1)
    return Segment(0, start, end, heard.text, (), chunk.channel, flags=flags)


def _recorded(chunk: Chunk, word: Word) -> Word:
    """A word with its times in the recording; both ends in the span that holds its middle."""
    number = chunk.span_at((word.start_s + word.end_s) / 2)
    start = chunk.recorded(word.start_s, number)
    return replace(word, start_s=start, end_s=max(start, chunk.recorded(word.end_s, number)))


def _parts(words: Sequence[Word]) -> Iterator[list[Word]]:
    part: list[Word] = []
    for word in words:
        if part and _breaks(part, word):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _breaks(part: Sequence[Word], word: Word) -> bool:
    last = part[-1]
    return (
        word.start_s - last.end_s >= BREAK_S
        or last.text.endswith(_ENDS)
        or word.end_s - part[0].start_s > LONGEST_S
    )
