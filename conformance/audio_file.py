"""Recordings in every format that is read, written piece by piece."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from ml.speech.audio import RATE, Samples

FORMATS: Final = {
    "wav": ("pcm_s16le", "wav"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "ogg": ("libopus", "ogg"),
    "m4a": ("aac", "ipod"),
    "webm": ("libopus", "webm"),
}
"""By file name extension: encoder and FFmpeg's name of the container."""

_FRAME: Final = 4096


class AudioFile:
    """A file that is being written.

    Parameters
    ----------
    path : Path
        Its extension decides the format.
    channels : int
        One or two.
    rate : int
        Samples per second in the file; what is written has 16 kHz.
    """

    def __init__(self, path: Path, channels: int = 1, rate: int = RATE) -> None:
        import av
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler

        codec, container = FORMATS[path.suffix[1:]]
        self._layout = "stereo" if channels == 2 else "mono"
        file: Any = av.open(str(path), "w", format=container)
        self._file, self._stream = file, file.add_stream(codec, rate=rate, layout=self._layout)
        self._resampler: Any = AudioResampler(
            format=self._stream.format.name, layout=self._layout, rate=rate
        )
        self._queue: Any = AudioFifo()
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resample(None)
        self._encode(whole=False)
        self._file.mux(self._stream.encode(None))
        self._file.close()

    def write(self, *channels: Samples) -> None:
        """Add samples of each channel."""
        from av.audio.frame import AudioFrame

        frame = AudioFrame.from_ndarray(np.stack(channels), format="fltp", layout=self._layout)
        frame.sample_rate = RATE
        self._resample(frame)
        self._encode(whole=True)

    def _resample(self, frame: Any) -> None:
        for piece in self._resampler.resample(frame):
            piece.pts = None
            self._queue.write(piece)

    def _encode(self, *, whole: bool) -> None:
        """Encode what is waiting; but for the end, in frames of the encoder's own size."""
        size = self._stream.codec_context.frame_size or _FRAME
        while piece := self._queue.read(size) or (None if whole else self._queue.read()):
            piece.pts, self._at = self._at, self._at + piece.samples
            self._file.mux(self._stream.encode(piece))


def write_audio(path: Path, *channels: Samples, rate: int = 48_000) -> Path:
    """Write one or two channels at once; the path."""
    with AudioFile(path, len(channels), rate) as file:
        file.write(*channels)
    return path
