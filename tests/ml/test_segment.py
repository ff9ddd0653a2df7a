"""The imaging worker on phantom studies: findings, refusals, and which series was used."""

from dataclasses import replace

import numpy as np
import pytest

from ml.imaging import segment
from ml.imaging.mr_series import write_mr_series
from ml.imaging.phantom import OBLIQUE, Anatomy, acquire
from ml.imaging.phantom_study import (
    PhantomStudy,
    phantom_facts,
    study_ref,
    write_defective_study,
    write_phantom_study,
)
from profiles.records import ImagingFindings, SeriesRef, StudyRef, from_json, to_json


def _run(shipped, study: StudyRef) -> ImagingFindings:
    return segment.run(shipped, study, lambda *_: None)


def _with(study: StudyRef, *series: SeriesRef) -> StudyRef:
    return replace(study, series=series)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A written phantom study with its truth."""
    return write_phantom_study(tmp_path_factory.mktemp("study"), seed=2)


def test_lesions_agree_with_the_truth(shipped, study):
    """As many lesions as there are, within 10 % and 3 mm, on the right side."""
    found = _run(shipped, study_ref(study))
    assert found.status == "present"
    for truth, lesion in zip(study.lesions, found.lesions, strict=True):
        assert truth.volume_ml == pytest.approx(lesion.volume_ml, rel=0.10)
        assert truth.long_axis_mm == pytest.approx(lesion.long_axis_mm, abs=3.0)
        assert truth.laterality == lesion.laterality


def test_findings_cross_a_process_border(shipped, study):
    """The record survives JSON without a change."""
    found = _run(shipped, study_ref(study))
    assert found == from_json(ImagingFindings, to_json(found))


def test_same_study_gives_the_same_tracking_uids(shipped, study):
    """A second run on the same images speaks of the same lesions."""
    first, second = (_run(shipped, study_ref(study)) for _ in range(2))
    assert [lesion.tracking_uid for lesion in first.lesions] == [
        lesion.tracking_uid for lesion in second.lesions
    ]


def test_lesion_free_head_is_absent_and_says_so(shipped, tmp_path):
    """No lesion is a result with a score, not silence."""
    phantom = acquire(Anatomy(90_001, lesions=0), OBLIQUE, measure=False)
    facts = phantom_facts("free", 1)
    files = write_mr_series(phantom.voxels.astype("int16"), phantom.affine, tmp_path, facts)
    found = _run(shipped, study_ref(PhantomStudy(files, facts.study_uid, ())))
    assert (found.status, found.lesions) == ("absent", ())
    assert found.label_map is not None


def test_defective_study_is_refused_with_its_code(shipped, tmp_path):
    """Lost slices: refused as a gap, and no lesion is claimed."""
    found = _run(shipped, study_ref(write_defective_study(tmp_path, seed=1)))
    assert (found.status, found.refusal.code, found.lesions) == ("refused", "gap", ())


@pytest.mark.parametrize("value", [0, 700])
def test_blank_images_are_refused(shipped, tmp_path, value):
    """Slices that all hold one value are refused as blank, not a crash and not an absence."""
    facts = phantom_facts("blank", value)
    voxels = np.full((12, 32, 32), value, np.int16)
    files = write_mr_series(voxels, np.diag([3.0, 1, 1, 1])[[2, 1, 0, 3]], tmp_path, facts)
    found = _run(shipped, study_ref(PhantomStudy(files, facts.study_uid, ())))
    assert (found.status, found.refusal.code) == ("refused", "blank")


def test_instances_of_two_patients_are_refused(shipped, study):
    """A study that mixes patients is nobody's result."""
    given = study_ref(study)
    first = given.series[0].instances[0]
    other = replace(first, header=replace(first.header, patient_id="SOMEBODY-ELSE"))
    mixed = replace(given.series[0], instances=(other, *given.series[0].instances[1:]))
    found = _run(shipped, _with(given, mixed))
    assert (found.status, found.refusal.code) == ("refused", "mixed-patients")


def test_other_modality_is_not_this_worker_s_business(shipped, study):
    """A study without an MR series is not analysed, with a reason per series."""
    given = study_ref(study)
    found = _run(shipped, _with(given, replace(given.series[0], modality="CT")))
    assert (found.status, found.series[0].refusal.code) == ("not-analysed", "modality")


def test_other_body_part_is_not_this_model_s_business(shipped, study):
    """A knee is not shown to a brain model."""
    given = study_ref(study)
    knees = tuple(
        replace(i, header=replace(i.header, body_part="KNEE")) for i in given.series[0].instances
    )
    found = _run(shipped, _with(given, replace(given.series[0], instances=knees)))
    assert (found.status, found.series[0].refusal.code) == ("not-analysed", "body-part")


def test_every_series_has_an_outcome(shipped, study):
    """Of a localizer, a good series and a copy, one is analysed and the others say why not."""
    given = study_ref(study)
    good = given.series[0]
    copy = replace(good, series_uid="1.2.9", number="7")
    few = replace(good, series_uid="1.2.8", instances=good.instances[:3])
    found = _run(shipped, _with(given, few, copy, good))
    said = {o.series_uid: (o.status, o.refusal.code if o.refusal else "") for o in found.series}
    assert {
        good.series_uid: ("analysed", ""),
        "1.2.9": ("not-analysed", "other-series-preferred"),
        "1.2.8": ("not-analysed", "not-a-volume"),
    } == said


def test_a_refused_best_series_gives_way_to_the_next(shipped, study):
    """The series with a gap is on record as refused; the whole one is analysed."""
    given = study_ref(study)
    good = given.series[0]
    torn = replace(
        good,
        series_uid="1.2.7",
        number="0",
        instances=tuple(i for n, i in enumerate(good.instances * 2) if n not in (9, 10)),
    )
    found = _run(shipped, _with(given, torn, good))
    assert found.status == "present"
    assert "refused" in {outcome.status for outcome in found.series}
