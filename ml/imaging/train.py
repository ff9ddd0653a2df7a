"""``isthmus train``: the shipped model from its recipe, and the gate that it must pass.

A recipe is a bundle: its configuration is the network and the preprocessing, ``configs/train.json``
holds seed, steps and sizes. Training material is generated on the spot, so there is nothing to download.
"""

import argparse
import copy
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch

from ml.imaging.bundle.build import build_network, build_transforms
from ml.imaging.bundle.read import Bundle, read_bundle
from ml.imaging.evaluate import evaluate
from ml.imaging.fit import fit
from ml.imaging.model import make_model
from ml.imaging.model_card import model_card
from ml.imaging.precision import probe
from ml.imaging.training_cases import make_cases
from ml.models import SHIPPED
from profiles.outcome import OperationOutcomeError

TRAINING_SEEDS: Final = 10_000
HELD_OUT_SEEDS: Final = 90_000

CPU: Final = torch.device("cpu")
"""The recipe's own device: same seed, same weights."""

Progress = Callable[[int, int, str], None]


def train(
    recipe: Path,
    out: Path,
    *,
    seed: int | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    device: torch.device = CPU,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Train the network of a bundle from scratch, evaluate it, and write the new bundle.

    Parameters
    ----------
    recipe : Path
        Bundle folder with ``configs/train.json``; its weights, if any, are not looked at.
    out : Path
        Folder of the new bundle; may be the same.
    seed, steps : int, optional
        Instead of the recipe's.
    seconds : float, optional
        Train for this time instead of a number of steps; then the result depends on the machine.
    device : torch.device
        Where the steps are computed. The phantoms are made by the processor, and the evaluation runs
        where inference would run.

    Returns
    -------
    dict
        The evaluation, as ``evaluate`` gives it, with ``passed``: whether the gate was met.

    Raises
    ------
    OperationOutcomeError
        ``required``: the recipe is absent or incomplete.
    """
    settings = _settings(recipe, seed=seed, steps=steps)
    if recipe.resolve() != out.resolve():
        shutil.copytree(recipe, out, dirs_exist_ok=True)
    weights = out / "models" / "model.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    if not weights.exists():
        weights.touch()
    bundle = read_bundle(out)
    network, done = _fitted(bundle, settings, seconds, device, progress)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    safetensors.torch.save_file(state, weights)
    first = HELD_OUT_SEEDS
    held_out = range(first, first + settings["held_out_heads"])
    model = make_model(bundle, copy.deepcopy(network))
    evaluation = evaluate(model, held_out, progress)
    evaluation["passed"] = evaluation["dice"]["value"] >= settings["gate_dice"]
    settings["steps_done"] = done
    settings["parameters"] = sum(p.numel() for p in network.parameters())
    _record(out, bundle, settings, evaluation)
    return evaluation


def reproduce(recipe: Path = SHIPPED / "brain_lesion_phantom", **limits: Any) -> dict[str, Any]:
    """Train the shipped recipe from scratch in a scratch folder and insist on its gate.

    Raises
    ------
    OperationOutcomeError
        ``business-rule``: the trained network does not reach the recipe's Dice on held-out phantoms.
    """
    with tempfile.TemporaryDirectory() as scratch:
        evaluation = train(recipe, Path(scratch) / recipe.name, **limits)
    if not evaluation["passed"]:
        raise OperationOutcomeError(
            "business-rule", f"held-out Dice {evaluation['dice']['value']} is below the gate"
        )
    return evaluation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``isthmus train``; 0 when the gate is met, 1 when it is not."""
    parser = argparse.ArgumentParser(
        prog="isthmus train", description="Train the demonstration model from its recipe."
    )
    parser.add_argument("--recipe", type=Path, default=SHIPPED / "brain_lesion_phantom")
    parser.add_argument("--out", type=Path, default=Path("isthmus-model/brain_lesion_phantom"))
    parser.add_argument("--seed", type=int, help="instead of the recipe's")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--seconds", type=float, help="train for this long instead")
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), help="default: cuda where there is one"
    )
    parser.add_argument("--reproduce", action="store_true", help="keep nothing, only test the gate")
    parser.add_argument("--json", action="store_true", help="print the evaluation as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    device = torch.device(chosen.device) if chosen.device else probe()[0]
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: there is no CUDA device that this build of torch can use")
    limits = {
        "seed": chosen.seed,
        "steps": chosen.steps,
        "seconds": chosen.seconds,
        "device": device,
    }
    if chosen.reproduce:
        evaluation = reproduce(chosen.recipe, **limits, progress=_progress)
    else:
        evaluation = train(chosen.recipe, chosen.out, **limits, progress=_progress)
    _show(evaluation, as_json=chosen.json)
    return 0 if evaluation["passed"] else 1


def _fitted(
    bundle: Bundle,
    settings: dict[str, Any],
    seconds: float | None,
    device: torch.device,
    progress: Progress,
) -> tuple[torch.nn.Module, int]:
    first = TRAINING_SEEDS
    seeds = range(first, first + settings["training_heads"])
    cases = make_cases(seeds, build_transforms(bundle), progress)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings["seed"])
        network = build_network(bundle).to(device)
    x, y, z = settings["patch"]
    done = fit(
        network,
        cases,
        seed=settings["seed"],
        steps=settings["steps"],
        patch=(x, y, z),
        batch=settings["batch"],
        learning_rate=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        seconds=seconds,
        progress=progress,
    )
    return network.to(CPU), done


def _settings(recipe: Path, *, seed: int | None, steps: int | None) -> dict[str, Any]:
    try:
        settings = dict(json.loads((recipe / "configs" / "train.json").read_bytes())["recipe"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OperationOutcomeError(
            "required", "the recipe needs configs/train.json with the key `recipe`"
        ) from None
    needed = ("training_heads", "held_out_heads", "patch", "batch", "learning_rate")
    absent = [key for key in (*needed, "weight_decay", "gate_dice") if key not in settings]
    if absent:
        raise OperationOutcomeError("required", f"the recipe lacks {', '.join(absent)}")
    settings["seed"] = settings["seed"] if seed is None else seed
    settings["steps"] = settings["steps"] if steps is None else steps
    return settings


def _record(
    out: Path, bundle: Bundle, settings: dict[str, Any], evaluation: dict[str, Any]
) -> None:
    """Write the evaluation into the metadata and the model card."""
    metadata = {**bundle.metadata, "eval_metrics": {"mean_dice": evaluation["dice"]["value"]}}
    metadata["evaluation"] = {key: evaluation[key] for key in evaluation if key != "worst"}
    path = out / "configs" / "metadata.json"
    path.write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    docs = out / "docs"
    docs.mkdir(exist_ok=True)
    card = model_card(metadata, settings, evaluation)
    (docs / "README.md").write_text(card, encoding="utf-8")


def _show(evaluation: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(evaluation, indent=1) + "\n")
        return
    for key in ("dice", "lesion_sensitivity", "false_positives_per_scan", "volume_bias"):
        figure = evaluation[key]
        name = key.replace("_", " ")
        sys.stdout.write(
            f"{name:<26}{figure['value']:.3f}  ({figure['low']:.3f} to {figure['high']:.3f})\n"
        )
    sys.stdout.write(f"gate {'met' if evaluation['passed'] else 'MISSED'}\n")


def _progress(done: int, total: int, unit: str) -> None:
    """A line that overwrites itself on a terminal, a line at the end elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{unit:<20}{done}/{total}" + ("\n" if done == total else ""))
    elif done == total:
        sys.stderr.write(f"{unit} {total}\n")


if __name__ == "__main__":
    sys.exit(main())
