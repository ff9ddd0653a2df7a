"""The model card of a scribe: what it was trained on, how good it is, what it is not for."""

from collections.abc import Mapping
from typing import Any, Final

CARD: Final = """# Section, salience and role models of the scribe

Linear models on hashed words, pairs of words and counts of what a visit tells (medicines, doses, symptoms,
answers); the model of section headers uses the vectors of an embedder too where one is installed. They
choose which of the things that were said belong into a note, and where; the sentences themselves come from
templates and from what was said. The file holds no vocabulary and no text.

## Trained on
{visits} visits with notes and {pieces} pieces of dialogue with a section header. The model that
ships was trained on:
- ACI-BENCH, training part (Yim et al. 2023, "Aci-bench: a Novel Ambient Clinical Intelligence Dataset for
  Benchmarking Automatic Visit Note Generation"), CC BY 4.0;
- MTS-Dialog, training part (Ben Abacha et al. 2023, "An Empirical Study of Clinical Note Generation from
  Doctor-Patient Encounters"), CC BY 4.0.
Both are simulated visits in English. `isthmus train sections` makes the model again from the same files.

The model of section headers also learns from what was written under a header (``section_text``), in training
only, and weighs rare headers more.

## Scores, cross-validated in {folds} folds (seed {seed})
{scores}

| section header | pieces | recall | precision |
|---|---|---|---|
{headers}

Accuracy follows the mixture of headers: where rare ones are frequent it is lower. Headers with few pieces are
not told reliably.

## Not for
A note without a person who reads and signs it. Languages other than English. Visits unlike those above,
such as procedures or group visits: measure with `isthmus evaluate scribe` on your own first.
"""


def model_card(about: Mapping[str, Any]) -> str:
    """The card of one trained model."""
    lines = []
    for name, value in about["scores"].items():
        parts = value.items() if isinstance(value, Mapping) else [("accuracy", value)]
        lines += [f"- {name}, {key.replace('_', ' ')}: {number:.3f}" for key, number in parts]
    each = [
        f"| {name} | {one['pieces']} | {one['recall']:.2f} | {one['precision']:.2f} |"
        for name, one in about["headers"].items()
    ]
    counts = {key: about[key] for key in ("visits", "pieces", "folds", "seed")}
    return CARD.format(scores="\n".join(lines), headers="\n".join(each), **counts)
