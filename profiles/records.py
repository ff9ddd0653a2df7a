"""Facts that cross a room: frozen, without behaviour, JSON on every process border.

Units stand in the names (``_mm``, ``_ml``, ``_s``). Points are (x, y, z) in millimetres of the DICOM
patient coordinate system, LPS: x grows to the patient's left, y to the back, z to the head
(PS3.3 C.7.6.2.1.1). Array axes are always (slice, row, column).
"""

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass
from typing import Any, TypeVar

from terminology.coding import Code

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """What the index keeps of one DICOM instance, as sent: empty text where the sender sent nothing.

    ``dataset_sha256`` covers the data set alone, without preamble and group 0002, so that the same
    object by C-STORE and by DICOMweb has the same digest.
    """

    sop_uid: str
    sop_class: str
    series_uid: str
    study_uid: str
    transfer_syntax: str
    dataset_sha256: str
    modality: str = ""
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""
    issuer_of_accession: str = ""
    study_id: str = ""
    study_date: str = ""
    study_time: str = ""
    timezone_offset: str = ""
    study_description: str = ""
    referring_physician: str = ""
    series_number: str = ""
    series_description: str = ""
    series_date: str = ""
    series_time: str = ""
    body_part: str = ""
    laterality: str = ""
    frame_of_reference_uid: str = ""
    instance_number: str = ""
    image_type: str = ""
    contrast_agent: str = ""
    images_in_acquisition: str = ""
    frames: int = 1
    rows: int = 0
    columns: int = 0
    bits_allocated: int = 0
    samples_per_pixel: int = 1
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """One stored instance as a worker sees it: its header and the part 10 file that holds it."""

    header: InstanceHeader
    path: str


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """One stored series; ``ours`` marks objects that Isthmus itself wrote (SEG, SR)."""

    series_uid: str
    modality: str
    number: str
    description: str
    instances: tuple[InstanceRef, ...]
    ours: bool = False


@dataclass(frozen=True, slots=True)
class StudyRef:
    """One stored study: what a worker is given."""

    study_uid: str
    revision: int
    series: tuple[SeriesRef, ...]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The model version that made a result.

    ``digest`` is SHA-256 over weights, configuration and preprocessing; ``demonstration`` says that
    it was trained on synthetic material only and claims no clinical validity; ``card`` is Markdown.
    """

    name: str
    version: str
    digest: str
    manufacturer: str
    description: str
    card: str
    demonstration: bool
    family: Code


@dataclass(frozen=True, slots=True)
class KeySlice:
    """The source frame on which a finding is shown best; ``frame`` counts from 1."""

    sop_uid: str
    frame: int


@dataclass(frozen=True, slots=True)
class Lesion:
    """One connected finding with its measurements.

    ``score`` is the mean of the model's output over the lesion's voxels, from 0 to 1: a score, not a
    calibrated probability. The axes are the longest in-plane diameter and the longest diameter
    perpendicular to it in the same slice (RECIST 1.1); their end points are in ``long_axis`` and
    ``short_axis``. ``laterality`` is ``left``, ``right``, ``midline`` or empty when not evaluable.
    ``segment`` is the value of the lesion's voxels in the label map, from 1.
    """

    segment: int
    tracking_uid: str
    tracking_id: str
    score: float
    volume_ml: float
    long_axis_mm: float
    short_axis_mm: float
    long_axis: tuple[Point, Point]
    short_axis: tuple[Point, Point]
    centroid: Point
    laterality: str
    key_slice: KeySlice
    outline: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameGeometry:
    """Where one source frame lies: plane of PS3.3 C.7.6.2, spacings as (between rows, between columns)."""

    sop_uid: str
    sop_class: str
    frame: int
    position: Point


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Lesion numbers on the source grid.

    Parameters
    ----------
    frames : tuple of FrameGeometry
        One per slice, in the order of the first array axis (feet to head along the normal).
    orientation : (6,) float
        Image Orientation (Patient): direction of increasing column, then of increasing row.
    row_spacing_mm, column_spacing_mm, slice_spacing_mm : float
        Pixel Spacing (first value, second value) and distance between slices.
    rows, columns : int
        In-plane shape.
    voxels : str
        ``base64(zlib(uint8 array of shape (len(frames), rows, columns), C order))``; 0 is background.
    """

    frames: tuple[FrameGeometry, ...]
    orientation: tuple[float, float, float, float, float, float]
    row_spacing_mm: float
    column_spacing_mm: float
    slice_spacing_mm: float
    rows: int
    columns: int
    frame_of_reference_uid: str
    voxels: str


@dataclass(frozen=True, slots=True)
class KeyImage:
    """A picture for people: PNG (base64) of the key slice with every lesion on it outlined."""

    key_slice: KeySlice
    segments: tuple[int, ...]
    rows: int
    columns: int
    png: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a series was not analysed: a result with a code of ``terminology.refusals``, not a failure."""

    code: str
    text: str
    sop_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesOutcome:
    """What became of one series of the study: ``analysed``, ``refused`` or ``not-analysed``."""

    series_uid: str
    status: str
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class ImagingFindings:
    """Result of one imaging worker on one study.

    ``status`` is ``present``, ``absent``, ``refused`` (the series that would have been analysed is
    not fit for it; ``refusal`` says why) or ``not-analysed`` (no series is this worker's business).
    ``score`` is the highest model output in the volume. ``trace`` holds seconds per stage.
    """

    study_uid: str
    study_revision: int
    status: str
    finding: Code
    body_site: Code
    model: ModelRef
    series: tuple[SeriesOutcome, ...]
    series_uid: str = ""
    score: float | None = None
    lesions: tuple[Lesion, ...] = ()
    refusal: Refusal | None = None
    label_map: LabelMap | None = None
    key_images: tuple[KeyImage, ...] = ()
    notes: tuple[str, ...] = ()
    trace: dict[str, float] = dataclasses.field(default_factory=dict)


R = TypeVar("R")


def to_json(record: Any) -> dict[str, Any]:
    """JSON object of a record; the inverse of ``from_json``."""
    return dataclasses.asdict(record)


def from_json(kind: type[R], value: Any) -> R:
    """Record of a JSON object.

    Raises
    ------
    KeyError, TypeError
        The object does not have the record's shape: both ends are ours, so this is our bug.
    """
    return typing.cast(R, _decode(kind, value))


_PLAIN: typing.Final = frozenset({str, int, float, bool})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Types of a record's fields, resolved once: an index row is decoded for every stored instance."""
    return typing.get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    if kind in _PLAIN:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], item) for name, item in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_decode(arguments[0], item) for item in value)
        return tuple(_decode(part, item) for part, item in zip(arguments, value, strict=True))
    if origin in (types.UnionType, typing.Union):
        inner = [part for part in arguments if part is not types.NoneType]
        return None if value is None else _decode(inner[0], value)
    return value
