"""The imaging worker: the best fitting series of a study goes through a MONAI bundle and is measured."""

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ml.imaging.refusal import Refused
from ml.imaging.select import not_analysed, rank_series
from ml.models import read_bundles
from ml.worker import Places, Progress, Spec
from profiles.outcome import OperationOutcomeError
from profiles.records import (
    ImagingFindings,
    ModelRef,
    Refusal,
    SeriesOutcome,
    SeriesRef,
    StudyRef,
)
from terminology.coding import Code
from terminology.imaging import ARTIFICIAL_INTELLIGENCE
from terminology.refusals import refusal_text
from terminology.systems import ISTHMUS, SNOMED_CT

if TYPE_CHECKING:
    from ml.imaging.bundle.read import Bundle
    from ml.imaging.model import Model

SPEC: Final = Spec(
    name="analyze",
    version="1.0.0",
    focus="ImagingStudy",
    given=StudyRef,
    result=ImagingFindings,
    lane="imaging",
    timeout_s=900.0,
    needs=("torch", "monai", "scipy", "nibabel", "safetensors"),
)
_REFUSED_AS: Final = {"too-costly": "too-large", "business-rule": "blank"}
BODY_STRUCTURE: Final = Code(SNOMED_CT, "123037004", "Body structure")

log = logging.getLogger("isthmus.imaging")


@dataclass(frozen=True)
class Loaded:
    """A model, and what its records say of it."""

    model: "Model"
    reference: ModelRef
    finding: Code
    body_site: Code
    body_parts: frozenset[str]

    @property
    def modalities(self) -> frozenset[str]:
        """Modalities that it takes."""
        return self.model.bundle.modalities


def load(places: Places) -> tuple[Loaded, ...]:
    """Load every usable bundle; a refused one is logged and left out.

    Raises
    ------
    OperationOutcomeError
        ``not-found``: no bundle can be used.
    """
    from ml.imaging.bundle.refused import BundleRefused
    from ml.imaging.model import load_model

    loaded = []
    for bundle in read_bundles(places.models):
        try:
            if isinstance(bundle, BundleRefused):
                raise bundle
            model = load_model(bundle)
        except BundleRefused as refused:
            log.error("bundle.refused", extra={"reason": str(refused)})  # noqa: TRY400 - no fault of ours
            continue
        loaded.append(_describe(model))
        log.info("bundle.ready", extra={"bundle": bundle.name, "precision": model.precision.reason})
    if not loaded:
        raise OperationOutcomeError("not-found", "no model bundle can be used; see isthmus doctor")
    return tuple(loaded)


def run(model: Sequence[Loaded], given: StudyRef, progress: Progress) -> ImagingFindings:
    """Analyse a study with the first model that has a series to work on."""
    last: tuple[SeriesOutcome, ...] = ()
    for candidate in model:
        ranked, left_out = rank_series(given, candidate.modalities)
        fitting = [series for series in ranked if _shows(series, candidate.body_parts)]
        others = [not_analysed(series, "body-part") for series in ranked if series not in fitting]
        last = (*left_out, *others)
        if not fitting:
            continue
        if _patients(given) > 1:
            return _refused(candidate, given, fitting, last, "mixed-patients")
        return _analyse(candidate, given, fitting, last, progress)
    return _result(model[0], given, "not-analysed", last)


def example(folder: Path) -> StudyRef:
    """A phantom study with one lesion."""
    from ml.imaging.phantom_study import study_ref, write_phantom_study

    return study_ref(write_phantom_study(folder, seed=1))


def _analyse(
    loaded: Loaded,
    study: StudyRef,
    fitting: Sequence[SeriesRef],
    outcomes: tuple[SeriesOutcome, ...],
    progress: Progress,
) -> ImagingFindings:
    """The best series that is a volume; each one refused on the way is on record."""
    first: Refusal | None = None
    for number, series in enumerate(fitting):
        try:
            measured = _measured(loaded, study, series, progress)
        except Refused as refused:
            first = first or refused.refusal
            outcomes = (*outcomes, SeriesOutcome(series.series_uid, "refused", refused.refusal))
            continue
        rest = [not_analysed(other, "other-series-preferred") for other in fitting[number + 1 :]]
        analysed = SeriesOutcome(series.series_uid, "analysed")
        status = "present" if measured["lesions"] else "absent"
        return _result(
            loaded,
            study,
            status,
            (analysed, *outcomes, *rest),
            series_uid=series.series_uid,
            **measured,
        )
    return _result(
        loaded, study, "refused", outcomes, series_uid=fitting[0].series_uid, refusal=first
    )


def _measured(
    loaded: Loaded, study: StudyRef, series: SeriesRef, progress: Progress
) -> dict[str, Any]:
    """Volume, scores, lesions and pictures of one series, with the seconds of each stage."""
    from ml.imaging import infer
    from ml.imaging.keyimage import key_images
    from ml.imaging.lesions import connected_lesions, measure_lesions
    from ml.imaging.midline import midline_x_mm
    from ml.imaging.volume import build_volume, label_map

    trace: dict[str, float] = {}
    with _timed(trace, "volume"):
        volume = build_volume(series, max_bytes=infer.MEMORY_LIMIT // infer.SOURCE_COPIES)
    try:
        scores = infer.segment(loaded.model, volume.voxels, volume.affine, progress)
    except OperationOutcomeError as error:
        if error.kind_name not in _REFUSED_AS:
            raise
        raise Refused(_REFUSED_AS[error.kind_name]) from None
    trace.update(scores.trace)
    with _timed(trace, "measure"):
        labels = connected_lesions(scores.mask > 0, volume.voxel_ml)
        lesions = measure_lesions(
            labels,
            scores.scores,
            volume,
            study_uid=study.study_uid,
            model_name=loaded.reference.name,
            midline_x_mm=midline_x_mm(volume) if labels.any() else 0.0,
        )
    with _timed(trace, "key_image"):
        pictures = key_images(volume, labels, lesions)
    notes = ("The volume was analysed in overlapping windows.",) if scores.tiled else ()
    return {
        "score": round(scores.highest, 4),
        "lesions": lesions,
        "label_map": label_map(volume, labels),
        "key_images": pictures,
        "notes": notes,
        "trace": trace,
    }


def _refused(
    loaded: Loaded,
    study: StudyRef,
    fitting: Sequence[SeriesRef],
    outcomes: tuple[SeriesOutcome, ...],
    code: str,
) -> ImagingFindings:
    refusal = Refusal(code, refusal_text(code))
    refused = [SeriesOutcome(series.series_uid, "refused", refusal) for series in fitting]
    return _result(
        loaded,
        study,
        "refused",
        (*refused, *outcomes),
        series_uid=fitting[0].series_uid,
        refusal=refusal,
    )


def _result(
    loaded: Loaded, study: StudyRef, status: str, outcomes: tuple[SeriesOutcome, ...], **rest: Any
) -> ImagingFindings:
    return ImagingFindings(
        study_uid=study.study_uid,
        study_revision=study.revision,
        status=status,
        finding=loaded.finding,
        body_site=loaded.body_site,
        model=loaded.reference,
        series=outcomes,
        **rest,
    )


def _shows(series: SeriesRef, body_parts: frozenset[str]) -> bool:
    """Whether a series may show the model's body part; unknown is no reason against it."""
    named = {i.header.body_part.upper() for i in series.instances if i.header.body_part}
    return not body_parts or not named or bool(named & body_parts)


def _patients(study: StudyRef) -> int:
    headers = (i.header for series in study.series if not series.ours for i in series.instances)
    return len({(header.patient_id, header.issuer_of_patient_id) for header in headers})


def _describe(model: "Model") -> Loaded:
    bundle = model.bundle
    ours = bundle.ours
    return Loaded(
        model=model,
        reference=ModelRef(
            name=bundle.title,
            version=bundle.version,
            digest=_digest(bundle),
            manufacturer=str(
                ours.get("manufacturer") or bundle.metadata.get("authors") or "unknown"
            ),
            description=str(bundle.metadata.get("description", bundle.title)),
            card=_card(bundle),
            demonstration=bundle.demonstration,
            family=ARTIFICIAL_INTELLIGENCE,
        ),
        finding=_code(ours.get("finding")) or _label(bundle),
        body_site=_code(ours.get("body_site")) or BODY_STRUCTURE,
        body_parts=frozenset(str(part).upper() for part in ours.get("body_parts", ())),
    )


def _digest(bundle: "Bundle") -> str:
    """SHA-256 over weights, configuration and our preprocessing: one value per behaviour."""
    files = (
        bundle.weights,
        bundle.folder / "configs" / "inference.json",
        Path(__file__).with_name("preprocess.py"),
    )
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _card(bundle: "Bundle") -> str:
    file = bundle.folder / "docs" / "README.md"
    return file.read_text(encoding="utf-8") if file.is_file() else f"# {bundle.title}\n"


def _code(value: Any) -> Code | None:
    if not isinstance(value, dict):
        return None
    return Code(str(value["system"]), str(value["code"]), str(value["display"]))


def _label(bundle: "Bundle") -> Code:
    """A bundle that names no coded finding: its own word for its foreground."""
    channels = bundle.metadata["network_data_format"]["outputs"]["pred"]["channel_def"]
    named = [str(name) for name in channels.values() if str(name).lower() != "background"]
    word = " or ".join(named) or "finding"
    return Code(
        f"{ISTHMUS}/CodeSystem/bundle-label", word.lower().replace(" ", "-")[:64], word[:64]
    )


@contextmanager
def _timed(trace: dict[str, float], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    trace[stage] = time.perf_counter() - began
