"""The model card: Markdown with the metadata block that model hubs read."""

from collections.abc import Mapping
from typing import Any

_ROWS = (
    ("dice", "Dice, mean over scans with lesions", "{:.3f}"),
    ("lesion_sensitivity", "Lesion sensitivity", "{:.3f}"),
    ("false_positives_per_scan", "False positives per scan", "{:.2f}"),
    ("volume_bias", "Volume bias, (measured - true) / true", "{:+.1%}"),
    ("volume_error_absolute", "Absolute volume error", "{:.1%}"),
    ("calibration_error", "Expected calibration error around lesions", "{:.3f}"),
)


def model_card(
    metadata: Mapping[str, Any], recipe: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> str:
    """Card of a trained model.

    Parameters
    ----------
    metadata : mapping
        The bundle's ``metadata.json``.
    recipe : mapping
        What it was trained with: seed, steps, parameters and the rest of the recipe.
    evaluation : mapping
        As returned by ``evaluate``.
    """
    parts = (
        _front_matter(metadata, evaluation),
        _purpose(metadata),
        _material(recipe, evaluation),
        _figures(evaluation),
        _limits(evaluation),
    )
    return "\n".join(parts)


def _front_matter(metadata: Mapping[str, Any], evaluation: Mapping[str, Any]) -> str:
    return f"""---
license: apache-2.0
library_name: monai
pipeline_tag: image-segmentation
tags: [medical, synthetic, demonstration, not-for-clinical-use]
model-index:
  - name: {metadata["name"]}
    results:
      - task: {{type: image-segmentation}}
        dataset: {{name: procedural brain MR phantoms, held out, type: synthetic}}
        metrics:
          - {{type: dice, value: {evaluation["dice"]["value"]}}}
          - {{type: lesion-sensitivity, value: {evaluation["lesion_sensitivity"]["value"]}}}
---
"""


def _purpose(metadata: Mapping[str, Any]) -> str:
    return f"""# {metadata["name"]}

Version {metadata["version"]}. **Trained on synthetic phantoms only; no clinical validity.**

{metadata["description"]}

## Intended use

To show and test the way of a study from the modality to a preliminary report with data whose truth is
known. Users are engineers and evaluators of the software.

Out of scope: any image of a person. The model has never seen one; what it marks there means nothing.
"""


def _material(recipe: Mapping[str, Any], evaluation: Mapping[str, Any]) -> str:
    first, last = evaluation["seeds"]
    return f"""## Data

Procedural heads (`ml/imaging/phantom.py`): scalp, skull, fluid, folded cortex, white matter, nuclei,
ventricles; bright vessels, periventricular rims and orbits as distractors; 0 to 3 lesions of about 2 to
14 mL with an analytic surface, none in one head of five; coil bias, Rician noise, partial volume. Scans
are axial, coronal or sagittal, tilted up to 15 degrees, with 2 to 5 mm slices. No patient data, no
third-party data; licence in `docs/data_license.txt`.

Training and held-out heads have different seeds, and one head gives one scan, so no head is in both.
Held out: {evaluation["heads"]} heads (seeds {first} to {last}) with {evaluation["lesions"]} lesions,
{evaluation["lesion_free_heads"]} of them lesion-free.

## Training

`isthmus train` repeats it from `configs/train.json`: seed {recipe["seed"]}, {recipe["steps_done"]} steps
of {recipe["batch"]} patches of {"x".join(map(str, recipe["patch"]))} voxels of 2 mm from
{recipe["training_heads"]} heads, AdamW with a one-cycle rate up to {recipe["learning_rate"]}, cross
entropy against partial-volume targets plus soft Dice. {recipe["parameters"]} parameters, batch norm
(folded for inference, so that windows and whole volumes agree). The threshold on the score was set where
the volumes of 16 further heads (seeds 80000 to 80015) had the least bias. The same seed and
number of steps give the same weights on one machine with the same number of threads.
"""


def _figures(evaluation: Mapping[str, Any]) -> str:
    lines = [
        "## Results on held-out phantoms",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
    ]
    for key, title, form in _ROWS:
        figure = evaluation[key]
        interval = f"{form.format(figure['low'])} to {form.format(figure['high'])}"
        lines.append(f"| {title} | {form.format(figure['value'])} | {interval} |")
    lines += [
        "",
        "Intervals are percentiles of 2000 bootstrap samples of heads. Lowest Dice: "
        f"{evaluation['dice_lowest']}. Lesion-free heads with a finding: "
        f"{evaluation['lesion_free_heads_flagged']} of {evaluation['lesion_free_heads']}.",
        "",
    ]
    return "\n".join(lines)


def _limits(evaluation: Mapping[str, Any]) -> str:
    rows = [
        f"| {scan['seed']} | {scan['dice']:.3f} | {scan['found']} of {scan['lesions']} "
        f"| {scan['false_positives']} | {', '.join(f'{e:+.1%}' for e in scan['volume_errors'])} |"
        for scan in evaluation["worst"]
    ]
    table = "\n".join(rows)
    return f"""## Limits and failure cases

The score is the mean network output, not a calibrated probability: the calibration error above holds
for phantoms alone. Lesions below 2 mL, lesions that touch each other, other contrasts than the phantom's,
motion, metal and everything else that patients have were never seen.

The three weakest held-out scans:

| seed | Dice | lesions found | false positives | volume errors |
|---|---|---|---|---|
{table}

## Caveat

Good figures on phantoms say nothing about patients.
"""
