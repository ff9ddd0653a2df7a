"""Waveform objects with the samples that a test wants."""

from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from ml.speech.waveform import GENERAL_AUDIO
from profiles.uids import derived_uid


def write_waveform(
    path: Path,
    samples: bytes,
    *,
    interpretation: str = "SS",
    channels: int = 1,
    rate: int = 8000,
    sop: str = GENERAL_AUDIO,
    little: bool = True,
    study: str = "audio",
) -> Path:
    """A waveform object with these bytes; its identifiers follow from the names of file and study."""
    item = Dataset()
    item.NumberOfWaveformChannels = channels
    item.WaveformSampleInterpretation = interpretation
    bits = {"SS": 16}.get(interpretation, 8)
    item.NumberOfWaveformSamples = len(samples) * 8 // bits // channels
    item.SamplingFrequency = rate
    item.WaveformBitsAllocated = bits
    item.add_new("WaveformData", "OB" if bits == 8 else "OW", samples)
    dataset = Dataset()
    dataset.SOPClassUID = sop
    dataset.SOPInstanceUID = derived_uid("waveform", study, path.name)
    dataset.StudyInstanceUID = derived_uid("waveform-study", study)
    dataset.SeriesInstanceUID = derived_uid("waveform-series", study)
    dataset.PatientID, dataset.PatientName = f"P-{study}", "Test^Audio"
    dataset.Modality = "AU"
    dataset.StudyDate, dataset.StudyTime = "20260302", "090000"
    dataset.WaveformSequence = Sequence([item])
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.save_as(path, enforce_file_format=True)
    return path
