"""What an engine elsewhere has answered, looked at with the distrust that our own engine's answers get.

Nothing that was answered is dropped, but a loop is said once, and what may be wrong is marked for a person:
repetitions, names read aloud, more words than the time holds, words where nobody speaks, uncertain ones, and
words that are close to a name of the record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from ml.speech.audio import RATE, Recording
from ml.speech.drug_names import Names
from ml.speech.engine import Heard
from ml.speech.guards import (
    DRUG_NAME,
    LOGPROB,
    LOW_CONFIDENCE,
    NO_SPEECH,
    REPETITION,
    is_suspicious,
    loops,
    reads_aloud,
    too_fast,
    without_loops,
)
from ml.speech.listen import SILENCE
from ml.speech.loudness import Loudness
from ml.speech.recognition import hotwords_of, of_flags
from ml.speech.vad import SpeechSpans
from profiles.speech_records import Segment, SpeechRemark, Transcript

Seconds = tuple[float, float]

SPOKEN: Final = 0.1
"""Share of a segment in which somebody must speak; the times of an engine elsewhere may be a little off."""

NOBODY: Final = SpeechRemark(
    SILENCE, "Nobody speaks in the recording: the speech server was not asked."
)


def speech_in(path: Path) -> tuple[Seconds, ...]:
    """When somebody speaks in a recording.

    Raises
    ------
    OperationOutcomeError
        What opening the recording raises, and ``not-found`` where the detector is not installed.
    """
    spans, loudness = SpeechSpans(), Loudness()
    found = []
    for block in Recording(path).blocks():
        found += list(spans.feed(loudness.levelled(block[0])))
    found += list(spans.finish())
    return tuple((span.start / RATE, span.end / RATE) for span in found)


def text_flags(
    text: str, duration_s: float | None, names: Names, hotwords: str, logprob: float | None = None
) -> tuple[str, ...]:
    """What a text alone gives reason to doubt."""
    heard = Heard(text, (), 0.0 if logprob is None else logprob)
    unsure = heard.logprob < LOGPROB or reads_aloud(heard, hotwords)
    doubts = {
        LOW_CONFIDENCE: unsure or (duration_s is not None and too_fast(heard, duration_s)),
        REPETITION: loops(heard),
        DRUG_NAME: names.among(text.split()),
    }
    return tuple(flag for flag, holds in doubts.items() if holds)


def doubtful(segments: Iterable[Segment], vocabulary: Sequence[str]) -> bool:
    """Whether an answer is worth a second try without names in mind."""
    hotwords = hotwords_of(vocabulary)
    return any(
        is_suspicious(Heard(one.text, ()), _duration(one) or float("inf"), hotwords)
        or REPETITION in one.flags
        or (bool(hotwords) and LOW_CONFIDENCE in one.flags)
        for one in segments
    )


def second_look(
    transcript: Transcript, vocabulary: Sequence[str], spoken: Sequence[Seconds] | None
) -> Transcript:
    """The transcript with its doubts.

    Parameters
    ----------
    transcript : Transcript
    vocabulary : sequence of str
        Names of the record that the engine was told.
    spoken : sequence of (float, float), optional
        When somebody speaks; None where it is not known.
    """
    names, hotwords = Names(vocabulary), hotwords_of(vocabulary)
    segments = tuple(_looked_at(one, names, hotwords, spoken) for one in transcript.segments)
    segments = _without_repeats(segments)
    doubts = tuple(of_flags(segments))
    kinds = {one.kind for one in doubts}
    kept = [one for one in transcript.remarks if one.kind not in kinds]
    return replace(transcript, segments=segments, remarks=(*kept, *doubts))


def _looked_at(
    segment: Segment, names: Names, hotwords: str, spoken: Sequence[Seconds] | None
) -> Segment:
    flags = [*segment.flags, *text_flags(segment.text, _duration(segment), names, hotwords)]
    heard, looped = without_loops(Heard(segment.text, ()))
    if looped:
        flags.append(REPETITION)
        words = without_loops(Heard(segment.text, segment.words))[0].words
        segment = replace(segment, text=heard.text, words=words if segment.words else ())
    if spoken is not None and _is_unspoken(segment, spoken):
        flags.append(NO_SPEECH)
    return replace(segment, flags=tuple(dict.fromkeys(flags)))


def _without_repeats(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Whisper's loops come as segments, too: a third one in a row that says the same is marked."""
    marked = list(segments)
    same = 0
    for at, (before, after) in enumerate(pairwise(segments), 1):
        same = same + 1 if after.text == before.text and len(after.text.split()) > 1 else 0
        if same > 1 and REPETITION not in marked[at].flags:
            marked[at] = replace(marked[at], flags=(*marked[at].flags, REPETITION))
    return tuple(marked)


def _is_unspoken(segment: Segment, spoken: Sequence[Seconds]) -> bool:
    if segment.start_s is None or segment.end_s is None:
        return False
    heard = sum(
        max(0.0, min(end, segment.end_s) - max(start, segment.start_s)) for start, end in spoken
    )
    return heard < SPOKEN * max(segment.end_s - segment.start_s, 0.1)


def _duration(segment: Segment) -> float | None:
    if segment.start_s is None or segment.end_s is None:
        return None
    return segment.end_s - segment.start_s
