"""The speech server of a site: what it is sent, and that nothing it answers gets past us unnoticed."""

import json
import subprocess
import sys
import urllib.request
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.speech.answer import read_answer
from adapters.speech.remote import TRIES, transcribe
from adapters.speech.server import SpeechServer, speech_server
from gateway import doctor
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Audio, TranscriptionRequest

SCRIPT = Path(__file__).with_name("speech_server.py")


class Site:
    """A running speech server and what it has seen."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.server = SpeechServer(f"{self.root}/v1", "whisper-large-v3", timeout_s=30)

    def next(self, *todo: dict[str, Any]) -> None:
        """Say what it does with the next requests."""
        request = urllib.request.Request(f"{self.root}/next", json.dumps(todo).encode())  # noqa: S310
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310

    def seen(self) -> list[dict[str, Any]]:
        """The requests since ``next``."""
        with urllib.request.urlopen(f"{self.root}/seen", timeout=30) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)
        return found


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    """A speech server in its own process."""
    with subprocess.Popen([sys.executable, str(SCRIPT)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Site(int(process.stdout.readline()))
        process.kill()


@pytest.fixture
def site(running: Site) -> Site:
    """The speech server with nothing seen yet."""
    running.next()
    return running


@pytest.fixture
def request_of(tmp_path: Path) -> TranscriptionRequest:
    """A second of silence, in English, with two names."""
    path = tmp_path / "visit"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    audio = Audio("Media/1", str(path), "audio/wav")
    return TranscriptionRequest(audio, "en-US", ("metformin", "lisinopril", "metformin"))


def _never(seconds: float) -> None:
    del seconds


def test_a_recording_is_sent_whole_and_comes_back_with_times(site, request_of, tmp_path):
    """The multipart has file, model, language, names and wished times; the answer has segments and words."""
    key = tmp_path / "key"
    key.write_text("secret-1\n")
    found = transcribe(request_of, replace(site.server, key_file=str(key)))
    (sent,) = site.seen()
    assert sent["path"] == "/v1/audio/transcriptions"
    assert sent["key"] == "Bearer secret-1"
    assert sent["file"] == ["recording.wav", "audio/wav", 32_044]
    assert (sent["model"], sent["language"]) == (["whisper-large-v3"], ["en"])
    assert sent["prompt"] == ["metformin, lisinopril"]
    assert sent["timestamp_granularities[]"] == ["segment", "word"]
    assert (found.engine, found.engine_version) == ("openai-compatible", "whisper-large-v3")
    assert [one.text for one in found.segments] == ["Good morning.", "Any pain?"]
    assert [len(one.words) for one in found.segments] == [2, 2]
    assert (found.duration_s, found.language) == (2.0, "en-US")


def test_the_doubts_of_the_engine_become_flags(site, request_of):
    """A segment that is improbable, silent and repetitive is kept and marked as all three."""
    first, second = transcribe(request_of, site.server).segments
    assert first.flags == ()
    assert second.flags == ("low-confidence", "no-speech", "repetition")


def test_a_server_without_times_is_asked_for_the_text(site, request_of):
    """One that refuses verbose_json gets a second request, and a remark says that times are missing."""
    site.next({"status": 400, "body": '{"error": {"message": "verbose_json"}}'})
    found = transcribe(request_of, site.server)
    assert [one["response_format"] for one in site.seen()] == [["verbose_json"], ["json"]]
    assert [(one.start_s, one.text) for one in found.segments] == [
        (None, "Good morning."),
        (None, "Any pain?"),
    ]
    assert [remark.kind for remark in found.remarks] == ["no-times"]


def test_only_what_was_not_looked_at_is_tried_again(site, request_of):
    """429 and 503 are tried again as the server asks, and given up after some tries; 500 is not."""
    waited: list[float] = []
    site.next({"status": 429, "headers": {"Retry-After": "7"}}, {"status": 503})
    assert transcribe(request_of, site.server, rest=waited.append).segments
    assert waited == [7.0, 2.0]
    site.next(*[{"status": 503}] * (TRIES + 1))
    with pytest.raises(OperationOutcomeError, match="503") as raised:
        transcribe(request_of, site.server, rest=_never)
    assert (raised.value.kind_name, len(site.seen())) == ("throttled", TRIES)
    site.next({"status": 500})
    with pytest.raises(OperationOutcomeError, match="500"):
        transcribe(request_of, site.server, rest=_never)
    assert len(site.seen()) == 1


@pytest.mark.parametrize(
    ("todo", "kind"),
    [
        ({"body": "<html>Bad gateway</html>"}, "transient"),
        ({"body": ""}, "transient"),
        ({"body": "[]"}, "transient"),
        ({"body": '{"error": {"message": "no"}}'}, "transient"),
        ({"body": '{"text": 1}'}, "transient"),
        ({"body": '{"text": "a", "segments": [{"start": 2, "end": 1, "text": "a"}]}'}, "transient"),
        (
            {"body": '{"text": "a", "segments": [{"start": NaN, "end": 1, "text": "a"}]}'},
            "transient",
        ),
        ({"cut": True}, "transient"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}, "transient"),
        ({"status": 401}, "login"),
        ({"status": 404}, "not-found"),
        ({"status": 413}, "too-costly"),
    ],
)
def test_an_answer_that_is_none_is_a_clear_error(site, request_of, todo, kind):
    """HTML, nothing, wrong JSON, a cut connection, a redirect and refusals are errors of their own kind."""
    site.next(todo)
    with pytest.raises(OperationOutcomeError) as raised:
        transcribe(request_of, site.server, rest=_never)
    assert raised.value.kind_name == kind
    assert "speech server" in raised.value.diagnostics


def test_a_recording_that_is_refused_twice_is_at_fault(site, request_of):
    """Where neither format is taken, the recording is refused and nobody else is blamed."""
    site.next({"status": 400}, {"status": 400})
    with pytest.raises(OperationOutcomeError) as raised:
        transcribe(request_of, site.server)
    assert raised.value.kind_name == "invalid"


def test_a_large_recording_is_cut_or_refused(site, request_of):
    """Beyond the limit it is refused, unless it can be cut: then times count from its beginning."""
    small = replace(site.server, max_upload=20_000)
    with pytest.raises(OperationOutcomeError, match="at once"):
        transcribe(request_of, small)
    assert site.seen() == []
    piece = Path(request_of.audio.path).read_bytes()[:16_000]
    found = transcribe(request_of, small, splitter=lambda path, most: [(0.0, piece), (10.0, piece)])
    assert [one.start_s for one in found.segments] == [0.0, 1.1, 10.0, 11.1]
    assert [one.number for one in found.segments] == [0, 1, 2, 3]
    assert found.segments[2].words[0].start_s == 10.0
    assert found.duration_s == 12.0


def test_what_is_no_recording_is_not_sent(site, tmp_path):
    """Bytes of no known kind, and a file that is gone, are refused here."""
    path = tmp_path / "text"
    path.write_text("good morning")
    for name, kind in ((path, "media-type"), (tmp_path / "gone", "not-found")):
        with pytest.raises(OperationOutcomeError) as raised:
            transcribe(TranscriptionRequest(Audio("Media/1", str(name))), site.server)
        assert raised.value.kind_name == kind
    assert site.seen() == []


@pytest.mark.parametrize(
    "address",
    [
        "http://speech.example/v1",
        "ftp://127.0.0.1",
        "https://u@speech.example",
        "https://",
        "http://[",
    ],
)
def test_a_recording_goes_over_a_safe_address_only(address):
    """Plain http beyond this machine and addresses with a user stop the start."""
    with pytest.raises(OperationOutcomeError) as raised:
        speech_server(address, "whisper")
    assert raised.value.expression == "speech_server"


def test_a_key_that_cannot_be_used_is_never_shown(tmp_path):
    """A key of two lines is refused without repeating it; no server and no model are told apart."""
    key = tmp_path / "key"
    key.write_text("secret-1\nsecret-2")
    with pytest.raises(OperationOutcomeError) as raised:
        speech_server("https://speech.example/v1", "whisper", str(key))
    assert "secret" not in raised.value.diagnostics
    assert speech_server("", "") is None
    with pytest.raises(OperationOutcomeError, match="speech_model"):
        speech_server("https://speech.example/v1", "")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["text", "segments", "words", "start", "end", "word", "duration", "language"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_is_an_answer_or_an_error(said):
    """Whatever JSON comes: segments in order, numbered without gaps, or an error of ours."""
    try:
        answer = read_answer(json.dumps(said).encode())
    except OperationOutcomeError:
        return
    assert [one.number for one in answer.segments] == list(range(len(answer.segments)))
    assert all(one.text for one in answer.segments)


def test_the_doctor_says_which_speech_server_is_set(monkeypatch, capsys, tmp_path):
    """`isthmus doctor` names address and model, a problem where they do not fit, and off without one."""
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "none"))

    def line(of: str = "speech server") -> str:
        doctor.main([])
        said = capsys.readouterr().out.splitlines()
        return next(one for one in said if of in one)

    assert line().startswith("off")
    monkeypatch.setenv("ISTHMUS_SPEECH_SERVER", "https://speech.example/v1/")
    assert line().startswith("problem")
    monkeypatch.setenv("ISTHMUS_SPEECH_MODEL", "whisper-large-v3")
    assert "https://speech.example/v1, model whisper-large-v3, without a key" in line()
    monkeypatch.setenv("ISTHMUS_SPEECH_REALTIME", "wss://speech.example/v1/realtime")
    assert "wss://speech.example/v1/realtime, model whisper-large-v3" in line("realtime server")


def test_a_doubtful_answer_is_asked_for_once_more_without_names(site, request_of):
    """The names may have made it so: the second answer counts where it is none, else the first stays."""
    read_aloud = json.dumps({"text": "metformin, lisinopril", "segments": None})
    site.next({"body": read_aloud})
    found = transcribe(
        request_of, site.server, doubtful=lambda many: "metformin" in many[0].text, rest=_never
    )
    assert found.segments[0].text == "Good morning."
    assert [one.get("prompt") for one in site.seen()] == [["metformin, lisinopril"], None]
    site.next({"body": read_aloud}, {"body": json.dumps({"text": "metformin."})})
    kept = transcribe(
        request_of, site.server, doubtful=lambda many: "metformin" in many[0].text, rest=_never
    )
    assert kept.segments[0].text == "metformin, lisinopril"


def test_a_key_may_be_in_the_environment(site, request_of, monkeypatch):
    """`env:` and the name of a variable stand for a file."""
    monkeypatch.setenv("SPEECH_KEY", "secret")
    transcribe(request_of, replace(site.server, key_file="env:SPEECH_KEY"), rest=_never)
    assert site.seen()[0]["key"] == "Bearer secret"
