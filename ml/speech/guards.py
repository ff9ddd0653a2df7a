"""What a recogniser may have invented: loops, prompts read aloud, words that nobody had time to say.

Nothing is believed for being probable: loops come with high confidence (SYSTRAN/faster-whisper issue 506),
and about one segment in a hundred holds something that was not said (Koenecke et al., FAccT 2024). What is
suspicious is tried once more without context; what stays so is kept for a person, marked.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ml.speech.engine import Heard
from profiles.speech_records import Word

LOW_CONFIDENCE: Final = "low-confidence"
REPETITION: Final = "repetition"
NO_SPEECH: Final = "no-speech"
DRUG_NAME: Final = "drug-name"

COMPRESSION: Final = 2.4
LOGPROB: Final = -1.0
SILENT: Final = 0.6
"""Thresholds of Whisper's own decoding (Radford et al. 2022, 4.5)."""

TIMES: Final = 4
"""A phrase said so often in a row is a loop; a single word may be said once more ("no, no, no, no")."""

LONGEST_PHRASE: Final = 12
UNSURE_WORD: Final = 0.4
UNSURE_SHARE: Final = 1 / 3
LETTERS_PER_SECOND: Final = 35.0
"""Fast speech has some six words a second, fewer than this in letters."""

_READ_ALOUD_WORDS: Final = 2


def bare(word: str) -> str:
    """A word in small letters without the punctuation around it."""
    return word.strip(" .,;:!?\"'()[]\u2026-").lower()


def loop_at(words: Sequence[str]) -> tuple[int, int, int] | None:
    """The first loop: where it begins, how many words its phrase has and how often it comes.

    Parameters
    ----------
    words : sequence of str
        Bare words.
    """
    for start in range(len(words)):
        for size in range(1, min(LONGEST_PHRASE, (len(words) - start) // 2) + 1):
            phrase = words[start : start + size]
            times = 1
            while words[start + times * size : start + (times + 1) * size] == phrase:
                times += 1
            if times >= TIMES + (size == 1):
                return start, size, times
    return None


def loops(heard: Heard) -> bool:
    """Whether a phrase comes again and again, or the text shrinks like one that does."""
    said = heard.text.encode()
    squeezed = len(said) / max(1, len(zlib.compress(said)))
    return (
        squeezed > COMPRESSION or loop_at([bare(word) for word in heard.text.split()]) is not None
    )


def reads_aloud(heard: Heard, hotwords: str) -> bool:
    """Whether the text is but a stretch of the words that the recogniser was told to expect."""
    said = [bare(word) for word in heard.text.split()]
    told = [bare(word) for word in hotwords.split()]
    if len(said) <= _READ_ALOUD_WORDS:
        return False
    return any(told[at : at + len(said)] == said for at in range(len(told)))


def too_fast(heard: Heard, duration_s: float) -> bool:
    """Whether there are more letters than anybody can say in the time."""
    return len(heard.text) > LETTERS_PER_SECOND * max(duration_s, 0.5)


def is_suspicious(heard: Heard, duration_s: float, hotwords: str) -> bool:
    """Whether a chunk is worth a second try."""
    return (
        loops(heard)
        or reads_aloud(heard, hotwords)
        or too_fast(heard, duration_s)
        or (bool(hotwords) and heard.logprob < LOGPROB)
    )


def better(first: Heard, second: Heard, duration_s: float, hotwords: str) -> Heard:
    """The try that is not suspicious; of two alike, the more probable one."""
    doubts = [is_suspicious(one, duration_s, hotwords) for one in (first, second)]
    if doubts[0] != doubts[1]:
        return second if doubts[0] else first
    return second if second.logprob > first.logprob else first


def without_loops(heard: Heard) -> tuple[Heard, bool]:
    """The text with each loop said once, and whether there was one; a text without words has its own."""
    words = list(heard.words) or [Word(0.0, 0.0, word) for word in heard.text.split()]
    cut = False
    while (loop := loop_at([bare(word.text) for word in words])) is not None:
        start, size, times = loop
        last = words[start + times * size - 1]
        kept = words[start : start + size]
        kept[-1] = replace(kept[-1], end_s=last.end_s)
        words[start : start + times * size] = kept
        cut = True
    if not cut:
        return heard, False
    text = " ".join(word.text for word in words)
    return replace(heard, text=text, words=tuple(words) if heard.words else ()), True


def doubts(heard: Heard, words: Sequence[Word]) -> tuple[str, ...]:
    """Flags of a segment by its chunk and its own words."""
    flags = []
    unsure = [
        word for word in words if word.probability is not None and word.probability < UNSURE_WORD
    ]
    if heard.logprob < LOGPROB or len(unsure) > UNSURE_SHARE * len(words):
        flags.append(LOW_CONFIDENCE)
    if heard.no_speech > SILENT and heard.logprob < LOGPROB:
        flags.append(NO_SPEECH)
    return tuple(flags)


def in_order(words: Sequence[Word]) -> tuple[Word, ...]:
    """Words none of which begins before the one in front of it or ends before it begins."""
    placed: list[Word] = []
    for word in words:
        start = max(word.start_s, placed[-1].start_s if placed else 0.0)
        placed.append(replace(word, start_s=start, end_s=max(start, word.end_s)))
    return tuple(placed)
