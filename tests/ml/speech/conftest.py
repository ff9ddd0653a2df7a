"""A Whisper that recites, loaded once."""

import pytest

from conformance.tiny_whisper import Recital, write_whisper
from ml.speech import transcribe
from ml.worker import Places

TEXT = (
    "The patient takes metformin twice a day. She has no chest pain. "
    "Her blood pressure is a hundred and forty over ninety today."
)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A models folder with one Whisper directory."""
    folder = tmp_path_factory.mktemp("models")
    write_whisper(folder / "whisper-tiny", Recital(f" {TEXT}", multilingual=True))
    return folder


@pytest.fixture(scope="session")
def whisper(models):
    """What the lane has in memory."""
    return transcribe.load(Places(models, models))
