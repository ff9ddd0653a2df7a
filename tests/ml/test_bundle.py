"""MONAI bundles are data: what follows the specification runs, what asks for code is refused."""

import json
import pickle  # noqa: TID251 - what an attacker would send
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.imaging.bundle.expression import Unsafe, evaluate
from ml.imaging.bundle.read import read_bundle
from ml.imaging.bundle.refused import BundleRefused
from ml.imaging.infer import segment
from ml.imaging.model import load_model
from ml.models import SHIPPED, describe_models

DEMO = SHIPPED / "brain_lesion_phantom"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the shipped bundle that a test may change."""
    return Path(shutil.copytree(DEMO, tmp_path / "models" / "copied"))


def _edit(bundle: Path, name: str, **changes: object) -> None:
    file = bundle / "configs" / name
    content = json.loads(file.read_text())
    content.update(changes)
    file.write_text(json.dumps(content))


def _refusal(bundle: Path) -> BundleRefused:
    with pytest.raises(BundleRefused) as refused:
        load_model(read_bundle(bundle))
    return refused.value


def _official(folder: Path) -> Path:
    """A bundle in the style of the public ones: imports, macros, weights in a .pt file."""
    from monai.networks.nets import BasicUNet

    (folder / "models").mkdir(parents=True)
    (folder / "configs").mkdir()
    torch.manual_seed(0)
    network = BasicUNet(3, 1, 2, features=(4, 4, 8, 8, 8, 4))
    torch.save({"model": network.state_dict()}, folder / "models" / "model.pt")
    configuration = {
        "imports": ["$import glob", "$import os"],
        "bundle_root": "$os.getcwd()",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "datalist": "$list(sorted(glob.glob(@dataset_dir + '/*.nii.gz')))",
        "size": 32,
        "features": [4, 4, 8, 8, 8, 4],
        "network_def": {
            "_target_": "monai.networks.nets.BasicUNet",
            "spatial_dims": 3,
            "in_channels": 1,
            "out_channels": 2,
            "features": "%features",
        },
        "network": "$@network_def.to(@device)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
                {"_target_": "ScaleIntensityd", "keys": "image"},
            ],
        },
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": ["@size", "$@size", "$@size * 2 // 2"],
            "sw_batch_size": 4,
            "overlap": 0.25,
            "device": "@device",
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "Activationsd", "keys": "pred", "softmax": True},
                {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing"},
                {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
                {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir"},
            ],
        },
    }
    (folder / "configs" / "inference.json").write_text(json.dumps(configuration))
    metadata = json.loads((DEMO / "configs" / "metadata.json").read_text())
    del metadata["isthmus"]
    metadata["network_data_format"]["outputs"]["pred"]["channel_def"] = {
        "0": "background",
        "1": "spleen",
    }
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    return folder


def test_shipped_bundle_is_small_labelled_and_good_enough():
    """Weights below 1 MB, held-out Dice of 0.88 or more, and a card that says what it is."""
    assert (DEMO / "models" / "model.safetensors").stat().st_size < 1_000_000
    evaluation = json.loads((DEMO / "configs" / "metadata.json").read_text())["evaluation"]
    assert evaluation["dice"]["value"] >= 0.88
    assert {"low", "high"} < set(evaluation["lesion_sensitivity"])
    assert {"low", "high"} < set(evaluation["false_positives_per_scan"])
    assert (
        "synthetic phantoms only; no clinical validity" in (DEMO / "docs" / "README.md").read_text()
    )


def test_bundle_in_the_style_of_the_public_ones_runs(tmp_path):
    """Imports and device expressions are not looked at; network, windows and weights are."""
    model = load_model(read_bundle(_official(tmp_path / "official")))
    assert model.window == (32, 32, 32)
    voxels = np.random.default_rng(0).random((20, 40, 44), dtype=np.float32)
    scores = segment(model, voxels, np.diag([2.0, 2.0, 2.0, 1.0]), lambda *_: None)
    assert voxels.shape == scores.mask.shape


def test_dropped_in_bundle_is_described_before_the_shipped_one(tmp_path):
    """A bundle in the models folder is listed first, and doctor says that its imports are not run."""
    _official(tmp_path / "models" / "spleen")
    first, second, *_ = describe_models(tmp_path / "models")
    assert (first.name, second.name) == ("spleen", "brain_lesion_phantom")
    assert "imports" in first.text
    assert not first.refused


def test_an_expression_with_an_import_is_refused_and_not_run(bundle, tmp_path):
    """`$__import__('os')...` in the network is named with its key; nothing of it happens."""
    sentinel = tmp_path / "ran"
    evil = f"$__import__('pathlib').Path({str(sentinel)!r}).touch()"
    network = {"_target_": "UNet", "spatial_dims": evil}
    _edit(bundle, "inference.json", network_def=network)
    refused = _refusal(bundle)
    assert "network_def" in refused.where
    assert "a call" in refused.why or "attribute" in refused.why
    assert not sentinel.exists()


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("network_def", {"_target_": "os.system", "command": "true"}, "os.system"),
        ("network_def", {"_target_": "monai.bundle.run_eval"}, "run_eval"),
        ("network_def", {"_target_": "UNet", "_requires_": "$import os"}, "_requires_"),
        ("network_def", "@network_def", "back to itself"),
        ("network_def", {"_target_": "UNet", "act": "@nowhere"}, "nowhere"),
        ("preprocessing", [{"_target_": "Lambdad", "func": "$lambda x: x"}], "a function"),
        ("inferer", {"_target_": "SlidingWindowInferer", "roi_size": [1, 2]}, "roi_size"),
        ("postprocessing", [{"_target_": "MyOwnStep"}], "MyOwnStep"),
    ],
)
def test_what_is_not_allowed_is_named(bundle, key, value, named):
    """Components outside the table, dangling references and wrong windows are refused by name."""
    _edit(bundle, "inference.json", **{key: value})
    assert named in str(_refusal(bundle))


def test_a_pickle_with_code_is_not_run(bundle, tmp_path):
    """A model.pt that would run something when unpickled is refused, and does not."""
    sentinel = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return Path.touch, (sentinel,)

    (bundle / "models" / "model.safetensors").unlink()
    with (bundle / "models" / "model.pt").open("wb") as file:
        pickle.dump({"weight": Payload()}, file)
    assert "plain tensors" in str(_refusal(bundle))
    assert not sentinel.exists()


def test_torchscript_is_a_program_and_is_not_run(bundle):
    """A bundle that only has model.ts is refused with what to supply instead."""
    (bundle / "models" / "model.safetensors").rename(bundle / "models" / "model.ts")
    assert "model.safetensors" in str(_refusal(bundle))


def test_weights_of_another_network_do_not_fit(bundle):
    """Weights that do not match the configuration are refused, not loaded in part."""
    network = json.loads((bundle / "configs" / "inference.json").read_text())["network_def"]
    _edit(bundle, "inference.json", network_def={**network, "channels": [8, 16, 24, 32]})
    assert "do not fit" in str(_refusal(bundle))


def test_missing_metadata_is_named(bundle):
    """metadata.json without required keys is refused."""
    (bundle / "configs" / "metadata.json").write_text('{"version": "1"}')
    assert "monai_version" in str(_refusal(bundle))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_ever_executed(text):
    """Any text is either computed from harmless parts or refused; no other exception escapes."""
    try:
        evaluate(text, lambda name: 1)
    except Unsafe:
        return


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@a * 2 + 1", 7),
        ("[@a, -1.5]", [3, -1.5]),
        ("@a if @a > 2 else 0", 3),
        ("{'k': @a}['k']", 3),
    ],
)
def test_harmless_expressions_have_their_value(text, value):
    """Arithmetic, lists, conditions and indexing over references work as in Python."""
    assert value == evaluate(text, lambda name: 3)
