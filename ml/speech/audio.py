"""A recording as blocks of 16 kHz samples, one row for each channel that counts, in bounded memory.

Decoded and resampled by FFmpeg's libraries (PyAV). Nothing is held but the block at hand, so that a
recording of three hours costs what one of three seconds does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.speech.container import (
    DICOM,
    Container,
    container_of,
    declared_otherwise,
    ended_early,
)
from ml.speech.waveform import RawAudio, read_waveform
from profiles.outcome import OperationOutcomeError

RATE: Final = 16_000
"""Samples per second that Whisper and Silero take."""

BLOCK: Final = RATE
LONGEST_S: Final = 4 * 3600
"""A visit is shorter; what is longer is cut by whoever sends it."""

_MISSING_S: Final = 1.0
"""Decoders drop or add up to some frames at the ends; more than this is missing."""

_LAYOUTS: Final = ("mono", "stereo")
_CANCELLED: Final = 0.1
"""A mix with less than this share of its channels' energy is a pair of opposite polarity."""

Samples = NDArray[np.float32]


@dataclass(slots=True)
class Damage:
    """What was noticed while decoding.

    Parameters
    ----------
    packets : int
        Packets that could not be decoded and were left out.
    decoded_s : float
        What came out.
    ended_early : bool
        The file ends before what it announces.
    channels : int
        As many as the file has.
    """

    packets: int = 0
    decoded_s: float = 0.0
    ended_early: bool = False
    channels: int = 0


class Recording:
    """An audio file that is read once, from its beginning to its end.

    Parameters
    ----------
    path : Path
    content_type : str
        As declared; the bytes decide.
    channels : int
        Channels to keep apart; a file with another number of them is mixed to one.
    longest_s : float

    Raises
    ------
    OperationOutcomeError
        ``media-type`` for what is no audio, ``structure`` for what cannot be opened, ``too-costly`` for
        what announces more than ``longest_s``.
    """

    def __init__(
        self,
        path: Path,
        content_type: str = "",
        *,
        channels: int = 1,
        longest_s: float = LONGEST_S,
    ) -> None:
        self.container: Container = container_of(path)
        self.declared_otherwise = declared_otherwise(self.container, content_type)
        self.damage = Damage()
        self._path = path
        self._longest_s = longest_s
        self._raw = read_waveform(path) if self.container is DICOM else None
        with self._opened() as file:
            stream = _audio_stream(file)
            self.announced_s = self._raw.announced_s if self._raw else _announced(file, stream)
            self.damage.channels = stream.channels
            self.channels = channels if channels == stream.channels else 1
        if (self.announced_s or 0.0) > longest_s:
            raise _too_long(longest_s)

    def blocks(self) -> Iterator[Samples]:
        """Every second as an array of (channels, samples), the last one shorter.

        Raises
        ------
        OperationOutcomeError
            ``structure`` when nothing can be decoded, ``too-costly`` past the longest duration.
        """
        total = 0
        waiting: list[Samples] = []
        held = 0
        for piece in self._pieces():
            total += piece.shape[1]
            if total > self._longest_s * RATE:
                raise _too_long(self._longest_s)
            waiting.append(piece)
            held += piece.shape[1]
            if held >= BLOCK:
                joined = np.concatenate(waiting, axis=1)
                whole = held - held % BLOCK
                for at in range(0, whole, BLOCK):
                    yield joined[:, at : at + BLOCK]
                waiting, held = [joined[:, whole:].copy()], held - whole
        if held:
            yield np.concatenate(waiting, axis=1)
        self._finish(total)

    def _opened(self) -> Any:
        if self._raw is not None:
            return _opened_raw(self._raw)
        return _opened(self._path, self.container)

    def _finish(self, total: int) -> None:
        self.damage.decoded_s = total / RATE
        if not total:
            text = "There is no sound in the recording, or none of it can be decoded."
            raise OperationOutcomeError("structure", text)
        announced = self.announced_s or 0.0
        missing = announced - self.damage.decoded_s > _MISSING_S
        self.damage.ended_early = missing or ended_early(self.container, self._path)

    def _pieces(self) -> Iterator[Samples]:
        """What each decoded frame becomes."""
        with self._opened() as file:
            resampler: Any = None
            for frame in self._frames(file, _audio_stream(file)):
                shape = (frame.sample_rate, frame.layout.name, frame.format.name)
                if resampler is None or resampler[0] != shape:
                    # A chained stream or a codec that finds out its rate late changes midway.
                    yield from self._resampled(resampler, None)
                    resampler = (shape, _resampler(frame))
                yield from self._resampled(resampler, frame)
            yield from self._resampled(resampler, None)

    def _resampled(self, resampler: Any, frame: Any) -> Iterator[Samples]:
        if resampler is None:
            return
        for out in resampler[1].resample(frame):
            samples: Samples = out.to_ndarray()
            yield samples if samples.shape[0] == self.channels else mixed(samples)

    def _frames(self, file: Any, stream: Any) -> Iterator[Any]:
        """Decoded frames without their times; packets that are broken are counted and left out."""
        from av.error import FFmpegError

        packets = file.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError:
                self.damage.ended_early = True
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                self.damage.packets += 1
                continue
            for frame in frames:
                frame.pts = None
                yield frame


def mixed(samples: Samples) -> Samples:
    """One row for several; of a pair in opposite polarity, which would cancel out, the louder one."""
    mix: Samples = samples.mean(axis=0, keepdims=True, dtype=np.float32)
    energy = np.square(samples).mean(axis=1)
    if float(np.square(mix).mean()) >= _CANCELLED * float(energy.mean()):
        return mix
    loudest = int(energy.argmax())
    return samples[loudest : loudest + 1]


def _opened(path: Path, container: Container) -> Any:
    import av
    from av.error import FFmpegError

    try:
        return av.open(str(path), format=container.demuxer, metadata_errors="ignore")
    except (FFmpegError, ValueError) as error:
        text = (
            f"The bytes begin as {container.name} and cannot be opened as such: broken or cut off."
        )
        raise OperationOutcomeError("structure", text) from error


def _opened_raw(raw: RawAudio) -> Any:
    import av

    options = {"sample_rate": str(raw.rate), "ch_layout": f"{raw.channels}c"}
    if raw.channels <= len(_LAYOUTS):
        options["ch_layout"] = _LAYOUTS[raw.channels - 1]
    return av.open(BytesIO(raw.samples), format=raw.demuxer, options=options)


def _audio_stream(file: Any) -> Any:
    if not file.streams.audio or not file.streams.audio[0].codec_context.sample_rate:
        raise OperationOutcomeError(
            "media-type", "The file has no sound track that can be decoded."
        )
    return file.streams.audio[0]


def _announced(file: Any, stream: Any) -> float | None:
    """Duration by the container, in seconds; None where it says none (a stream that was recorded live)."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return file.duration / 1_000_000 if file.duration else None


def _resampler(frame: Any) -> Any:
    from av.audio.resampler import AudioResampler

    return AudioResampler(format="fltp", layout=frame.layout, rate=RATE)


def _too_long(longest_s: float) -> OperationOutcomeError:
    text = f"The recording is longer than {longest_s / 3600:g} hours: cut it into several."
    return OperationOutcomeError("too-costly", text)
