"""An audio waveform object of the archive as a recording: a Media, and a Binary that is the object's file."""

from typing import Any

from adapters.store import Transaction
from gateway.content_file import filed
from profiles.builders.audio_media import audio_binary, audio_media
from profiles.outcome import OperationOutcomeError
from profiles.records import InstanceHeader


def put_audio(tx: Transaction, header: InstanceHeader, digest: str, size: int) -> dict[str, Any]:
    """Write both in the transaction that indexes the object; the Media.

    Parameters
    ----------
    tx : Transaction
    header : InstanceHeader
        Of an object whose study is admitted.
    digest : str
        SHA-256 of the object's file.
    size : int
    """
    study = tx.study(header.study_uid)
    if study is None or not study.imaging_study_id:
        raise OperationOutcomeError("exception", "an audio object came before its study")
    tx.put(filed(audio_binary(header), digest, tx.secret))
    media = audio_media(header, size, study.patient_id, study.imaging_study_id)
    tx.put(media)
    return media
