"""Networks on a CUDA device: the findings of the processor, and training that ends in the same file."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.imaging.bundle.read import read_bundle
from ml.imaging.infer import segment
from ml.imaging.model import load_model
from ml.imaging.phantom import demo_phantom
from ml.imaging.train import main, train
from ml.models import SHIPPED

SHIPPED_BUNDLE = SHIPPED / "brain_lesion_phantom"

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The shipped recipe with few heads."""
    copy = Path(shutil.copytree(SHIPPED_BUNDLE, tmp_path / "recipe"))
    file = copy / "configs" / "train.json"
    content = json.loads(file.read_text())
    content["recipe"].update(steps=60, training_heads=4, held_out_heads=2)
    file.write_text(json.dumps(content))
    return copy


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_absent_cuda_is_said_before_anything_is_generated(capsys):
    """`isthmus train --device cuda` on a machine without one is refused in a sentence."""
    with pytest.raises(SystemExit):
        main(["--device", "cuda"])
    assert "no CUDA device" in capsys.readouterr().err


@needs_cuda
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_masks_on_cuda_are_those_of_the_processor(seed, monkeypatch):
    """The same head gives the same mask on either device, up to voxels on the threshold."""
    phantom = demo_phantom(seed)
    on_cuda = load_model(read_bundle(SHIPPED_BUNDLE))
    assert on_cuda.precision.device.type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    on_cpu = load_model(read_bundle(SHIPPED_BUNDLE))
    assert on_cpu.precision.device.type == "cpu"
    masks = [
        segment(model, phantom.voxels, phantom.affine, lambda *_: None).mask
        for model in (on_cuda, on_cpu)
    ]
    shared = np.logical_and(*masks).sum()
    assert 2 * shared >= 0.985 * (masks[0].sum() + masks[1].sum())


@needs_cuda
def test_bundle_trained_on_cuda_is_read_by_the_processor(recipe, tmp_path, monkeypatch):
    """Weights fitted on CUDA are written as any others, and a machine without CUDA loads them."""
    evaluation = train(recipe, tmp_path / "out", device=torch.device("cuda"))
    assert 0 <= evaluation["dice"]["value"] <= 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = load_model(read_bundle(tmp_path / "out"))
    assert model.precision.device.type == "cpu"
