"""From a volume to scores on its own grid."""

import numpy as np
import pytest
import torch

from ml.imaging import infer
from ml.imaging.phantom import OBLIQUE, demo_phantom
from ml.imaging.precision import compare
from ml.imaging.preprocess import Prepared
from profiles.outcome import OperationOutcomeError


@pytest.fixture(scope="module")
def phantom():
    """One scanned head."""
    return demo_phantom(3, OBLIQUE)


def _quiet(*_: object) -> None:
    """No progress."""


def test_windows_and_whole_volume_say_the_same(shipped, phantom, monkeypatch):
    """Forced into overlapping windows, the mask is nearly the one of the whole volume."""
    model = shipped[0].model
    whole = infer.segment(model, phantom.voxels, phantom.affine, _quiet)
    monkeypatch.setattr(infer, "WHOLE_LIMIT", 0)
    tiled = infer.segment(model, phantom.voxels, phantom.affine, _quiet)
    assert (whole.tiled, tiled.tiled) == (False, True)
    overlap = 2 * (whole.mask & tiled.mask).sum() / (whole.mask.sum() + tiled.mask.sum())
    assert overlap > 0.98


def test_inverse_mapping_is_exact_on_the_same_grid():
    """With network grid and source grid equal, mask and scores are those of the logits."""
    logits = torch.linspace(-4, 4, 5 * 6 * 7).reshape(5, 6, 7)
    affine = np.eye(4)
    prepared = Prepared(logits[None], affine)
    mask, scores = infer.map_back(logits, prepared, affine, (5, 6, 7), 0.5)
    assert np.array_equal((logits >= 0).numpy().astype(np.uint8), mask)
    inside = mask > 0
    assert np.allclose(torch.sigmoid(logits).numpy()[inside], scores[inside], atol=1e-4)


def test_turned_grid_is_mapped_back_to_its_place():
    """A blob in patient space is found at the same place on a grid with other axes."""
    logits = torch.full((20, 20, 20), -9.0)
    logits[5:9, 10:14, 3:7] = 9.0
    prepared = Prepared(logits[None], np.eye(4))
    source = np.eye(4)[:, [2, 1, 0, 3]]  # slice along x, column along z
    mask, _ = infer.map_back(logits, prepared, source, (20, 20, 20), 0.5)
    assert np.argwhere(mask).mean(0) == pytest.approx((4.5, 11.5, 6.5), abs=0.1)


def test_memory_is_bounded_before_anything_is_allocated(shipped):
    """A volume beyond the limit is refused from its shape and affine."""
    shape = (4000, 2048, 2048)
    assert infer.needed_bytes(shape, np.eye(4), shipped[0].model) > infer.MEMORY_LIMIT
    huge = np.broadcast_to(np.float32(0), shape)
    with pytest.raises(OperationOutcomeError) as refused:
        infer.segment(shipped[0].model, huge, np.eye(4), _quiet)
    assert refused.value.kind.code == "too-costly"


def test_precisions_are_held_against_each_other():
    """Equal masks pass, different ones do not, and empty ones are compared by their logits."""
    full = torch.randn(20, 20, 20, generator=torch.Generator().manual_seed(0))
    assert compare(full, full + 1e-4)[0]
    assert not compare(full, full + 1.0)[0]
    assert compare(full - 20, full - 20.01)[0]
    assert not compare(full - 20, full - 30)[0]


def test_model_says_which_precision_it_runs_in_and_why(shipped):
    """bf16 only where the masks agreed, with the agreement in the reason."""
    precision = shipped[0].model.precision
    assert precision.name in ("bf16", "fp32")
    if precision.name == "bf16":
        assert precision.dice is not None
        assert precision.dice >= 0.985
