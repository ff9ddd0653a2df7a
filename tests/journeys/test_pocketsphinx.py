"""The experimental recogniser of ``examples/``: a real decoder on real speech, and said to be what it is."""

import os
import shutil
import urllib.request

import numpy as np
import pytest

from conformance.audio_file import write_audio
from gateway.demo.visit_speech import PROGRAM, spoken
from tests.make_audio import silence
from tests.make_gateway import ROOT, GatewayProcess, plug_in
from tests.make_recording import noted, output_of, recording, remarks_on, state_of

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")


@pytest.fixture
def gateway(tmp_path):
    """A gateway in which the plug-in has taken the place of Whisper; no model folder is given."""
    gateway = GatewayProcess(tmp_path, light=False, lanes="speech,scribe")
    added = plug_in(tmp_path / "plug-in", transcribe="isthmus_pocketsphinx")
    path = [str(added), str(ROOT / "examples" / "pocketsphinx"), str(ROOT)]
    gateway.environment["PYTHONPATH"] = os.pathsep.join(path)
    gateway.start()
    gateway.request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
    yield gateway
    gateway.stop_and_judge()


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="there is no espeak-ng to speak")
def test_speech_becomes_a_note_that_calls_its_engine_experimental(gateway, tmp_path):
    """Words come with times, all of them uncertain, and transcript and page name the engine."""
    sound = np.frombuffer(spoken().pcm, "<i2").reshape(-1, 2).sum(axis=1).astype(np.float32)
    task = noted(gateway, recording(write_audio(tmp_path / "a.flac", sound / 32768), "audio/flac"))
    assert state_of(task) == "done", task
    assert "What was recognised here is uncertain" in remarks_on(gateway, task)
    composition = gateway.get(output_of(task, "composition"))
    with urllib.request.urlopen(f"{gateway.base}/notes/{composition['id']}") as page:  # noqa: S310
        assert "EXPERIMENTAL, not for clinical use" in page.read().decode()


def test_silence_gives_no_words(gateway, tmp_path):
    """Nothing is heard where nothing was said."""
    task = noted(gateway, recording(write_audio(tmp_path / "s.flac", silence(20)), "audio/flac"))
    assert (state_of(task), output_of(task, "composition")) == ("not-analysed", "")
