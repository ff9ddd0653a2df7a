"""Training: the recipe is data, the material is generated, and the same seed gives the same head."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.imaging.phantom import Anatomy, demo_phantom
from ml.imaging.train import train
from ml.models import SHIPPED
from profiles.outcome import OperationOutcomeError


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The shipped recipe, cut down to seconds."""
    copy = Path(shutil.copytree(SHIPPED / "brain_lesion_phantom", tmp_path / "recipe"))
    file = copy / "configs" / "train.json"
    content = json.loads(file.read_text())
    content["recipe"].update(
        steps=4, training_heads=2, held_out_heads=2, patch=[32, 32, 32], batch=2
    )
    file.write_text(json.dumps(content))
    return copy


def test_recipe_makes_a_bundle_with_weights_and_card(recipe, tmp_path):
    """`isthmus train` writes weights, evaluation and a model card, and says that the gate was missed."""
    evaluation = train(recipe, tmp_path / "out")
    assert not evaluation["passed"]
    assert (tmp_path / "out" / "models" / "model.safetensors").stat().st_size > 100_000
    assert "2 heads" in (tmp_path / "out" / "docs" / "README.md").read_text()


def test_incomplete_recipe_is_said(recipe, tmp_path):
    """A recipe without its key is refused before anything is generated."""
    (recipe / "configs" / "train.json").write_text("{}")
    with pytest.raises(OperationOutcomeError, match="recipe"):
        train(recipe, tmp_path / "out")


def test_same_seed_same_head():
    """A phantom is a function of its seed; another seed is another head."""
    first, second, other = demo_phantom(5), demo_phantom(5), demo_phantom(6)
    assert np.array_equal(first.voxels, second.voxels)
    assert not np.array_equal(first.voxels, other.voxels)
    assert first.lesions == second.lesions


def test_held_out_heads_are_no_training_heads():
    """Seeds of training, calibration and evaluation do not meet."""
    from ml.imaging.train import HELD_OUT_SEEDS, TRAINING_SEEDS

    assert TRAINING_SEEDS + 10_000 < 80_000 < HELD_OUT_SEEDS


def test_lesions_lie_inside_one_hemisphere():
    """Every drawn lesion is clear of the midline, so that its side is certain."""
    for seed in range(300, 320):
        anatomy = Anatomy(seed)
        for truth in anatomy.truth(np.array([0, 0, 1.0])):
            assert abs(truth.centroid[0] - anatomy.head.midline_mm) > 5
