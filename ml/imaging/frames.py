"""Frames of a series with their plane: single-frame and Enhanced multi-frame alike (PS3.3 C.7.6.16)."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from ml.imaging.refusal import Refused
from profiles.records import Point, SeriesRef


@dataclass(frozen=True)
class Frame:
    """One frame: where it lies and how its stored values become values.

    ``number`` counts from 1; ``spacing`` is (between rows, between columns) in millimetres;
    ``dataset`` is shared by the frames of one instance.
    """

    sop_uid: str
    sop_class: str
    number: int
    rows: int
    columns: int
    position: Point
    orientation: tuple[float, float, float, float, float, float]
    spacing: tuple[float, float]
    slope: float
    intercept: float
    frame_of_reference_uid: str
    dataset: Dataset


def read_frames(series: SeriesRef) -> list[Frame]:
    """Every frame of a series.

    Raises
    ------
    ml.imaging.refusal.Refused
        When an instance cannot be read, is no grayscale image, or lacks geometry.
    """
    found = [f for instance in series.instances for f in _frames(_read(instance.path))]
    if not found:
        raise Refused("no-images")
    return found


def _read(path: str) -> Dataset:
    try:
        return pydicom.dcmread(path)
    except (InvalidDicomError, OSError, EOFError, ValueError):
        raise Refused("pixel-data") from None


def _frames(dataset: Dataset) -> Iterator[Frame]:
    sop_uid = str(dataset.get("SOPInstanceUID", ""))
    if "Rows" not in dataset or "Columns" not in dataset:
        raise Refused("not-a-volume", [sop_uid])
    if dataset.get("SamplesPerPixel", 1) != 1:
        raise Refused("not-grayscale", [sop_uid])
    count = _frame_count(dataset)
    if count > 1 and "PerFrameFunctionalGroupsSequence" not in dataset:
        raise Refused("missing-geometry", [sop_uid])
    for number in range(1, count + 1):
        yield _frame(dataset, sop_uid, number)


def _frame_count(dataset: Dataset) -> int:
    try:
        return int(dataset.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        raise Refused("missing-geometry", [str(dataset.get("SOPInstanceUID", ""))]) from None


def _frame(dataset: Dataset, sop_uid: str, number: int) -> Frame:
    if "PerFrameFunctionalGroupsSequence" in dataset:
        value = _functional_groups(dataset, number)
    else:
        value = dataset.get
    try:
        position = _numbers(value("ImagePositionPatient"), 3)
        orientation = _numbers(value("ImageOrientationPatient"), 6)
        spacing = _numbers(value("PixelSpacing"), 2)
        slope, intercept = value("RescaleSlope"), value("RescaleIntercept")
        frame = Frame(
            sop_uid=sop_uid,
            sop_class=str(dataset.get("SOPClassUID", "")),
            number=number,
            rows=int(dataset.Rows),
            columns=int(dataset.Columns),
            position=(position[0], position[1], position[2]),
            orientation=_unit(orientation),
            spacing=(spacing[0], spacing[1]),
            slope=1.0 if slope is None else float(slope),
            intercept=0.0 if intercept is None else float(intercept),
            frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "")),
            dataset=dataset,
        )
    except (TypeError, ValueError, IndexError, AttributeError):
        raise Refused("missing-geometry", [sop_uid]) from None
    if min(frame.spacing) <= 0 or frame.rows < 1 or frame.columns < 1:
        raise Refused("missing-geometry", [sop_uid])
    if not (math.isfinite(frame.slope) and math.isfinite(frame.intercept)) or frame.slope == 0:
        raise Refused("value-range", [sop_uid])
    return frame


def _functional_groups(dataset: Dataset, number: int) -> Callable[[str], Any]:
    """Look-up of an attribute in a frame's own groups, then in the shared ones."""
    own = dataset.PerFrameFunctionalGroupsSequence[number - 1]
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]

    def value(keyword: str) -> Any:
        for groups in (own, shared):
            for element in groups:
                if element.VR == "SQ" and len(element.value) and keyword in element.value[0]:
                    return element.value[0].get(keyword)
        return None

    return value


def _numbers(value: Any, length: int) -> list[float]:
    # A DS longer than 16 characters breaks PS3.5 6.2 and is common: its number is read all the same.
    numbers = [float(part) for part in value]
    if len(numbers) != length or not all(map(math.isfinite, numbers)):
        raise ValueError("not the numbers that the attribute holds")
    return numbers


def _unit(orientation: list[float]) -> tuple[float, float, float, float, float, float]:
    row, column = orientation[:3], orientation[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    dot = sum(a * b for a, b in zip(row, column, strict=True))
    if min(lengths) < 0.99 or max(lengths) > 1.01 or abs(dot) > 0.01:
        raise ValueError("the direction cosines are not two perpendicular unit vectors")
    r = [value / lengths[0] for value in row]
    c = [value / lengths[1] for value in column]
    return (r[0], r[1], r[2], c[0], c[1], c[2])
