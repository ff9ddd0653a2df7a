"""The strict volume builder: exact geometry, or a refusal that says why."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement

from ml.imaging.mr_series import write_mr_series
from ml.imaging.refusal import Refused
from ml.imaging.volume import build_volume
from profiles.records import InstanceHeader, InstanceRef, SeriesRef
from tests.make_mr import FACTS, SHAPE, change, oblique_affine, series_of, voxels, write_series

MEMORY = 1 << 28


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A good series."""
    return list(write_series(tmp_path / "series"))


def _refusal(files: list[Path], max_bytes: int = MEMORY) -> str:
    with pytest.raises(Refused) as refused:
        build_volume(series_of(files), max_bytes=max_bytes)
    return refused.value.refusal.code


def test_good_series_is_exact(files):
    """Values, affine and spacing come out as they were written."""
    volume = build_volume(series_of(files), max_bytes=MEMORY)
    assert np.array_equal(voxels(), volume.voxels)
    assert np.allclose(oblique_affine(), volume.affine, atol=1e-4)
    assert volume.spacing_mm == pytest.approx((3.0, 1.5, 1.25), abs=1e-4)


def test_file_order_and_instance_number_are_no_order(files):
    """Shuffled files with shuffled Instance Numbers give the same volume."""
    for number, file in enumerate(files):
        change(file, lambda d, n=number: setattr(d, "InstanceNumber", (n * 5) % len(files)))
    volume = build_volume(series_of(files[::-2] + files[-2::-2]), max_bytes=MEMORY)
    assert np.array_equal(voxels(), volume.voxels)


def test_absent_instance_numbers_lose_no_slice(files):
    """Half of the instances without Instance Number: every slice is there."""
    for file in files[::2]:
        change(file, lambda d: d.__delattr__("InstanceNumber"))
    assert build_volume(series_of(files), max_bytes=MEMORY).voxels.shape == SHAPE


@pytest.mark.filterwarnings("ignore:Value length")
@pytest.mark.filterwarnings("ignore:A value of type")
@pytest.mark.filterwarnings("ignore:Values for elements")
def test_decimals_longer_than_sixteen_characters_are_read(files):
    """A DS that breaks its length limit is common, and its number counts (imaging traps)."""

    def lengthen(dataset: pydicom.Dataset) -> None:
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
            text = [f"{float(value):.17f}" for value in dataset[keyword].value]
            element = DataElement(
                dataset[keyword].tag, "DS", text, validation_mode=pydicom.config.IGNORE
            )
            dataset[keyword] = element

    for file in files:
        change(file, lengthen)
    volume = build_volume(series_of(files), max_bytes=MEMORY)
    assert np.allclose(oblique_affine(), volume.affine, atol=1e-4)


def test_blank_sop_class_is_no_obstacle(files):
    """An empty SOPClassUID in the data set says nothing about geometry."""
    for file in files:
        change(file, lambda d: setattr(d, "SOPClassUID", ""))
    assert build_volume(series_of(files), max_bytes=MEMORY).voxels.shape == SHAPE


def _moved(millimetres: tuple[float, float, float]):
    def edit(dataset: pydicom.Dataset) -> None:
        position = [
            float(v) + d for v, d in zip(dataset.ImagePositionPatient, millimetres, strict=True)
        ]
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in position]

    return edit


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("mixed-spacing", lambda d: setattr(d, "PixelSpacing", [1.6, 1.25])),
        ("mixed-orientation", lambda d: setattr(d, "ImageOrientationPatient", [1, 0, 0, 0, 1, 0])),
        ("mixed-frames-of-reference", lambda d: setattr(d, "FrameOfReferenceUID", "1.2.3.99")),
        ("missing-geometry", lambda d: d.__delattr__("ImagePositionPatient")),
        ("missing-geometry", lambda d: setattr(d, "ImageOrientationPatient", [0, 0, 0, 0, 0, 0])),
        ("missing-geometry", lambda d: setattr(d, "PixelSpacing", [0, 1.25])),
        ("gap", _moved(tuple(oblique_affine()[:3, 0] / 3 * 1.0))),
        ("duplicate-position", _moved(tuple(-oblique_affine()[:3, 0]))),
        ("tilt", _moved(tuple(oblique_affine()[:3, 1]))),
        ("not-grayscale", lambda d: setattr(d, "SamplesPerPixel", 3)),
        ("not-grayscale", lambda d: setattr(d, "PhotometricInterpretation", "PALETTE COLOR")),
        ("pixel-data", lambda d: d.__delattr__("PixelData")),
        ("pixel-data", lambda d: setattr(d, "PixelData", d.PixelData[:20])),
        ("value-range", lambda d: setattr(d, "RescaleSlope", 0)),
    ],
)
def test_one_odd_slice_refuses_the_series_and_is_named(files, code, edit):
    """The refusal matrix: one slice that does not fit gives its code, never a wrong volume."""
    change(files[4], edit)
    assert code == _refusal(files)


def test_one_slice_of_other_shape_refuses_the_series(files):
    """A slice with other Rows is no slice of this volume."""

    def shrink(dataset: pydicom.Dataset) -> None:
        dataset.Rows = 6
        dataset.PixelData = dataset.PixelData[: 6 * SHAPE[2] * 2]

    change(files[2], shrink)
    assert _refusal(files) == "mixed-shape"


def test_missing_slices_are_a_gap(files):
    """Lost slices are refused: a volume over a gap has confident wrong millilitres."""
    assert _refusal(files[:3] + files[5:]) == "gap"


def test_gantry_tilt_is_refused(tmp_path):
    """Slices that are all sheared by the same step are refused as well."""
    files = list(write_series(tmp_path))
    for number, file in enumerate(files):
        change(file, _moved(tuple(oblique_affine()[:3, 1] * number * 0.2)))
    assert _refusal(files) == "tilt"


def test_too_few_slices_are_no_volume(files):
    """Three slices are refused."""
    assert _refusal(files[:3]) == "too-few-slices"


def test_size_is_bounded_from_the_headers(files):
    """A series that would need more memory than allowed is refused before a pixel is decoded."""
    for file in files:
        change(file, lambda d: d.__delattr__("PixelData"))
    assert _refusal(files, max_bytes=100) == "too-large"


def test_ten_thousand_slices_are_refused_before_a_file_is_opened():
    """The memory bound comes from the index: the files need not even be there."""
    header = InstanceHeader("1.2.3", "", "1.2", "1", "", "", modality="MR", rows=512, columns=512)
    instances = tuple(
        InstanceRef(replace(header, sop_uid=f"1.2.3.{n}"), f"/nowhere/{n}") for n in range(10_000)
    )
    series = SeriesRef("1.2", "MR", "1", "", instances)
    with pytest.raises(Refused) as refused:
        build_volume(series, max_bytes=1 << 30)
    assert refused.value.refusal.code == "too-large"


def test_a_thousand_small_slices_are_a_volume(tmp_path):
    """Many slices alone are no reason to refuse: order and spacing hold over all of them."""
    affine = np.diag([0.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
    files = write_mr_series(np.zeros((1000, 2, 2), np.int16), affine, tmp_path, FACTS)
    volume = build_volume(series_of(files), max_bytes=MEMORY)
    assert (volume.voxels.shape, pytest.approx(volume.slice_spacing_mm)) == ((1000, 2, 2), 0.5)


def test_garbage_is_refused(files):
    """A file that is no DICOM is pixel data that cannot be read."""
    series = series_of(files)
    files[0].write_bytes(b"not a DICOM file at all" * 20)
    with pytest.raises(Refused) as refused:
        build_volume(series, max_bytes=MEMORY)
    assert refused.value.refusal.code == "pixel-data"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    angles=st.tuples(*[st.floats(-math.pi, math.pi)] * 3),
    spacing=st.tuples(*[st.floats(0.4, 6.0)] * 3),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    order=st.permutations(range(5)),
)
def test_every_orientation_maps_voxels_to_where_they_were_written(
    tmp_path_factory, angles, spacing, origin, order
):
    """For any rotation, spacing, origin and order of files the corners are within 0.02 mm of the truth."""
    a, b, c = angles
    turn = (
        np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
        @ np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    )
    affine = np.eye(4)
    # the slice direction is the normal: row direction x column direction
    affine[:3, :3] = turn[:, [2, 1, 0]] * spacing
    affine[:3, 3] = origin
    folder = tmp_path_factory.mktemp("turned")
    files = write_mr_series(np.zeros((5, 3, 4), np.int16), affine, folder, FACTS)
    volume = build_volume(series_of([files[i] for i in order]), max_bytes=MEMORY)
    corners = np.array([(s, r, c) for s in (0, 4) for r in (0, 2) for c in (0, 3)])
    wanted = corners @ affine[:3, :3].T + affine[:3, 3]
    assert np.abs(volume.to_lps(corners) - wanted).max() < 0.02
