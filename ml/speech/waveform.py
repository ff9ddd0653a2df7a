"""Audio that a DICOM object holds: Basic Voice and General Audio Waveform (PS3.3 A.34.6 and A.34.7).

The samples lie in the first item of the Waveform Sequence (PS3.3 C.10.9), channels interleaved; how they
are coded says Waveform Sample Interpretation (C.10.9.1.5), of which MB and AB are the laws of ITU-T
G.711. They are handed to FFmpeg as what they are: raw samples with a rate.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

BASIC_VOICE: Final = "1.2.840.10008.5.1.4.1.1.9.4.1"
GENERAL_AUDIO: Final = "1.2.840.10008.5.1.4.1.1.9.4.2"
AUDIO_CLASSES: Final = (BASIC_VOICE, GENERAL_AUDIO)

_RAW: Final = {
    "SB": ("s8", 1),
    "UB": ("u8", 1),
    "MB": ("mulaw", 1),
    "AB": ("alaw", 1),
    "SS": ("s16", 2),
    "US": ("u16", 2),
    "SL": ("s32", 4),
    "UL": ("u32", 4),
}
"""Interpretation: FFmpeg's name of the raw samples and their bytes."""

_FASTEST: Final = 768_000.0


@dataclass(frozen=True, slots=True)
class RawAudio:
    """Samples as they are stored.

    Parameters
    ----------
    samples : bytes
    demuxer : str
        FFmpeg's name of what reads them.
    rate : int
        Samples per second.
    channels : int
    announced_s : float
        Duration by the number of samples that the object declares.
    """

    samples: bytes
    demuxer: str
    rate: int
    channels: int
    announced_s: float


def read_waveform(path: Path) -> RawAudio:
    """The samples of an audio waveform object.

    Parameters
    ----------
    path : Path
        DICOM file (PS3.10).

    Returns
    -------
    RawAudio

    Raises
    ------
    OperationOutcomeError
        ``media-type`` for an object that is no audio, ``structure`` for one whose waveform is not whole.
    """
    from pydicom import dcmread

    try:
        dataset = dcmread(path)
        kind = str(dataset.get("SOPClassUID", ""))
        raw = _raw(dataset) if kind in AUDIO_CLASSES else None
    except Exception as error:  # pydicom raises whatever a damaged element leads to
        text = "The waveform of the DICOM object is damaged or not complete."
        raise OperationOutcomeError("structure", text) from error
    if raw is None:
        raise OperationOutcomeError("media-type", "The DICOM object holds no audio waveform.")
    return raw


def _raw(dataset: Any) -> RawAudio:
    item = dataset.WaveformSequence[0]
    name, size = _RAW[str(item.WaveformSampleInterpretation)]
    rate, channels = float(item.SamplingFrequency), int(item.NumberOfWaveformChannels)
    count = int(item.NumberOfWaveformSamples)
    if not 0 < rate <= _FASTEST or not 0 < channels <= 8 or count <= 0:
        raise ValueError
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    order = "" if size == 1 else "le" if little else "be"
    samples = bytes(item.WaveformData)[: count * channels * size]
    return RawAudio(samples, f"{name}{order}", round(rate), channels, count / rate)
