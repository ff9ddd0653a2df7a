"""Every setting of the gateway, in one table; read once, at the start.

A setting comes from the environment (``ISTHMUS_`` and its name in capitals), else from the TOML file that
``ISTHMUS_CONFIG`` names, else from its default. An unknown or malformed one stops the start.
"""

import argparse
import difflib
import ipaddress
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from terminology.store_folder import FOLDER

PREFIX: Final = "ISTHMUS_"
TERMINOLOGY: Final = FOLDER
"""Folder of the compiled code systems, in the data folder."""
OTHER_VARIABLES: Final = frozenset({"ISTHMUS_CONFIG", "ISTHMUS_TORCH_INDEX", "ISTHMUS_TORCH"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table; ``unit`` is empty where there is none."""

    name: str
    default: Any
    unit: str
    text: str


TABLE: Final = (
    Setting("data", "isthmus-data", "", "folder of the store and its blobs"),
    Setting(
        "database", "", "", "postgresql:// address; empty: the embedded database in the folder"
    ),
    Setting("host", "127.0.0.1", "", "address to listen on; loopback until authentication exists"),
    Setting("http_port", 8080, "", "port of the FHIR endpoint"),
    Setting("dicom_port", 11112, "", "port of the DICOM SCP"),
    Setting("ae_title", "ISTHMUS", "", "our AE title"),
    Setting("called_ae_titles", (), "", "AE titles we answer to; empty: any"),
    Setting("calling_ae_titles", (), "", "AE titles that may send; empty: any"),
    Setting("peer_addresses", (), "", "IP addresses that may open an association; empty: any"),
    Setting("dicomweb_servers", (), "", "URL prefixes of DICOMweb servers that may be asked"),
    Setting("models", "models", "", "folder into which model bundles are dropped"),
    Setting("lanes", (), "", "lanes of AI workers whose processes run here; empty: all"),
    Setting("lane_processes", 1, "", "processes per lane of AI workers"),
    Setting("quiet_released_s", 0.03, "s", "shortest quiet time after an association was released"),
    Setting("quiet_open_s", 2.0, "s", "shortest quiet time while an association is open"),
    Setting("quiet_max_s", 5.0, "s", "longest quiet time"),
    Setting(
        "count_wait_s", 30.0, "s", "how long missing instances of a known count are waited for"
    ),
    Setting("fetch_timeout_s", 1800.0, "s", "time limit for fetching one study"),
    Setting("analyze_wait_s", 30.0, "s", "how long $analyze waits before it answers 202"),
    Setting("code_documents", "on-arrival", "", "when notes are coded: on-arrival or on-demand"),
    Setting("code_excluded_types", (), "", "LOINC codes of document types that are not coded"),
    Setting("code_languages", ("en",), "", "languages of the documents that are coded"),
    Setting("code_settle_s", 2.0, "s", "quiet time after an encounter's last document"),
    Setting("code_wait_s", 30.0, "s", "how long $code waits before it answers 202"),
    Setting("document_servers", (), "", "URL prefixes from which attachments may be fetched"),
    Setting(
        "transcribe_recordings", "on-arrival", "", "when visits are noted: on-arrival or on-demand"
    ),
    Setting("transcribe_wait_s", 30.0, "s", "how long $transcribe waits before it answers 202"),
    Setting("transcript_types", (), "", "LOINC codes of documents that are transcripts of a visit"),
    Setting("note_template", "soap", "", "section template of a note where nobody asks for one"),
    Setting("recording_consent", "off", "", "required: no note without a Consent that permits it"),
    Setting(
        "recording_consent_category",
        "",
        "",
        "category of such a Consent, system and code joined by a bar; empty: any",
    ),
    Setting("recording_max_bytes", 2_000_000_000, "bytes", "largest recording that is read"),
    Setting("live_max_bytes", 1_000_000_000, "bytes", "largest recording of a live session"),
    Setting("live_max_s", 14400.0, "s", "longest live session"),
    Setting("live_idle_s", 30.0, "s", "silence of a live client after which it is let go"),
    Setting("live_resume_s", 300.0, "s", "how long a live client that is gone may come back"),
    Setting("live_sessions", 8, "", "live sessions at once"),
    Setting(
        "live_keep_withdrawn", "no", "", "yes: keep what was recorded until consent was withdrawn"
    ),
    Setting("code_notes", "on", "", "on: a note is coded once a person has made it final; off"),
    Setting(
        "note_evidence",
        "off",
        "",
        "on: PDF and HTML of a note name the turns behind each sentence; off",
    ),
    Setting("speech_server", "", "", "base of an OpenAI-compatible speech server, with its /v1"),
    Setting("speech_model", "", "", "name of the model on the speech server"),
    Setting(
        "speech_key_file",
        "",
        "",
        "file with the key of the speech server, or env:NAME; empty: none",
    ),
    Setting(
        "speech_realtime",
        "",
        "",
        "address of a server of the Realtime API for live sessions, wss://…/v1/realtime",
    ),
    Setting("speech_realtime_model", "", "", "name of the model there; empty: speech_model"),
    Setting(
        "speech_realtime_key_file",
        "",
        "",
        "file with the key of that server, or env:NAME; empty: none",
    ),
    Setting(
        "speech_realtime_timeout_s",
        15.0,
        "s",
        "how long that server may take to connect and to answer",
    ),
    Setting("speech_device", "auto", "", "what a Whisper directory runs on: auto, cpu or cuda"),
    Setting(
        "speech_compute_type",
        "auto",
        "",
        "numbers it computes with; auto: float16 on a GPU, int8 on a processor",
    ),
    Setting("payers", "", "", "JSON file of the payers that Claims are sent to"),
    Setting("payer_servers", (), "", "URL prefixes below which an insurer's Endpoint may be used"),
    Setting(
        "claim_submission", "manual", "", "manual, or auto: an approved Claim goes out at once"
    ),
    Setting("receive_claims", "on", "", "on: Claims that arrive are answered; off: they are kept"),
    Setting("payer_rules", "", "", "folder of the payers' own edits, one JSON file each"),
    Setting("payer_retry_s", 2.0, "s", "first wait before a payer that failed is tried again"),
    Setting("payer_poll_s", 300.0, "s", "first wait before a payer is asked about a pended Claim"),
    Setting("x12_sender", "", "", "our QUALIFIER:ID in X12; empty: 30 and the biller's tax number"),
    Setting(
        "x12_receiver", "", "", "QUALIFIER:ID of who takes our X12; empty: ZZ and the payer id"
    ),
    Setting("x12_usage", "T", "", "T, or P: our X12 is no test (ISA15)"),
    Setting(
        "x12_place_of_service",
        "",
        "",
        "CMS code for Claim lines that say no place; empty: none, and 11 for drafts of visits",
    ),
    Setting("reserve_bytes", 1_000_000_000, "bytes", "free disk space that is never used up"),
    Setting("max_body_bytes", 64_000_000, "bytes", "largest FHIR request body, unpacked"),
    Setting(
        "max_content_bytes", 2_000_000_000, "bytes", "largest Binary that is sent as what it holds"
    ),
    Setting(
        "body_timeout_s", 30.0, "s", "longest wait for a body, and 1 s more for every 10,000 bytes"
    ),
    Setting("cors_origins", (), "", "web origins that may call the endpoint from a browser"),
    Setting("log_level", "INFO", "", "DEBUG, INFO, WARNING or ERROR"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one gateway; see ``TABLE`` for what each is."""

    data: str
    database: str
    host: str
    http_port: int
    dicom_port: int
    ae_title: str
    called_ae_titles: tuple[str, ...]
    calling_ae_titles: tuple[str, ...]
    peer_addresses: tuple[str, ...]
    dicomweb_servers: tuple[str, ...]
    models: str
    lanes: tuple[str, ...]
    lane_processes: int
    quiet_released_s: float
    quiet_open_s: float
    quiet_max_s: float
    count_wait_s: float
    fetch_timeout_s: float
    analyze_wait_s: float
    code_documents: str
    code_excluded_types: tuple[str, ...]
    code_languages: tuple[str, ...]
    code_settle_s: float
    code_wait_s: float
    document_servers: tuple[str, ...]
    transcribe_recordings: str
    transcribe_wait_s: float
    transcript_types: tuple[str, ...]
    note_template: str
    recording_consent: str
    recording_consent_category: str
    recording_max_bytes: int
    live_max_bytes: int
    live_max_s: float
    live_idle_s: float
    live_resume_s: float
    live_sessions: int
    live_keep_withdrawn: str
    code_notes: str
    note_evidence: str
    speech_server: str
    speech_model: str
    speech_key_file: str
    speech_realtime: str
    speech_realtime_model: str
    speech_realtime_key_file: str
    speech_realtime_timeout_s: float
    speech_device: str
    speech_compute_type: str
    payers: str
    payer_servers: tuple[str, ...]
    claim_submission: str
    receive_claims: str
    payer_rules: str
    payer_retry_s: float
    payer_poll_s: float
    x12_sender: str
    x12_receiver: str
    x12_usage: str
    x12_place_of_service: str
    reserve_bytes: int
    max_body_bytes: int
    max_content_bytes: int
    body_timeout_s: float
    cors_origins: tuple[str, ...]
    log_level: str

    @property
    def terminology(self) -> Path:
        """Where the compiled code systems lie."""
        return Path(self.data) / TERMINOLOGY


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises
    ------
    OperationOutcomeError
        ``value`` for an unknown name (with the nearest known one) or a malformed value.
    """
    values = {name: value for name, (value, _) in resolve(environment).items()}
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})


def resolve(environment: Mapping[str, str] | None = None) -> dict[str, tuple[Any, str]]:
    """Value and origin of every setting, by name."""
    given = os.environ if environment is None else environment
    found: dict[str, tuple[Any, str]] = {s.name: (s.default, "default") for s in TABLE}
    file = given.get("ISTHMUS_CONFIG")
    if file:
        for name, value in _toml(Path(file)).items():
            found[name] = (_parsed(_setting(name), value), file)
    for variable, text in given.items():
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            setting = _setting(variable.removeprefix(PREFIX).lower())
            found[setting.name] = (_parsed(setting, text), variable)
    return found


def require_loopback(host: str) -> None:
    """Refuse to listen beyond this machine while nobody is asked who he is.

    Raises
    ------
    OperationOutcomeError
        ``forbidden``.
    """
    try:
        loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise OperationOutcomeError(
            "forbidden",
            f"host {host} is not a loopback address: there is no authentication yet, so the gateway "
            "listens on this machine only; put an authenticating proxy in front of it",
            "host",
        )


def main(arguments: Sequence[str]) -> int:
    """Print every setting with its value and where it came from."""
    parser = argparse.ArgumentParser(prog="isthmus settings", description=main.__doc__)
    parser.parse_args(arguments)
    resolved = resolve()
    for setting in TABLE:
        value, origin = resolved[setting.name]
        shown = ",".join(value) if isinstance(value, tuple) else value
        unit = f" {setting.unit}" if setting.unit else ""
        sys.stdout.write(f"{setting.name:<20}{shown}{unit}  ({origin})  {setting.text}\n")
    return 0


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise OperationOutcomeError("value", f"the settings file cannot be read: {error}") from None


def _setting(name: str) -> Setting:
    known = {setting.name: setting for setting in TABLE}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise OperationOutcomeError("value", f"there is no setting {name}; nearest: {near[0]}", name)


def _parsed(setting: Setting, value: Any) -> Any:
    kind = type(setting.default)
    try:
        if kind is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(str(part).strip() for part in parts if str(part).strip())
        return kind(value)
    except (TypeError, ValueError):
        raise OperationOutcomeError(
            "value", f"setting {setting.name} must be of type {kind.__name__}", setting.name
        ) from None
