"""Stored pixels become values whatever the sender did to them, or are refused."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    EnhancedMRImageStorage,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ml.imaging.pixels import jpeg2000_size, jpeg_size
from ml.imaging.refusal import Refused
from ml.imaging.volume import Volume, build_volume
from tests.make_mr import change, oblique_affine, series_of, voxels, write_series

SHAPE = (8, 40, 36)  # large enough for the resolution levels of JPEG 2000
VALUES = voxels(SHAPE)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A good series."""
    return list(write_series(tmp_path / "series", SHAPE))


def _volume(files: list[Path]) -> Volume:
    return build_volume(series_of(files), max_bytes=1 << 28)


def _refusal(files: list[Path]) -> str:
    with pytest.raises(Refused) as refused:
        _volume(files)
    return refused.value.refusal.code


def _compress(file: Path, syntax: str) -> None:
    dataset = pydicom.dcmread(file)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(file)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_losslessly_compressed_series_equals_the_original(files, syntax):
    """RLE, JPEG 2000 and JPEG-LS decode to the very same values."""
    for file in files:
        _compress(file, syntax)
    assert np.array_equal(VALUES, _volume(files).voxels)


@pytest.mark.peer
@pytest.mark.parametrize("options", [["+e1"], ["+el"]])
def test_jpeg_lossless_of_another_encoder_equals_the_original(files, tmp_path, options):
    """What DCMTK's JPEG lossless encoder wrote decodes to the very same values."""
    encoder = Path("/usr/bin/dcmcjpeg")
    if not encoder.exists():
        pytest.skip("dcmcjpeg is not installed")
    for file in files:
        packed = tmp_path / file.name
        subprocess.run([encoder, *options, file, packed], check=True, capture_output=True)
        shutil.move(packed, file)
    assert np.array_equal(VALUES, _volume(files).voxels)


@pytest.mark.peer
def test_htj2k_of_another_encoder_equals_the_original(files, tmp_path):
    """What OpenJPH's reversible HTJ2K encoder wrote decodes to the very same values."""
    encoder = Path("/usr/bin/ojph_compress")
    if not encoder.exists():
        pytest.skip("ojph_compress is not installed")
    for file in files:
        dataset = pydicom.dcmread(file)
        image, stream = tmp_path / "frame.pgm", tmp_path / "frame.j2c"
        header = f"P5\n{SHAPE[2]} {SHAPE[1]}\n65535\n".encode()
        image.write_bytes(header + dataset.pixel_array.astype(">u2").tobytes())
        command = [encoder, "-i", image, "-o", stream, "-reversible", "true", "-num_decomps", "3"]
        subprocess.run(command, check=True, capture_output=True)
        dataset.PixelData = encapsulate([stream.read_bytes()])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = HTJ2KLossless
        dataset.save_as(file)
    assert np.array_equal(VALUES, _volume(files).voxels)


def test_monochrome1_is_turned_over(files):
    """Where larger stored values are darker, larger results are brighter all the same."""
    for file in files:
        change(file, lambda d: setattr(d, "PhotometricInterpretation", "MONOCHROME1"))
    first = _volume(files).voxels[0]
    assert first[0, 0] > first[-1, -1]


def test_rescale_gives_the_unit_s_values(files):
    """Rescale Slope and Intercept are applied."""

    def rescale(dataset: Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = "2.5", "-1024"

    for file in files:
        change(file, rescale)
    assert np.allclose(VALUES * 2.5 - 1024, _volume(files).voxels)


def test_signed_values_keep_their_sign(files):
    """Pixel Representation 1 with 12 bits stored is read as two's complement of 12 bits."""

    def sign(dataset: Dataset) -> None:
        values = np.arange(SHAPE[1] * SHAPE[2]) - 600
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, 12, 11
        dataset.PixelData = (values & 0xFFF).astype("<u2").tobytes()

    for file in files:
        change(file, sign)
    assert (_volume(files).voxels.min(), _volume(files).voxels.max()) == (-600, 839)


def test_bits_above_high_bit_are_not_part_of_the_value(files):
    """Overlay bits above Bits Stored do not become intensities (16-bit overflow)."""

    def pollute(dataset: Dataset) -> None:
        stored = np.frombuffer(dataset.PixelData, "<u2") & 0x3FFF | 0xC000
        dataset.BitsStored, dataset.HighBit = 14, 13
        dataset.PixelData = stored.astype("<u2").tobytes()

    for file in files:
        change(file, pollute)
    assert np.array_equal(VALUES, _volume(files).voxels)


def test_contradicting_bit_attributes_are_refused(files):
    """More bits stored than allocated is refused as a value range."""
    change(files[3], lambda d: setattr(d, "BitsStored", 20))
    assert _refusal(files) == "value-range"


def test_padding_is_told_apart(files):
    """Pixels of Pixel Padding Value are marked as not valid."""

    def pad(dataset: Dataset) -> None:
        dataset.add_new("PixelPaddingValue", "US", 0)

    for file in files:
        change(file, pad)
    valid = _volume(files).valid
    assert valid is not None
    assert (~valid).sum() == 1


def test_a_stream_that_announces_another_size_is_not_decoded(files):
    """A decompression bomb: the compressed frame says another size than Rows and Columns."""
    _compress(files[0], JPEG2000Lossless)
    dataset = pydicom.dcmread(files[0])
    at = dataset.PixelData.index(b"\xff\x4f\xff\x51") + 8
    bomb = bytearray(dataset.PixelData)
    bomb[at : at + 8] = (60000).to_bytes(4, "big") * 2
    dataset.PixelData = bytes(bomb)
    dataset.save_as(files[0])
    assert _refusal(files) == "pixel-data"


def test_a_broken_stream_is_refused(files):
    """A truncated compressed frame is refused, not half an image."""
    _compress(files[0], JPEGLSLossless)
    change(files[0], lambda d: setattr(d, "PixelData", encapsulate([d.PixelData[20:60]])))
    assert _refusal(files) == "pixel-data"


def test_unknown_transfer_syntax_is_named(files):
    """A syntax without a codec gets its own code."""
    dataset = pydicom.dcmread(files[0])
    dataset.PixelData = encapsulate([b"\x00\x01"])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID("1.2.840.10008.1.2.4.100")
    dataset.save_as(files[0])
    assert _refusal(files) == "transfer-syntax"


def test_enhanced_multi_frame_is_a_volume(files, tmp_path):
    """One Enhanced MR instance with functional groups gives the volume of the single-frame series."""
    enhanced = pydicom.dcmread(files[0])
    enhanced.SOPClassUID = enhanced.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    shared, measures, plane = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = enhanced.PixelSpacing
    plane.ImageOrientationPatient = enhanced.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    enhanced.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for file in reversed(files):
        position, group = Dataset(), Dataset()
        position.ImagePositionPatient = pydicom.dcmread(file).ImagePositionPatient
        group.PlanePositionSequence = [position]
        groups.append(group)
    enhanced.PerFrameFunctionalGroupsSequence = groups
    enhanced.NumberOfFrames = len(files)
    enhanced.PixelData = VALUES[::-1].astype("<u2").tobytes()
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(enhanced, keyword)
    enhanced.save_as(tmp_path / "enhanced.dcm")
    volume = _volume([tmp_path / "enhanced.dcm"])
    assert np.array_equal(VALUES, volume.voxels)
    assert np.allclose(oblique_affine(), volume.affine, atol=1e-4)
    assert [frame.frame for frame in volume.frames] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_announced_sizes_are_read_from_the_streams(files):
    """The size markers of JPEG 2000 and JPEG-LS streams give rows and columns."""
    for syntax, reader, file in (
        (JPEG2000Lossless, jpeg2000_size, files[0]),
        (JPEGLSLossless, jpeg_size, files[1]),
    ):
        _compress(file, syntax)
        dataset = pydicom.dcmread(file)
        stream = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
        assert (SHAPE[1], SHAPE[2]) == reader(stream)
