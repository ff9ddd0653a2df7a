"""The transcript of a note as it is kept here, by the review Task that names it."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from adapters.store import Store, Transaction
from profiles.builders.composition_record import NOTE, TRANSCRIPT
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.speech_records import ScribeNote, Transcript
from profiles.task import input_of

Records = Store | Transaction


def found(records: Records, reference: str) -> Mapping[str, Any]:
    """What a relative reference leads to, empty where that is not here."""
    kind, _, key = reference.partition("/")
    stored = records.current(kind, key) if kind and key and "/" not in key else None
    return {} if stored is None or stored.deleted else stored.json()


def transcript_binary(records: Records, review: Mapping[str, Any]) -> str:
    """Reference of the transcript of a note in our JSON, empty where it is not kept here."""
    document = found(records, _named(review, TRANSCRIPT))
    for content in document.get("content", ()):
        url = str(content.get("attachment", {}).get("url", ""))
        if "data" in found(records, url):
            return url
    return ""


def kept_transcript(records: Records, review: Mapping[str, Any]) -> Transcript | None:
    """The transcript of a note, None where it is not kept here."""
    reference = transcript_binary(records, review)
    return transcript_in(records, reference) if reference else None


def transcript_in(records: Records, reference: str) -> Transcript:
    """The transcript in a Binary of ours (``not-found``)."""
    return from_json(Transcript, _content(records, reference))


def kept_template(records: Records, review: Mapping[str, Any]) -> str:
    """The section template that the scribe was given, empty where its record is not here."""
    reference = _named(review, NOTE)
    if "data" not in found(records, reference):
        return ""
    return from_json(ScribeNote, _content(records, reference)).template


def _content(records: Records, reference: str) -> Any:
    binary = found(records, reference)
    if "data" not in binary:
        raise OperationOutcomeError("not-found", "the transcript of this note is not kept here")
    return orjson.loads(base64.b64decode(binary["data"]))


def _named(review: Mapping[str, Any], name: str) -> str:
    """Reference in an input of the review."""
    values = [one.get("valueReference", {}) for one in input_of(review, name)]
    return str(values[0].get("reference", "")) if values else ""
