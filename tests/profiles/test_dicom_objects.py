"""SEG and SR: other readers find the same voxels, numbers and tracking UIDs in them."""

import subprocess
from io import BytesIO
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from profiles.builders.dicom_object import DicomObject
from profiles.builders.imaging_result import build_imaging_result
from tests.make_findings import absent, context, label_array, label_map, present

RESULTS = {
    "one": present(1),
    "two": present(2),
    "absent": absent(),
    "multi-frame": present(2, label_map=label_map(2, multi_frame=True)),
}


def _objects(findings, **header: str) -> dict[str, DicomObject]:
    objects = build_imaging_result(findings, context(**header)).objects
    return {entry.header.modality: entry for entry in objects}


@pytest.mark.parametrize("count", [1, 2])
def test_highdicom_reads_the_voxels_of_every_segment(count):
    """Per source frame, each segment has the voxels of its lesion, also when there is only one segment."""
    seg = highdicom.seg.segread(BytesIO(_objects(present(count))["SEG"].part10))
    sources = [f"1.2.1.{n + 1}" for n in range(6)]
    pixels = seg.get_pixels_by_source_instance(
        sources, assert_missing_frames_are_empty=True, segment_numbers=range(1, count + 1)
    )
    expected = np.stack([label_array(count) == n + 1 for n in range(count)], axis=-1)
    assert np.array_equal(expected, pixels)


def test_segments_are_named_tracked_and_placed():
    """Tracking UID, side and algorithm stand in each segment; frames lie where their sources lie."""
    seg = pydicom.dcmread(BytesIO(_objects(present(2))["SEG"].part10))
    assert [s.TrackingUID for s in seg.SegmentSequence] == ["1.2.77.1", "1.2.77.2"]
    sides = [
        s.AnatomicRegionSequence[0].AnatomicRegionModifierSequence[0].CodeMeaning
        for s in seg.SegmentSequence
    ]
    assert sides == ["Left", "Right"]
    for group in seg.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        slice_number = int(source.ReferencedSOPInstanceUID.rpartition(".")[2]) - 1
        assert 3.0 * slice_number == group.PlanePositionSequence[0].ImagePositionPatient[2]
        assert "ReferencedFrameNumber" not in source


def test_multi_frame_sources_are_referred_to_by_frame():
    """Where the source is one multi-frame instance, its frame numbers are given."""
    seg = pydicom.dcmread(BytesIO(_objects(RESULTS["multi-frame"])["SEG"].part10))
    frames = {
        g.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for g in seg.PerFrameFunctionalGroupsSequence
    }
    assert {2, 3, 4, 5} == frames


def test_highdicom_reads_the_measurement_groups():
    """Two volumetric groups with the same tracking UIDs, volumes in mm3 and axes in mm."""
    sr = highdicom.sr.srread(BytesIO(_objects(present(2))["SR"].part10))
    groups = sr.content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_uid for group in groups] == ["1.2.77.1", "1.2.77.2"]
    numbers = {m.name.meaning: (float(m.value), m.unit.value) for m in groups[0].get_measurements()}
    assert numbers == {
        "Volume": (2250.0, "mm3"),
        "Long Axis": (20.5, "mm"),
        "Short Axis": (13.25, "mm"),
    }


def test_report_is_preliminary_unverified_and_names_its_evidence():
    """Flags say that nobody verified it; every source instance and the SEG are listed as evidence."""
    objects = _objects(present(1))
    sr = pydicom.dcmread(BytesIO(objects["SR"].part10))
    assert (sr.PreliminaryFlag, sr.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert ["1.2.1", objects["SEG"].header.series_uid] == [s.SeriesInstanceUID for s in evidence]
    assert len(evidence[0].ReferencedSOPSequence) == 6


def test_absence_is_reported_in_sr_without_a_segmentation():
    """Nothing found: an SR says so, and there is no empty SEG."""
    objects = _objects(absent())
    assert list(objects) == ["SR"]
    assert "Absent" in str(pydicom.dcmread(BytesIO(objects["SR"].part10)))


def test_a_newer_report_names_its_predecessor():
    """The SR of a superseding run refers to the one before it, and both are different objects."""
    from dataclasses import replace

    first = _objects(present(1))["SR"].header
    newer = replace(context(), predecessor=first, task_id="task-2")
    sr = build_imaging_result(present(2), newer).objects[1]
    named = pydicom.dcmread(BytesIO(sr.part10)).PredecessorDocumentsSequence[0]
    reference = named.ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert first.sop_uid == reference.ReferencedSOPInstanceUID != sr.header.sop_uid


@pytest.mark.filterwarnings("ignore:The value length", "ignore:Invalid value for VR")
def test_values_that_break_their_representation_are_taken_over_as_sent():
    """A Patient ID of 80 characters and a date with dots are the sender's, and are not changed."""
    objects = _objects(present(1), patient_id="X" * 80, study_date="2026.01.02")
    seg = pydicom.dcmread(BytesIO(objects["SEG"].part10))
    assert (seg.PatientID, str(seg.StudyDate)) == ("X" * 80, "2026.01.02")


def test_index_rows_say_what_the_files_say():
    """The header that is indexed is the one that reading the file back would give."""
    from adapters.dicom_header import read_header

    for entry in _objects(present(2)).values():
        assert entry.header == read_header(entry.part10)


@pytest.mark.peer
@pytest.mark.parametrize("name", RESULTS)
def test_third_parties_find_no_error(name, tmp_path: Path):
    """Dciodvfy has no error line on SEG and SR, and dsrdump reads the SR."""
    if not Path("/usr/bin/dciodvfy").exists() or not Path("/usr/bin/dsrdump").exists():
        pytest.skip("dciodvfy or dsrdump is not installed")
    findings = RESULTS[name]
    if name == "multi-frame":
        enhanced = "1.2.840.10008.5.1.4.1.1.4.1"
        from dataclasses import replace

        frames = tuple(replace(f, sop_class=enhanced) for f in findings.label_map.frames)
        findings = replace(findings, label_map=replace(findings.label_map, frames=frames))
    for modality, entry in _objects(findings).items():
        file = tmp_path / f"{modality}.dcm"
        file.write_bytes(entry.part10)
        judged = subprocess.run(
            ["/usr/bin/dciodvfy", "-new", file], capture_output=True, text=True, check=False
        )
        lines = (judged.stdout + judged.stderr).splitlines()
        assert [line for line in lines if line.startswith("Error")] == []
        if modality == "SR":
            dumped = subprocess.run(
                ["/usr/bin/dsrdump", file], capture_output=True, text=True, check=False
            )
            assert (
                dumped.returncode,
                [line for line in dumped.stderr.splitlines() if line.startswith(("E:", "F:"))],
            ) == (0, [])
