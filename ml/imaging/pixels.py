"""Stored pixels of one frame become values: decoded, masked, rescaled, padding told apart.

Native data is viewed in place. Compressed data goes to the permissively licensed decoders behind
pydicom (openjpeg, pyjpegls, gdcm, its own RLE), after the size that the stream itself announces was
held against Rows and Columns: a decompression bomb is refused before anything is decoded.
"""

import struct
import warnings
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from ml.imaging.frames import Frame
from ml.imaging.refusal import Refused

HTJ2K: Final = tuple(f"1.2.840.10008.1.2.4.{last}" for last in (201, 202, 203))
_SOF: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


def decode_frame(frame: Frame) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None]:
    """Values (rows, columns) of a frame, and where it is padding.

    Raises
    ------
    ml.imaging.refusal.Refused
        ``pixel-data``, ``transfer-syntax`` or ``not-grayscale``.
    """
    try:
        stored = _stored(frame)
    except Refused as refused:
        raise Refused(refused.refusal.code, [frame.sop_uid]) from None
    padding = _padding(frame.dataset, stored)
    values = stored.astype(np.float32)
    if (frame.slope, frame.intercept) != (1.0, 0.0):
        values = values * np.float32(frame.slope) + np.float32(frame.intercept)
    if frame.dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        # Larger stored values are darker (PS3.3 C.7.6.3.1.2); models expect larger to be brighter.
        inside = values if padding is None or padding.all() else values[~padding]
        values = np.float32(inside.max() + inside.min()) - values
    return values, padding


def _stored(frame: Frame) -> npt.NDArray[np.integer]:
    dataset = frame.dataset
    if dataset.get("PhotometricInterpretation", "MONOCHROME2") not in (
        "MONOCHROME1",
        "MONOCHROME2",
    ):
        raise Refused("not-grayscale")
    if "PixelData" not in dataset:
        raise Refused("pixel-data")
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        return _decoded(frame)
    return _native(frame)


def _native(frame: Frame) -> npt.NDArray[np.integer]:
    dataset = frame.dataset
    allocated = int(dataset.get("BitsAllocated", 16))
    if allocated not in (8, 16, 32):
        raise Refused("pixel-data")
    size = frame.rows * frame.columns * allocated // 8
    data = memoryview(dataset.PixelData)[(frame.number - 1) * size : frame.number * size]
    if len(data) != size:
        raise Refused("pixel-data")
    order = ">" if not dataset.file_meta.TransferSyntaxUID.is_little_endian else "<"
    raw = np.frombuffer(data, f"{order}u{allocated // 8}").reshape(frame.rows, frame.columns)
    return _masked(dataset, raw, allocated)


def _masked(
    dataset: Dataset, raw: npt.NDArray[np.integer], allocated: int
) -> npt.NDArray[np.integer]:
    """The bits of the value alone: bits above High Bit are not part of it (PS3.5 8.1.1)."""
    stored = int(dataset.get("BitsStored", allocated))
    high = int(dataset.get("HighBit", stored - 1))
    if not 0 < stored <= allocated or not stored - 1 <= high < allocated:
        raise Refused("value-range")
    values = raw.astype(np.int64) >> (high - stored + 1) & (1 << stored) - 1
    if dataset.get("PixelRepresentation", 0) == 1:
        sign = 1 << (stored - 1)
        values = (values ^ sign) - sign
    return values


def _decoded(frame: Frame) -> npt.NDArray[np.integer]:
    dataset = frame.dataset
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
        available = decoder.is_available
    except NotImplementedError:
        raise Refused("transfer-syntax") from None
    if not available:
        raise Refused("transfer-syntax")
    try:
        count = int(dataset.get("NumberOfFrames") or 1)
        stream = get_frame(dataset.PixelData, frame.number - 1, number_of_frames=count)
        _require_announced_size(syntax, stream, frame.rows, frame.columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a decoder's remark on padding is not an event of ours
            pixels, _ = decoder.as_array(dataset, index=frame.number - 1, raw=True)
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - decoders raise whatever a broken stream provokes
        raise Refused("pixel-data") from None
    if pixels.shape != (frame.rows, frame.columns):
        raise Refused("pixel-data")
    return np.asarray(pixels, dtype=np.int64)


def _require_announced_size(syntax: str, stream: bytes, rows: int, columns: int) -> None:
    reader: Callable[[bytes], tuple[int, int] | None]
    if syntax == RLELossless:
        return  # its decoder writes into a buffer of Rows x Columns and stops there
    if syntax in JPEG2000TransferSyntaxes or syntax in HTJ2K:
        reader = jpeg2000_size
    elif syntax in JPEGTransferSyntaxes or syntax in JPEGLSTransferSyntaxes:
        reader = jpeg_size
    else:
        raise Refused("transfer-syntax")
    if reader(stream) != (rows, columns):
        raise Refused("pixel-data")


def jpeg2000_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of the SIZ marker (ISO/IEC 15444-1 A.5.1)."""
    at = stream.find(b"\xff\x4f\xff\x51")
    if at < 0 or len(stream) < at + 24:
        return None
    width, height, left, top = struct.unpack_from(">4I", stream, at + 8)
    return height - top, width - left


def jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of the first start-of-frame marker (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2)."""
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in _SOF:
            rows, columns = struct.unpack_from(">HH", stream, at + 5)
            return rows, columns
        at += 2 + struct.unpack_from(">H", stream, at + 2)[0] if marker != 0xFF else 1
    return None


def _padding(dataset: Dataset, stored: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_] | None:
    """Pixels of Pixel Padding Value, or of its range (PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit", value)
    try:
        low, high = sorted((int(value), int(limit)))
    except (TypeError, ValueError):
        return None
    mask: npt.NDArray[np.bool_] = (stored >= low) & (stored <= high)
    return mask if mask.any() else None
