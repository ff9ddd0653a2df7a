"""When a study is settled: a clock that the test moves, a store that is real."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.dicom_header import read_header
from adapters.store import Store
from gateway.content_file import file_of
from gateway.intake import Intake, Settle, analysis_key
from gateway.settings import load_settings
from gateway.transcription_arrival import transcribe_on_arrival
from ml.speech.waveform import BASIC_VOICE, GENERAL_AUDIO
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from tests.make_study import SmallStudy, small_study
from tests.make_waveform import write_waveform

START = datetime(2026, 1, 2, 8, 0, tzinfo=UTC)


class Reception:
    """An intake on a real store whose clock stands until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.store = Store(folder / "store", clock=lambda: self.now)
        self.intake = Intake(
            self.store,
            Settle(),
            clock=lambda: self.now,
            on_audio=transcribe_on_arrival(load_settings({})),
        )

    def receive(self, study: SmallStudy, association: str, *, gap_s: float = 0.05) -> None:
        """Take every instance of a study, the clock moving between them."""
        for file in study.files:
            self.now += timedelta(seconds=gap_s)
            self.take(file, association)

    def take(self, file: Path, association: str = "a") -> None:
        """Take one instance."""
        part10 = file.read_bytes()
        self.intake.store_instance(
            read_header(part10), part10, sender="TESTER", association=association
        )

    def due_in(self, study: SmallStudy) -> float | None:
        """Seconds until the waiting analysis is due; None when none waits."""
        waiting = self.store.transact(lambda tx: tx.pending(analysis_key(study.uid)))
        return None if waiting is None else (waiting[1] - self.now).total_seconds()


@pytest.fixture
def reception(tmp_path):
    """A reception that is closed at the end."""
    opened = Reception(tmp_path)
    yield opened
    opened.store.close()


def test_released_association_makes_the_study_due_soon(reception, tmp_path):
    """Release is a hint: the analysis waits a few gaps between instances, not the long quiet time."""
    study = small_study(tmp_path / "s", "released")
    reception.receive(study, "a")
    assert reception.due_in(study) == pytest.approx(2.0, abs=0.01)
    reception.intake.association_ended("a", aborted=False)
    assert reception.due_in(study) == pytest.approx(0.2, abs=0.06)


def test_imaging_study_is_in_step_when_the_association_ends(reception, tmp_path):
    """Without any worker the ImagingStudy counts what is stored, also after an abort."""
    study = small_study(tmp_path / "s", "step")
    reception.receive(study, "a")
    reception.intake.association_ended("a", aborted=True)
    (found,) = reception.store.search("ImagingStudy", []).matches
    assert len(study.files) == found.json()["numberOfInstances"]


def test_aborted_association_is_no_hint(reception, tmp_path):
    """After an abort the long quiet time holds: the sender may come back."""
    study = small_study(tmp_path / "s", "aborted")
    reception.receive(study, "a")
    reception.intake.association_ended("a", aborted=True)
    assert reception.due_in(study) == pytest.approx(2.0, abs=0.01)


def test_quiet_time_follows_the_rhythm_of_the_sender(reception, tmp_path):
    """Slow senders are given more time, up to the bound."""
    study = small_study(tmp_path / "s", "slow")
    reception.receive(study, "a", gap_s=1.0)
    assert 2.5 < reception.due_in(study) <= 5.0


def test_another_open_association_of_the_study_keeps_it_open(reception, tmp_path):
    """The study is not due soon while a second association still sends to it."""
    study = small_study(tmp_path / "s", "two")
    first = SmallStudy(study.files[:5], study.facts)
    second = SmallStudy(study.files[5:], study.facts)
    reception.receive(first, "a")
    reception.receive(second, "b")
    reception.intake.association_ended("a", aborted=False)
    assert reception.due_in(study) == pytest.approx(2.0, abs=0.01)


def test_three_series_six_seconds_apart_give_one_waiting_job_each_time(reception, tmp_path):
    """Three associations 6 s apart: never do two jobs wait, and there is one ImagingStudy."""
    for number in (1, 2, 3):
        study = small_study(tmp_path / str(number), "three", series=number)
        reception.receive(study, f"a{number}")
        reception.intake.association_ended(f"a{number}", aborted=False)
        assert reception.due_in(study) is not None
        reception.now += timedelta(seconds=6)
    assert reception.store.status()["jobs_waiting"] == 1
    assert reception.store.search("Task", []).total == 1
    assert reception.store.search("ImagingStudy", []).total == 1


def test_announced_count_makes_the_study_due_at_once(reception, tmp_path):
    """With the last of the announced instances the analysis is due; before, missing ones are waited for."""
    study = small_study(tmp_path / "s", "counted")
    announced = {
        "resourceType": "ImagingStudy",
        "id": "ehr",
        "status": "registered",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{study.uid}"}],
        "subject": {"reference": "Patient/p"},
        "numberOfInstances": len(study.files),
    }
    reception.store.transact(lambda tx: tx.put(announced))
    reception.receive(SmallStudy(study.files[:-1], study.facts), "a")
    assert reception.due_in(study) == pytest.approx(30.0, abs=0.01)
    reception.receive(SmallStudy(study.files[-1:], study.facts), "a")
    assert reception.due_in(study) == pytest.approx(0.0, abs=0.01)


def test_same_uid_with_other_content_is_refused_and_leaves_the_first(reception, tmp_path):
    """A second object under a known SOP Instance UID is a duplicate; the stored one stays as it was."""
    study = small_study(tmp_path / "s", "other")
    reception.receive(study, "a")
    part10 = study.files[0].read_bytes()
    changed = part10[:-4] + bytes(b ^ 1 for b in part10[-4:])
    with pytest.raises(OperationOutcomeError) as refused:
        reception.intake.store_instance(
            read_header(changed), changed, sender="TESTER", association="b"
        )
    assert refused.value.kind.code == "duplicate"
    assert len(study.files) == reception.store.status()["instances"]


def test_instance_without_a_patient_id_gets_a_patient_of_its_own(reception, tmp_path):
    """Two studies without Patient ID are never merged by name."""
    studies = [
        small_study(tmp_path / n, n, patient_id="", patient_name="Doe^Jane") for n in ("x", "y")
    ]
    for study in studies:
        reception.receive(study, study.uid)
    patients = {reception.store.study(study.uid).patient_id for study in studies}
    assert len(patients) == 2


@pytest.mark.parametrize("sop", [BASIC_VOICE, GENERAL_AUDIO])
def test_an_audio_object_is_a_recording(sop, reception, tmp_path):
    """Media, Binary and the Task of its note come with the object, once; nothing is there to be analysed."""
    file = write_waveform(tmp_path / "a.dcm", bytes(800), sop=sop)
    for association in ("a", "b"):
        reception.take(file, association)
        reception.intake.association_ended(association, aborted=False)
    (media,) = [one.json() for one in reception.store.search("Media", []).matches]
    require_admissible(media)
    header = read_header(file.read_bytes())
    assert media["identifier"][0]["value"] == f"urn:oid:{header.sop_uid}"
    (patient,) = [one.json() for one in reception.store.search("Patient", []).matches]
    assert media["subject"]["reference"] == f"Patient/{patient['id']}"
    assert patient["identifier"][0]["value"] == "P-audio"
    (study,) = [one.json() for one in reception.store.search("ImagingStudy", []).matches]
    assert media["partOf"] == [{"reference": f"ImagingStudy/{study['id']}"}]
    assert media["createdDateTime"] == "2026-03-02"
    binary = reception.store.read("Binary", media["id"]).json()
    require_admissible(binary)
    assert file_of(binary, reception.store).read_bytes() == file.read_bytes()
    (task,) = [one.json() for one in reception.store.search("Task", []).matches]
    assert task["code"]["coding"][0]["code"] == "transcribe"
    assert task["focus"]["reference"] == f"Media/{media['id']}"


def test_a_study_without_audio_is_no_recording(reception, tmp_path):
    """Images, and waveforms that are no audio, are kept and analysed as ever, and no Media comes of them."""
    ecg = "1.2.840.10008.5.1.4.1.1.9.1.1"
    reception.take(write_waveform(tmp_path / "e.dcm", bytes(800), sop=ecg, study="ecg"))
    study = small_study(tmp_path / "s", "mixed")
    reception.receive(study, "a")
    assert reception.due_in(study) is not None
    assert reception.store.search("Media", []).matches == ()
    assert reception.store.search("Binary", []).matches == ()
