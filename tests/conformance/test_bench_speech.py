"""``isthmus bench speech`` measures the path that the worker takes."""

import json

import pytest

from conformance import bench, bench_speech, speech_live, speech_memory, speech_runs, speech_speed
from conformance.made_visit import made_visit, words_in
from conformance.tiny_whisper import Recital, write_whisper


@pytest.fixture(autouse=True)
def short(monkeypatch, tmp_path):
    """Recordings of seconds, and a site whose Whisper directory is small."""
    write_whisper(tmp_path / "models" / "small", Recital(speech_runs.SHORT_TEXT))
    monkeypatch.setenv("ISTHMUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(speech_runs, "MINUTE_S", 6)
    monkeypatch.setattr(speech_memory, "MINUTE_S", 6)
    monkeypatch.setattr(speech_memory, "LONG_S", 24)
    monkeypatch.setattr(speech_memory, "BARE_S", 12)
    monkeypatch.setattr(speech_speed, "SPEED_S", 11)
    monkeypatch.setattr(speech_speed, "PARTS_S", 6)
    monkeypatch.setattr(speech_live, "LIVE_S", 8)


def test_every_promise_has_its_figure():
    """Memory, the time over the bare recogniser, the lag of live words and notes come out of one run."""
    result = bench_speech.run(2)
    assert set(result) == set(bench_speech.PARTS)
    memory = result["memory"]
    assert memory["over_model_mb"] >= memory["over_first_minute_mb"] >= 0
    speed = result["speed"]
    assert speed["over_bare"] > 0
    assert speed["over_bare_processor"] > 0
    assert speed["model"].startswith("small (")
    assert 0 < result["parts"]["detection_real_time_factor"] < 1
    assert set(result["parts"]["decoding_times_real_time"]) == {
        *("wav", "flac", "mp3", "ogg", "m4a", "webm")
    }
    for live in (result["live"]["wall"], result["live"]["one_core"]):
        assert 0 < live["lag_median_s"] <= live["lag_95_s"] <= live["lag_worst_s"]
        assert 0 <= live["within_1_s"] <= 1
        assert live["windows"] > 1
    assert result["structuring"]["visit_15_min"]["sentences"] > 10


def test_a_part_is_measured_alone(capsys):
    """One part gives its own figures as one JSON object."""
    assert bench.main(["speech", "--json", "--part", "parts"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"parts"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speech", "--part", "video"], "speech has the parts memory, speed"),
        (["scrub", "--part", "speed"], "scrub has no parts"),
    ],
)
def test_an_unknown_part_is_refused(arguments, said, capsys):
    """A part that there is not ends with those there are, before anything is measured."""
    with pytest.raises(SystemExit) as ended:
        bench.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_without_a_model_of_the_site_the_output_says_so(monkeypatch, tmp_path):
    """A model that was made for the measurement is not taken for a real one."""
    monkeypatch.setenv("ISTHMUS_MODELS", str(tmp_path / "none"))
    monkeypatch.setattr(speech_runs, "VOCABULARY", 0)
    model = speech_runs.site_model(tmp_path, speech_runs.SHORT_TEXT)
    assert "random weights" in model.text
    assert "words are not" in model.text


def test_a_made_visit_has_as_much_talk_as_a_real_one():
    """Fifteen minutes have the words of fifteen minutes, and no two rounds of them are the same."""
    visit = made_visit(15)
    assert 2100 <= words_in(visit) <= 2400
    assert len({one.text for one in visit.segments}) > len(visit.segments) / 2
    assert [one.number for one in visit.segments] == list(range(len(visit.segments)))
