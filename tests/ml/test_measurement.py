"""Lesions are measured where they are: right side, right size, in every orientation."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ml.imaging.keyimage import key_images
from ml.imaging.lesions import connected_lesions, measure_lesions
from ml.imaging.midline import midline_x_mm
from ml.imaging.outline import outline_of
from ml.imaging.phantom import GEOMETRIES, Anatomy, acquire
from ml.imaging.phantom_study import study_ref, write_phantom_study
from ml.imaging.volume import Volume, build_volume


def _left_seed() -> int:
    """A head with one lesion, on the left."""
    return next(
        seed
        for seed in range(200, 260)
        if len(Anatomy(seed, 1).lesions) == 1
        and Anatomy(seed, 1).truth(np.array([0, 0, 1.0]))[0].laterality == "left"
    )


def _measured(volume: Volume, mask: np.ndarray):
    labels = connected_lesions(mask, volume.voxel_ml)
    lesions = measure_lesions(
        labels,
        mask.astype(np.float32),
        volume,
        study_uid="1.2.3",
        model_name="truth",
        midline_x_mm=midline_x_mm(volume),
    )
    return labels, lesions


@pytest.fixture(scope="module")
def left_seed() -> int:
    """Seed of the head."""
    return _left_seed()


@pytest.mark.parametrize("name", sorted(GEOMETRIES))
def test_a_left_lesion_is_left_in_every_orientation(left_seed, name):
    """Side, centroid, volume and long axis of the one lesion agree with the analytic truth."""
    phantom = acquire(Anatomy(left_seed, 1), GEOMETRIES[name])
    volume = _as_volume(phantom)
    _, lesions = _measured(volume, phantom.labels > 0)
    (lesion,), (truth,) = lesions, phantom.lesions
    assert "left" == truth.laterality == lesion.laterality
    assert np.linalg.norm(np.subtract(truth.centroid, lesion.centroid)) < 3.0
    assert truth.volume_ml == pytest.approx(lesion.volume_ml, rel=0.10)
    assert truth.long_axis_mm == pytest.approx(lesion.long_axis_mm, abs=3.0)


@pytest.mark.parametrize("name", ["sagittal", "reversed"])
def test_sides_survive_the_way_through_dicom_files(tmp_path, name):
    """Written as DICOM and built again, bright voxels lie where the phantom has them."""
    study = write_phantom_study(tmp_path, seed=3, geometry=GEOMETRIES[name])
    volume = build_volume(study_ref(study).series[0], max_bytes=1 << 28)
    from ml.imaging.phantom import demo_phantom

    phantom = demo_phantom(3, GEOMETRIES[name])
    order = np.argsort([frame.position @ volume.affine[:3, 0] for frame in _positions(volume)])
    assert list(range(len(order))) == order.tolist()
    turned = phantom.labels[::-1] if GEOMETRIES[name].reverse else phantom.labels
    _, lesions = _measured(volume, turned > 0)
    assert [t.laterality for t in study.lesions] == [lesion.laterality for lesion in lesions]


class _Position:
    def __init__(self, position) -> None:
        self.position = np.array(position)


def _positions(volume: Volume) -> list[_Position]:
    return [_Position(frame.position) for frame in volume.frames]


def _as_volume(phantom) -> Volume:
    from profiles.records import FrameGeometry

    affine = phantom.affine
    frames = tuple(
        FrameGeometry(
            f"1.2.{n}", "1.2.840.10008.5.1.4.1.1.4", 1, tuple(affine[:3, 3] + n * affine[:3, 0])
        )
        for n in range(len(phantom.voxels))
    )
    between, row, column = phantom.spacing
    return Volume(
        voxels=phantom.voxels.astype(np.float32),
        valid=None,
        frames=frames,
        orientation=(1, 0, 0, 0, 1, 0),
        row_spacing_mm=row,
        column_spacing_mm=column,
        slice_spacing_mm=between,
        frame_of_reference_uid="1.2.3",
        series_uid="1.2.4",
        modality="MR",
        affine=affine,
    )


def test_largest_lesion_is_number_one_and_specks_are_dropped():
    """Components are numbered by size; what is too small is noise."""
    mask = np.zeros((6, 20, 20), bool)
    mask[1:5, 2:10, 2:10] = True
    mask[2:4, 14:18, 14:18] = True
    mask[0, 0, 0] = True
    labels = connected_lesions(mask, 0.002)
    assert (labels.max(), labels[2, 5, 5], labels[2, 15, 15], labels[0, 0, 0]) == (2, 1, 2, 0)


def test_axes_of_a_block_are_its_diagonal_and_what_crosses_it(left_seed):
    """A block of 6 x 8 pixels of 1 mm has a long axis of 10 mm; both axes lie in one slice."""
    phantom = acquire(Anatomy(left_seed, 1), GEOMETRIES["axial"], measure=False)
    volume = _as_volume(phantom)
    mask = np.zeros(phantom.voxels.shape, bool)
    mask[10:13, 50:56, 60:68] = True
    _, (lesion,) = _measured(volume, mask)
    assert lesion.long_axis_mm == pytest.approx(10.0, abs=0.1)
    assert 0 < lesion.short_axis_mm <= lesion.long_axis_mm
    assert lesion.volume_ml == pytest.approx(3 * 6 * 8 * 3 / 1000)


def test_outline_runs_around_the_voxels():
    """The outline of a rectangle has its four corners; of nothing, none."""
    plane = np.zeros((8, 8), bool)
    plane[2:5, 3:7] = True
    assert {(1.5, 2.5), (1.5, 6.5), (4.5, 6.5), (4.5, 2.5)} == {tuple(p) for p in outline_of(plane)}
    assert len(outline_of(np.zeros((4, 4), bool))) == 0


def test_key_image_is_a_picture_with_its_warning(left_seed):
    """The PNG opens, has the announced size, shows the outline's colour and names every lesion on it."""
    phantom = acquire(Anatomy(left_seed, 1), GEOMETRIES["axial"])
    volume = _as_volume(phantom)
    labels, lesions = _measured(volume, phantom.labels > 0)
    (image,) = key_images(volume, labels, lesions)
    picture = Image.open(BytesIO(base64.b64decode(image.png)))
    assert (image.columns, image.rows) == picture.size
    assert (255, 212, 0) in {colour for _, colour in picture.getcolors(1 << 20)}
    assert (lesions[0].segment,) == image.segments
