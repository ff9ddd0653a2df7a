"""A recording to a transcript: chunks to an engine in batches, its answers guarded and put into segments."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ml.speech.ahead import ahead
from ml.speech.channels import merged
from ml.speech.chunks import Chunk
from ml.speech.drug_names import Names
from ml.speech.engine import Engine, Heard
from ml.speech.guards import (
    DRUG_NAME,
    LOW_CONFIDENCE,
    NO_SPEECH,
    REPETITION,
    better,
    is_suspicious,
    without_loops,
)
from ml.speech.listen import Listening
from ml.speech.segments import segments_of
from ml.worker import Progress
from profiles.speech_records import Segment, SpeechRemark, Transcript, TranscriptionRequest

LANGUAGES: Final = "languages"
CROSSTALK: Final = "crosstalk"
Read = tuple[float, float | None]
"""Seconds that were read, and those that the recording announces."""

HOTWORD_LETTERS: Final = 600
"""Whisper reads at most 224 tokens of context; names in capitals take a token for about three letters."""

_SECOND_LANGUAGE: Final = 0.1
"""Share of the time from which another language is worth a remark; less may be a mistake."""

_TEXTS: Final = {
    LOW_CONFIDENCE: "What was recognised here is uncertain.",
    REPETITION: "The recogniser repeated itself here; the repetition was cut to one.",
    NO_SPEECH: "The recogniser doubts that anything was said here.",
    DRUG_NAME: "A word is close to a name of the record and is another one; it was left as heard.",
}


class Recognition:
    """One transcription; the recording is read while the part before is recognised.

    Parameters
    ----------
    engine : Engine
    given : TranscriptionRequest
    progress : callable
    packed : bool
        Whether the engine is given several spans of speech at once: of one that gives no times, each span
        is a segment.
    """

    def __init__(
        self,
        engine: Engine,
        given: TranscriptionRequest,
        progress: Progress,
        *,
        packed: bool = True,
    ) -> None:
        self._engine = engine
        self._given = given
        self._progress = progress
        self._packed = packed
        self._names = Names(given.vocabulary)
        self._hotwords = hotwords_of(given.vocabulary)
        asked = given.language.partition("-")[0].lower()
        self._language = asked if asked in engine.languages else ""
        self._unknown_language = bool(asked) and not self._language
        self._spoken: Counter[str] = Counter()
        self._segments: list[Segment] = []

    def run(self) -> Transcript:
        """Read, recognise, guard, merge.

        Raises
        ------
        OperationOutcomeError
            As ``Recording`` does.
        """
        read: list[Read] = []
        listening = Listening(
            self._given.audio, lambda *times: read.append(times), packed=self._packed
        )
        chunks = self._only_different(listening)
        for batch, times in ahead(_batches(chunks, self._engine.batch, read)):
            for read_s, announced_s in times:
                self._progress(int(read_s), int(max(read_s, announced_s or 0.0)), "s")
            if batch:
                self._recognise(batch)
        levels = {number: chunker.levels for number, chunker in enumerate(listening.chunkers)}
        segments, doubled = merged(self._segments, levels, listening.own_roles)
        spoken = self._spoken.most_common(1)
        return Transcript(
            self._engine.name,
            self._engine.version,
            spoken[0][0] if spoken else self._language,
            round(listening.recording.damage.decoded_s, 2),
            segments,
            (*listening.remarks(), *self._remarks(doubled), *of_flags(segments)),
            self._engine.digests,
        )

    @staticmethod
    def _only_different(listening: Listening) -> Iterator[Chunk]:
        """Chunks; of channels that hold the same sound so far, those of the first."""
        for chunk in listening.chunks():
            if chunk.channel == 0 or not listening.one_sound:
                yield chunk

    def _recognise(self, chunks: Sequence[Chunk]) -> None:
        answers = self._engine.recognise(
            [chunk.samples for chunk in chunks], self._language, self._hotwords
        )
        for chunk, answer in zip(chunks, answers, strict=True):
            heard, looped = without_loops(self._second_try(chunk, answer))
            if heard.language and heard.text:
                self._spoken[heard.language] += round(chunk.duration_s)
            self._segments += segments_of(chunk, heard, self._names, looped=looped)

    def _second_try(self, chunk: Chunk, heard: Heard) -> Heard:
        """A suspicious answer against one without context, in the language of the first."""
        if not is_suspicious(heard, chunk.duration_s, self._hotwords):
            return heard
        again = self._engine.without_context(chunk.samples, self._language or heard.language)
        return better(heard, again, chunk.duration_s, self._hotwords)

    def _remarks(self, doubled: int) -> Iterator[SpeechRemark]:
        if self._unknown_language:
            text = "The language that was asked for is not one of the speech model's."
            yield SpeechRemark(LANGUAGES, text)
        total = sum(self._spoken.values())
        several = [
            one for one, seconds in self._spoken.items() if seconds > _SECOND_LANGUAGE * total
        ]
        if len(several) > 1:
            names = ", ".join(sorted(several))
            text = (
                f"More than one language is spoken ({names}); each part was recognised in its own."
            )
            yield SpeechRemark(LANGUAGES, text)
        if doubled:
            text = f"{doubled} segments that both microphones heard are kept once, from the nearer one."
            yield SpeechRemark(CROSSTALK, text)


def hotwords_of(vocabulary: Sequence[str]) -> str:
    """The names that fit into a recogniser's context, in their order, each once."""
    chosen: list[str] = []
    for name in dict.fromkeys(name.strip() for name in vocabulary):
        if sum(len(one) + 2 for one in chosen) + len(name) > HOTWORD_LETTERS:
            break
        if name:
            chosen.append(name)
    return ", ".join(chosen)


def _batches(
    chunks: Iterator[Chunk], size: int, read: list[Read]
) -> Iterator[tuple[list[Chunk], list[Read]]]:
    """Chunks for one call of the engine, and what was read until they were complete."""
    batch: list[Chunk] = []
    for chunk in chunks:
        batch.append(chunk)
        if len(batch) == size:
            yield batch, read.copy()
            batch = []
            read.clear()
    yield batch, read


def of_flags(segments: Sequence[Segment]) -> Iterator[SpeechRemark]:
    """One remark for each kind of doubt, with the segments that it is about."""
    for flag, text in _TEXTS.items():
        numbers = tuple(segment.number for segment in segments if flag in segment.flags)
        if numbers:
            yield SpeechRemark(flag, text, numbers)
