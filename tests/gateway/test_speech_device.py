"""What a Whisper directory computes on is a setting: checked, shown by the doctor, kept by the lane."""

import dataclasses
from types import SimpleNamespace

import pytest

from conformance.tiny_whisper import Recital, write_whisper
from gateway import doctor, worker
from gateway.live.engine import listener
from gateway.settings import load_settings
from ml.speech import computing
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import TranscriptionRequest


@pytest.fixture
def settings(tmp_path):
    """Of a site with a Whisper directory."""
    write_whisper(tmp_path / "models" / "site", Recital(" yes"))
    return load_settings(
        {"ISTHMUS_MODELS": str(tmp_path / "models"), "ISTHMUS_DATA": str(tmp_path / "data")}
    )


@pytest.mark.parametrize(
    ("name", "value"), [("speech_device", "gpu"), ("speech_compute_type", "int4")]
)
def test_a_wrong_setting_stops_the_start(settings, name, value):
    """A device or a type that there is not ends the start, with those there are."""
    wrong = dataclasses.replace(settings, **{name: value})
    with pytest.raises(OperationOutcomeError, match=f"{name} is one of auto") as refused:
        listener(wrong, lambda *_: {})
    assert refused.value.kind_name == "value"


def test_the_doctor_says_what_is_computed_on(settings, monkeypatch):
    """The best device, and the one that stands in where it does not work."""
    library = SimpleNamespace(
        get_cuda_device_count=lambda: 1,
        get_supported_compute_types=lambda name: (
            {"float16", "int8"} if name == "cuda" else {"int8"}
        ),
    )
    monkeypatch.setattr(computing, "import_module", lambda _: library)
    (found,) = doctor._speech_device(settings)
    assert (found.state, found.text) == ("ok", "float16 on cuda; int8 on cpu if it does not work")
    library.get_cuda_device_count = lambda: 0
    (found,) = doctor._speech_device(dataclasses.replace(settings, speech_device="cuda"))
    assert found.state == "problem"
    assert "No GPU" in found.text


def test_without_a_model_there_is_nothing_to_say(settings, tmp_path):
    """A site whose recordings wait is not told about devices."""
    without = dataclasses.replace(settings, models=str(tmp_path / "none"))
    assert not list(doctor._speech_device(without))


def test_the_lane_loads_with_the_settings(settings, monkeypatch, tmp_path):
    """What the site has chosen reaches the worker that loads the model."""
    given = []

    def load(store, one, places):
        given.append(places)
        store.close()
        return worker.Loaded(one.SPEC, lambda job: None)

    monkeypatch.setattr(worker, "LOADERS", {TranscriptionRequest: load})
    monkeypatch.setattr(worker, "run_until_stopped", lambda *_: None)
    monkeypatch.setattr(worker, "missing", lambda spec: ())
    monkeypatch.setenv("ISTHMUS_SPEECH_DEVICE", "cpu")
    monkeypatch.setenv("ISTHMUS_SPEECH_COMPUTE_TYPE", "float32")
    assert worker.run_lane(tmp_path / "data", "speech", tmp_path / "models") == 0
    (places,) = given
    assert (places.speech_device, places.speech_compute_type) == ("cpu", "float32")
