"""``isthmus bench speech`` measures the path that the worker takes."""

from conformance import bench_speech


def test_every_promise_has_its_figure(monkeypatch):
    """Memory, the time over the bare recogniser, detection and decoding each come out of one run."""
    for name, seconds in (("LONG_S", 24), ("SHORT_S", 12), ("MINUTE_S", 6)):
        monkeypatch.setattr(bench_speech, name, seconds)
    result = bench_speech.run(1)
    assert result["memory"]["segments"] > 0
    assert result["memory"]["over_model_mb"] >= result["memory"]["over_first_minute_mb"]
    assert result["over_bare"] > 0
    assert 0 < result["detection_real_time_factor"] < 1
    assert set(result["decoding_times_real_time"]) == {"wav", "flac", "mp3", "ogg", "m4a", "webm"}
