"""The true path: files through faster-whisper on a CTranslate2 model, to segments with real times."""

import json
import shutil

import numpy as np
import pytest

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from conformance.tiny_whisper import Recital, write_whisper
from ml.models import SPEECH, bundle_folders, describe_models
from ml.speech import transcribe
from ml.speech.whisper_folder import MODEL, find_whisper
from ml.worker import Places
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json
from profiles.speech_records import Audio, Transcript, TranscriptionRequest
from tests.make_audio import silence, tone
from tests.ml.speech.conftest import TEXT

QUIET = lambda *_: None  # noqa: E731


def _request(path, *, roles=(), language="en", content_type="", **more):
    audio = Audio("Media/1", str(path), content_type, roles)
    return TranscriptionRequest(audio, language, **more)


def test_speech_becomes_segments_in_the_recordings_time(whisper, tmp_path):
    """Words come back in order, within the speech and not in the silence around it."""
    sound = np.concatenate([silence(2), voice(8), silence(3)])
    path = write_audio(tmp_path / "a.flac", sound)
    transcript = transcribe.run(whisper, _request(path), QUIET)
    assert " ".join(segment.text for segment in transcript.segments) == TEXT
    assert [segment.number for segment in transcript.segments] == list(
        range(len(transcript.segments))
    )
    words = [word for segment in transcript.segments for word in segment.words]
    assert all(1.7 <= word.start_s <= word.end_s <= 10.5 for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert all(word.probability is not None for word in words)
    assert transcript.duration_s == 13.0
    assert transcript.language == "en"
    assert {name for name, _ in transcript.digests} >= {"model.bin", "config.json"}


@pytest.mark.parametrize("sound", [silence(4), tone(4)], ids=["silence", "music"])
def test_nothing_is_invented_where_nobody_speaks(sound, whisper, tmp_path):
    """A model that always recites says nothing on silence and tones, and the reason is given."""
    path = write_audio(tmp_path / "a.wav", sound)
    transcript = transcribe.run(whisper, _request(path), QUIET)
    assert transcript.segments == ()
    assert {remark.kind for remark in transcript.remarks} & {"silence", "not-speech"}


def test_each_channel_is_recognised_alone(whisper, tmp_path):
    """Two persons on two channels give segments with their roles, in the order of time."""
    doctor = np.concatenate([voice(6), silence(8)])
    patient = np.concatenate([silence(8), voice(6, seed=3, pitch=200)])
    path = write_audio(tmp_path / "a.wav", doctor, patient)
    transcript = transcribe.run(whisper, _request(path, roles=("doctor", "patient")), QUIET)
    starts = [segment.start_s for segment in transcript.segments]
    assert starts == sorted(starts)
    assert [s.role for s in transcript.segments] == ["doctor"] * 3 + ["patient"] * 3
    assert {segment.role_confidence for segment in transcript.segments} == {1.0}
    assert all(s.start_s >= 7.5 for s in transcript.segments if s.role == "patient")


def test_swapped_channels_swap_the_roles_and_nothing_else(whisper, tmp_path):
    """What is said and when does not depend on which channel a person has."""
    one, other = np.concatenate([voice(5), silence(6)]), np.concatenate([silence(6), voice(5)])
    texts = []
    for name, channels in (("a.wav", (one, other)), ("b.wav", (other, one))):
        path = write_audio(tmp_path / name, *channels)
        found = transcribe.run(whisper, _request(path, roles=("doctor", "patient")), QUIET)
        texts.append([(s.text, s.start_s) for s in found.segments])
        first = found.segments[0].role
        assert first == ("doctor" if name == "a.wav" else "patient")
    assert texts[0] == texts[1]


def test_one_sound_on_both_channels_is_recognised_once(whisper, tmp_path):
    """A mono recording stored as stereo has no roles by channel and says why."""
    path = write_audio(tmp_path / "a.wav", voice(6), voice(6))
    transcript = transcribe.run(whisper, _request(path, roles=("doctor", "patient")), QUIET)
    assert {segment.role for segment in transcript.segments} == {""}
    assert len(transcript.segments) == 3
    assert "channels" in {remark.kind for remark in transcript.remarks}


def test_what_is_wrong_with_a_file_is_said(whisper, tmp_path):
    """A cut, wrongly declared and clipped file is transcribed as far as it goes, with three remarks."""
    whole = write_audio(tmp_path / "a.flac", np.clip(voice(12) * 8, -1, 1))
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    transcript = transcribe.run(whisper, _request(cut, content_type="audio/wav"), QUIET)
    assert transcript.segments
    assert {"truncated", "content-type", "clipped"} <= {r.kind for r in transcript.remarks}


def test_a_language_is_found_where_none_is_given(whisper, tmp_path):
    """Without a hint the model's own language token decides, and the record survives JSON."""
    path = write_audio(tmp_path / "a.ogg", voice(6))
    transcript = transcribe.run(whisper, _request(path, language=""), QUIET)
    assert transcript.language in whisper.languages
    again = from_json(Transcript, json.loads(json.dumps(to_json(transcript))))
    assert again == transcript
    unknown = transcribe.run(whisper, _request(path, language="tlh-Latn"), QUIET)
    assert "languages" in {remark.kind for remark in unknown.remarks}


def test_names_of_the_record_reach_the_model(whisper, tmp_path):
    """Hotwords stand in front of what the model reads: its recital begins later by their length."""
    path = write_audio(tmp_path / "a.flac", voice(8))
    with_names = transcribe.run(whisper, _request(path, vocabulary=("lisinopril",)), QUIET)
    without = transcribe.run(whisper, _request(path), QUIET)
    told = " ".join(segment.text for segment in with_names.segments)
    said = " ".join(segment.text for segment in without.segments)
    assert told != said
    assert said.endswith(told)


def test_progress_goes_from_second_to_second_to_the_end(whisper, tmp_path):
    """Every second that was read is reported, out of the duration that the file announces."""
    path = write_audio(tmp_path / "a.flac", np.concatenate([voice(3), silence(4)]))
    told = []
    transcribe.run(whisper, _request(path), lambda *said: told.append(said))
    assert told == [(second, 7, "s") for second in range(1, 8)]


def test_no_model_says_what_to_put_where(tmp_path):
    """Without a Whisper directory the worker is off and says what is missing, as the doctor does."""
    with pytest.raises(OperationOutcomeError, match=r"model\.bin") as refused:
        transcribe.load(Places(tmp_path, tmp_path))
    assert refused.value.kind_name == "not-found"
    described = {model.name: model for model in describe_models(tmp_path)}
    assert described[SPEECH].refused
    assert "CTranslate2" in described[SPEECH].text


def test_a_whisper_directory_is_no_imaging_bundle(models):
    """The doctor names the speech model as such and refuses it not as a bundle."""
    described = {model.name: model for model in describe_models(models)}
    assert not described[SPEECH].refused
    assert "whisper-tiny" not in {folder.name for folder in bundle_folders(models)}


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "vocabulary.json"])
def test_an_incomplete_directory_is_refused_by_name(name, models, tmp_path):
    """A directory without one of its files is refused instead of fetched from the network."""
    shutil.copytree(models / "whisper-tiny", tmp_path / "m" / "a")
    (tmp_path / "m" / "a" / name).unlink()
    with pytest.raises(OperationOutcomeError, match=name.replace(".", r"\.")):
        transcribe.load(Places(tmp_path / "m", tmp_path))


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json"])
def test_a_damaged_directory_is_refused(name, models, tmp_path):
    """A directory with a cut file is refused with a clear error."""
    shutil.copytree(models / "whisper-tiny", tmp_path / "m" / "a")
    file = tmp_path / "m" / "a" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(OperationOutcomeError) as refused:
        transcribe.load(Places(tmp_path / "m", tmp_path))
    assert refused.value.kind_name == "value"


def test_of_several_the_first_by_name_is_taken(models, tmp_path):
    """Snapshots of a hub are found in their folders, and other CTranslate2 models are passed over."""
    for place in ("b/snapshots/1", "a/snapshots/2"):
        shutil.copytree(models / "whisper-tiny", tmp_path / place)
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / MODEL).write_bytes(b"\x06\0\0\0\x17\0TransformerEncoderSpec")
    assert find_whisper(tmp_path) == tmp_path / "a" / "snapshots" / "2"


def test_another_number_of_mel_bands_is_refused(tmp_path, models):
    """A preprocessor configuration of another model is named instead of failing at every recording."""
    shutil.copytree(models / "whisper-tiny", tmp_path / "m" / "a")
    (tmp_path / "m" / "a" / "preprocessor_config.json").write_text('{"feature_size": 128}')
    with pytest.raises(OperationOutcomeError, match="mel bands"):
        transcribe.load(Places(tmp_path / "m", tmp_path))


def test_a_loop_is_said_once_and_marked(tmp_path):
    """A model that repeats itself for ever leaves one phrase, marked for a person."""
    text = " he said yes it hurts" * 40
    write_whisper(tmp_path / "m" / "loop", Recital(text))
    engine = transcribe.load(Places(tmp_path / "m", tmp_path))
    path = write_audio(tmp_path / "a.wav", voice(8))
    transcript = transcribe.run(engine, _request(path), QUIET)
    said = " ".join(segment.text for segment in transcript.segments)
    assert said.count("it hurts") <= 3
    assert all({"repetition", "low-confidence"} & set(s.flags) for s in transcript.segments)


def test_guesses_are_marked(tmp_path):
    """A model that is sure of nothing gives text that is marked as uncertain."""
    write_whisper(tmp_path / "m" / "unsure", Recital(f" {TEXT}", sureness=0.08))
    engine = transcribe.load(Places(tmp_path / "m", tmp_path))
    path = write_audio(tmp_path / "a.wav", voice(8))
    transcript = transcribe.run(engine, _request(path), QUIET)
    assert all("low-confidence" in segment.flags for segment in transcript.segments)
    marked = next(r for r in transcript.remarks if r.kind == "low-confidence")
    assert marked.segments == tuple(segment.number for segment in transcript.segments)
