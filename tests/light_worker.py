"""A real worker without a network: bright voxels of a strictly built volume are the finding.

It stands where a test is about the way of a study and not about a model: it starts at once.
"""

from pathlib import Path

import numpy as np

from ml.imaging.lesions import connected_lesions, measure_lesions
from ml.imaging.refusal import Refused
from ml.imaging.select import rank_series
from ml.imaging.volume import build_volume, label_map
from ml.worker import Progress, Spec
from profiles.records import ImagingFindings, ModelRef, SeriesOutcome, StudyRef
from terminology.imaging import ARTIFICIAL_INTELLIGENCE, BRAIN, LESION

SPEC = Spec("analyze", "1", "ImagingStudy", StudyRef, ImagingFindings, "imaging", 60.0)
BRIGHT = 1000
MODEL = ModelRef(
    name="bright voxels",
    version="1",
    digest="0" * 64,
    manufacturer="tests",
    description="Voxels above a threshold.",
    card="# Bright voxels",
    demonstration=True,
    family=ARTIFICIAL_INTELLIGENCE,
)


def load(models: Path) -> float:
    """The threshold; the folder is not looked at."""
    del models
    return float(BRIGHT)


def run(model: float, given: StudyRef, progress: Progress) -> ImagingFindings:
    """Findings of the best series."""
    progress(0, 1, "volumes")
    ranked, left_out = rank_series(given, frozenset({"MR"}))
    said = {
        "study_uid": given.study_uid,
        "study_revision": given.revision,
        "finding": LESION,
        "body_site": BRAIN,
        "model": MODEL,
    }
    if not ranked:
        return ImagingFindings(status="not-analysed", series=left_out, **said)
    series = ranked[0]
    try:
        volume = build_volume(series, max_bytes=1 << 28)
    except Refused as refused:
        outcome = SeriesOutcome(series.series_uid, "refused", refused.refusal)
        return ImagingFindings(
            status="refused",
            series=(outcome, *left_out),
            series_uid=series.series_uid,
            refusal=refused.refusal,
            **said,
        )
    labels = connected_lesions(volume.voxels > model, volume.voxel_ml)
    lesions = measure_lesions(
        labels,
        np.clip(volume.voxels / 2000, 0, 1),
        volume,
        study_uid=given.study_uid,
        model_name=MODEL.name,
        midline_x_mm=0.0,
    )
    return ImagingFindings(
        status="present" if lesions else "absent",
        series=(SeriesOutcome(series.series_uid, "analysed"), *left_out),
        series_uid=series.series_uid,
        score=1.0 if lesions else 0.0,
        lesions=lesions,
        label_map=label_map(volume, labels),
        trace={"volume": 0.0},
        **said,
    )


def example(folder: Path) -> StudyRef:
    """Not asked for: the contract suite runs what ships."""
    raise NotImplementedError(folder)
