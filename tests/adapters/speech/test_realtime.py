"""Turns over a real WebSocket: every sample arrives once, whatever the server does."""

import json
import os
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.speech.realtime import RATE, Said, Stream, hear_turns
from adapters.speech.realtime_events import Asked, Dialect, read_event
from adapters.speech.resample import Resampler, as_pcm, as_samples
from adapters.speech.server import RealtimeServer, realtime_server
from profiles.outcome import OperationOutcomeError
from tests.adapters.speech.realtime_server import (
    Behaviour,
    RealtimeSite,
    realtime_site,
    understood,
)

ASKED = Asked("whisper-large", "en", ("metformin", "lisinopril"))
DIALECTS = ("openai", "openai-beta", "vllm")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REALTIME_KEY", "realtime-key")


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[RealtimeSite]:
    """A server; whatever a test does with it, it must have been spoken to rightly."""
    with realtime_site(getattr(request, "param", "openai")) as running:
        yield running
        assert running.wrong == []


def _server(site: RealtimeSite, timeout_s: float = 20.0) -> RealtimeServer:
    found = realtime_server(site.address, "whisper-large", "env:REALTIME_KEY", timeout_s)
    assert found is not None
    return found


def _turns(number: int, seconds: float = 0.6) -> list[bytes]:
    """Audio of which every turn is another one."""
    random = np.random.default_rng(3)
    size = int(seconds * RATE)
    return [as_pcm(random.normal(0, 0.1, size).astype(np.float32)) for _ in range(number)]


def _as_sent(pcm: bytes, dialect: str) -> bytes:
    resampler = Resampler(RATE, Dialect(dialect).rate)
    return as_pcm(np.concatenate([resampler.feed(as_samples(pcm)), resampler.finish()]))


def _texts(turns: list[bytes], dialect: str) -> list[str]:
    return [understood(_as_sent(pcm, dialect)) for pcm in turns]


def _all(stream: Stream, number: int) -> list[Said]:
    """Poll until so many turns are final."""
    said: list[Said] = []
    while sum(one.final for one in said) < number:
        assert stream.trouble is None
        said += stream.poll(1.0)
    return said


@pytest.mark.parametrize("site", DIALECTS, indirect=True)
def test_turns_come_back_as_text_in_each_dialect(site):
    """Partial texts grow and end in a final one, for each turn its own; the greeting tells the dialect."""
    turns = _turns(3, 2.5)
    stream = Stream(_server(site), ASKED)
    said = []
    for number, pcm in enumerate(turns):
        for at in range(0, len(pcm), 6_400):
            stream.append(number, pcm[at : at + 6_400])
            said += stream.poll(0.0)
        stream.end(number)
    done = sum(one.final for one in said)
    said += _all(stream, 3 - done)
    finals = {one.turn: one.text for one in said if one.final}
    assert [finals[number] for number in range(3)] == _texts(turns, site.dialect)
    assert any(not one.final and one.text for one in said)
    assert stream.held == 0
    assert site.connections == (3 if site.dialect == "vllm" else 1)
    stream.close()


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("openai", {"prompt": "metformin, lisinopril", "language": "en"}),
        ("openai-beta", {"prompt": "metformin, lisinopril", "language": "en"}),
        ("vllm", {}),
    ],
    indirect=["site"],
)
def test_language_and_names_reach_the_server(site, expected):
    """What the dialect has room for is asked for: the model, the language and the names of the record."""
    (said,) = hear_turns(_server(site), ASKED, _turns(1))
    assert site.settings == [{"model": "whisper-large", **expected}]
    assert said.logprob == (None if site.dialect == "vllm" else -0.2)


def test_a_model_of_keywords_gets_keywords(site):
    """The newer models of OpenAI take names as a list."""
    hear_turns(_server(site), Asked("gpt-live-transcribe", "", ("metformin",)), _turns(1))
    assert site.settings == [{"model": "gpt-live-transcribe", "keywords": ["metformin"]}]


@pytest.mark.parametrize(
    "behaviour", [Behaviour(picky=True), Behaviour(beta=True)], ids=["plain", "beta"]
)
def test_settings_that_are_refused_are_asked_for_in_a_plainer_way(site, behaviour):
    """A model without names, and a server of the beta behind the newer greeting, are understood."""
    site.todo = [behaviour]
    turns = _turns(2)
    assert [one.text for one in hear_turns(_server(site), ASKED, turns)] == _texts(turns, "openai")
    assert site.connections == 1


@pytest.mark.parametrize("site", DIALECTS, indirect=True)
@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(drops_after=20_000),
        Behaviour(error="server_error"),
        Behaviour(nonsense="no JSON"),
        Behaviour(nonsense='{"type": "transcription.done"}'),
        Behaviour(status=503),
        Behaviour(greeting="[]"),
    ],
    ids=["drop", "error", "garbage", "no-text", "busy", "odd-greeting"],
)
def test_what_is_not_final_is_sent_again(site, behaviour):
    """After a drop, an error or nonsense the server gets every turn again from its first sample."""
    site.todo = [behaviour]
    turns = _turns(2)
    heard = hear_turns(_server(site), ASKED, turns)
    assert [one.text for one in heard] == _texts(turns, site.dialect)
    # What the server has understood and could not say any more, it has understood twice.
    assert set(site.turns) == {_as_sent(pcm, site.dialect) for pcm in turns}
    assert site.connections > 1


def test_a_turn_that_is_final_is_not_sent_again(site):
    """A connection that breaks in the second turn repeats the second turn alone."""
    turns = _turns(2)
    first = len(_as_sent(turns[0], "openai"))
    site.todo = [Behaviour(drops_after=first + 9_000)]
    stream = Stream(_server(site), ASKED)
    stream.append(0, turns[0])
    stream.end(0)
    said = _all(stream, 1)
    stream.append(1, turns[1])
    stream.end(1)
    said += _all(stream, 1)
    assert [one.text for one in said if one.final] == _texts(turns, "openai")
    assert site.turns == [_as_sent(pcm, "openai") for pcm in turns]
    stream.close()


def test_texts_out_of_order_find_their_turns(site):
    """Completed in another order than committed, twice each: every turn has its own text once."""
    site.todo = [Behaviour(holds=3)]
    turns = _turns(3)
    assert [one.text for one in hear_turns(_server(site), ASKED, turns)] == _texts(turns, "openai")


def test_a_server_that_does_not_answer_in_time_is_asked_again(site):
    """A turn that stays without text for too long is sent over a new connection."""
    now = [0.0]
    site.todo = [Behaviour(mute=True)]
    (turn,) = _turns(1)
    stream = Stream(_server(site), ASKED, clock=lambda: now[0])
    stream.append(0, turn)
    stream.end(0)
    assert stream.poll(0.2) == []
    now[0] = 30.0
    assert stream.poll(0.0) == []
    now[0] = 31.0
    said: list[Said] = []
    while not said or not said[-1].final:
        said += stream.poll(0.2)
    assert said[-1].text == understood(_as_sent(turn, "openai"))
    assert site.connections == 2
    stream.close()


def test_a_turn_that_fails_again_and_again_is_given_up_and_said(site):
    """The turn ends with the reason, the ones behind it are understood."""
    site.todo = [Behaviour(fails=True)] * 3
    turns = _turns(2)
    stream = Stream(_server(site), ASKED)
    for number, pcm in enumerate(turns):
        stream.append(number, pcm)
        stream.end(number)
    said: list[Said] = []
    while {0, 1} - {one.turn for one in said if one.final}:
        said += stream.poll(1.0)
    failed = [one for one in said if one.failed]
    assert [(one.turn, one.text) for one in failed] == [(0, "")]
    assert "odd" in failed[0].failed
    assert said[-1].text == _texts(turns, "openai")[1]
    stream.close()


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (Behaviour(status=401), "login"),
        (Behaviour(status=404), "not-found"),
        (Behaviour(status=400), "invalid"),
        (Behaviour(refuses="invalid_api_key"), "login"),
        (Behaviour(refuses="model_not_found"), "not-found"),
        (Behaviour(refuses="unknown_thing"), "invalid"),
    ],
)
def test_a_refusal_is_said_at_once_and_without_the_words_of_the_server(site, behaviour, kind):
    """What does not go away by asking again is not asked again; of the server's words only a code is kept."""
    site.todo = [behaviour]
    with pytest.raises(OperationOutcomeError) as refused:
        hear_turns(_server(site), ASKED, _turns(1))
    assert refused.value.kind_name == kind
    assert "John Doe" not in refused.value.diagnostics
    assert site.connections == 1


def test_a_server_that_is_not_there_is_said_after_some_tries():
    """Nobody listens: a transient error, not a traceback."""
    with realtime_site("openai") as gone:
        address = gone.address
    with pytest.raises(OperationOutcomeError) as refused:
        hear_turns(RealtimeServer(address, "m", timeout_s=5.0), ASKED, _turns(1))
    assert refused.value.kind_name == "transient"


@pytest.mark.parametrize("site", ["openai"], indirect=True)
def test_a_short_turn_is_made_long_enough(site):
    """Silence is put behind what would be refused as too short."""
    (said,) = hear_turns(_server(site), ASKED, _turns(1, 0.03))
    assert int(said.text.split()[0]) >= 2_400


@pytest.mark.parametrize(
    ("address", "model", "key_file", "setting"),
    [
        ("http://127.0.0.1/v1", "m", "", "speech_realtime"),
        ("ws://speech.example/v1/realtime", "m", "", "speech_realtime"),
        ("wss://user@speech.example/v1", "m", "", "speech_realtime"),
        ("wss://[", "m", "", "speech_realtime"),
        ("wss://speech.example:x/v1", "m", "", "speech_realtime"),
        ("wss://speech.example/v1/realtime", "", "", "speech_realtime_model"),
        ("wss://speech.example/v1/realtime", "m", "env:NO_SUCH_KEY", "speech_realtime_key_file"),
        ("wss://speech.example/v1/realtime", "m", "/nowhere", "speech_realtime_key_file"),
    ],
)
def test_a_server_that_is_set_wrongly_is_refused(address, model, key_file, setting):
    """The setting at fault is named before anything is sent anywhere."""
    assert "NO_SUCH_KEY" not in os.environ
    with pytest.raises(OperationOutcomeError) as refused:
        realtime_server(address, model, key_file)
    assert refused.value.expression == setting


_NAMES = st.sampled_from(
    ["item_id", "delta", "transcript", "logprobs", "logprob", "error", "code", "text", "session"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a\u00e9_", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)
_TYPES = st.sampled_from(
    [
        "session.created",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.input_audio_transcription.failed",
        "transcription.done",
        "error",
    ]
)


@settings(deadline=None)
@given(_TYPES, st.dictionaries(_NAMES, _JSON, max_size=4))
def test_any_event_is_read_or_refused(kind, members):
    """Whatever a server sends: an event with texts, or an error of ours."""
    try:
        event = read_event(json.dumps({**members, "type": kind}))
    except OperationOutcomeError:
        return
    assert isinstance(event.text + event.item + event.code, str)


@settings(deadline=None)
@given(st.text(max_size=40) | st.binary(max_size=40))
def test_any_message_is_read_or_refused(message):
    """No bytes raise anything but an error of ours."""
    try:
        read_event(message)
    except OperationOutcomeError:
        return


def test_a_tone_stays_a_tone():
    """What the new rate can hold keeps its shape and its place; what it cannot is taken out."""
    time = np.arange(48_000) / 48_000
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (440.0, 12_000.0))
    resampler = Resampler(48_000, 16_000)
    made = resampler.feed(low + high)
    expected = np.sin(2 * np.pi * 440 * np.arange(made.size) / 16_000)
    assert np.abs(made - expected)[100:].max() < 0.01


@settings(deadline=None)
@given(
    st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]),
    st.sampled_from([16_000, 24_000]),
    st.lists(st.integers(0, 700), max_size=6),
)
def test_blocks_are_resampled_as_the_whole_is(rate, wanted, sizes):
    """However a stream is cut, the same samples come out, as many as the rates say."""
    samples = np.random.default_rng(1).normal(0, 0.1, sum(sizes)).astype(np.float32)
    whole, parts = Resampler(rate, wanted), Resampler(rate, wanted)
    cuts = np.cumsum([0, *sizes])
    made = [parts.feed(samples[a:b]) for a, b in pairwise(cuts)]
    joined = np.concatenate([*made, parts.finish()])
    expected = np.concatenate([whole.feed(samples), whole.finish()])
    assert np.array_equal(joined, expected)
    assert joined.size == -(-samples.size * wanted // rate)
    assert as_pcm(as_samples(as_pcm(joined))) == as_pcm(joined)
