"""``isthmus doctor``: what works here, what is off, and what would switch it on."""

import argparse
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Final

from adapters.payer.breaker import CLOSED
from adapters.payer.payers import load_payers
from adapters.speech.server import RealtimeServer, SpeechServer
from adapters.store import open_store
from gateway.coding_arrival import CODING_LANE
from gateway.payers import CIRCUIT
from gateway.ports import why_taken
from gateway.settings import Settings, load_settings
from gateway.site_engines import realtime_of, server_of
from ml.models import describe_models
from ml.speech.computing import choices
from ml.speech.whisper_folder import find_whisper
from ml.worker import missing, workers
from profiles.outcome import OperationOutcomeError
from terminology.fees import FILE as FEES_FILE
from terminology.fees import fees_of
from terminology.importers import importers
from terminology.learned_defaults import learned_defaults, versions
from terminology.store_folder import TerminologyError

ROOMS: Final = ("terminology", "profiles", "ml", "adapters", "gateway", "conformance")
EXTRAS: Final = {"coding": "language"}
"""The extra of a lane whose name is another."""
CODECS: Final = {
    "JPEG 2000 and HTJ2K": "openjpeg",
    "JPEG-LS": "jpeg_ls",
    "JPEG lossless": "gdcm",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination: ``ok``, ``off`` (works without it) or ``problem``."""

    state: str
    subject: str
    text: str


def main(arguments: Sequence[str]) -> int:
    """Examine and explain; 1 when something would keep the gateway from running."""
    parser = argparse.ArgumentParser(prog="isthmus doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    chosen = parser.parse_args(arguments)
    findings = [finding for check in CHECKS for finding in check(load_settings())]
    if chosen.json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1) + "\n")
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            sys.stdout.write(f"{finding.state:<8}{finding.subject:<{width}}  {finding.text}\n")
    return int(any(finding.state == "problem" for finding in findings))


def _packages(settings: Settings) -> Iterator[Finding]:
    """Two distributions that own one of our package names overwrite each other silently."""
    del settings
    owners = packages_distributions()
    clashes = [room for room in ROOMS if len(set(owners.get(room, ()))) > 1]
    if clashes:
        names = ", ".join(f"{room} ({' and '.join(sorted(set(owners[room])))})" for room in clashes)
        yield Finding(
            "problem", "packages", f"two owners for {names}: use an environment of its own"
        )
    else:
        yield Finding("ok", "packages", f"isthmus {version('isthmus')}, no name clash")


def _ports(settings: Settings) -> Iterator[Finding]:
    for subject, port in (("HTTP port", settings.http_port), ("DICOM port", settings.dicom_port)):
        why = why_taken(settings.host, port)
        if why:
            yield Finding("problem", subject, f"{settings.host}:{port}: {why}")
        else:
            yield Finding("ok", subject, f"{settings.host}:{port} is free")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.data)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free, {settings.reserve_bytes / 1e9:.1f} GB kept in reserve"
    yield Finding("ok" if free > settings.reserve_bytes else "problem", "disk", text)


def _store(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.data)
    if not folder.exists():
        yield Finding("ok", "store", "not there yet; the first start makes it")
        return
    try:
        store = open_store(folder)
    except OperationOutcomeError as error:
        yield Finding("problem", "store", error.diagnostics)
        return
    try:
        counts = ", ".join(f"{name} {value}" for name, value in store.status().items())
        yield Finding("ok", "store", counts)
    finally:
        store.close()


def _workers(settings: Settings) -> Iterator[Finding]:
    for name, worker in workers().items():
        lane = worker.SPEC.lane
        absent = missing(worker.SPEC)
        if absent:
            extra = EXTRAS.get(lane, lane)
            text = f"needs {', '.join(absent)}: install the extra `isthmus[{extra}]`"
            yield Finding("off", f"worker {name}", f"{text}; until then its Tasks wait")
        elif settings.lanes and lane not in settings.lanes:
            text = (
                f"the setting lanes leaves out {lane}: another gateway does its Tasks, or they wait"
            )
            yield Finding("off", f"worker {name}", text)
        else:
            yield Finding("ok", f"worker {name}", f"version {worker.SPEC.version}")


def _coding(settings: Settings) -> Iterator[Finding]:
    """Whether notes are coded, when, and out of which formats."""
    coders = [w for w in workers().values() if w.SPEC.lane == CODING_LANE]
    if not any(not missing(coder.SPEC) for coder in coders):
        yield Finding("off", "coding", "no coder can run here; the Tasks of notes wait")
    else:
        left_out = ", ".join(settings.code_excluded_types) or "none"
        yield Finding("ok", "coding", f"{settings.code_documents}; excluded types: {left_out}")
    if importlib.util.find_spec("pypdf") is None:
        yield Finding(
            "off", "PDF", "no text is read out of it: install the extra `isthmus[language]`"
        )
    else:
        yield Finding("ok", "PDF", "text is read out of it")


def _speech(settings: Settings) -> Iterator[Finding]:
    """The speech servers of the site; none is asked: a recording alone would tell whether it works."""
    yield _speech_server("speech server", "speech_server", lambda: server_of(settings))
    yield _speech_server("realtime server", "speech_realtime", lambda: realtime_of(settings))


def _speech_server(
    name: str, setting: str, found: Callable[[], SpeechServer | RealtimeServer | None]
) -> Finding:
    try:
        server = found()
    except OperationOutcomeError as error:
        return Finding("problem", name, error.diagnostics)
    if server is None:
        return Finding("off", name, f"none: the setting {setting} names one")
    key = "with a key" if server.key_file else "without a key"
    return Finding("ok", name, f"{server.address}, model {server.model}, {key}")


def _speech_device(settings: Settings) -> Iterator[Finding]:
    """What a Whisper directory computes on; whether a GPU works is known once a lane has tried it."""
    if find_whisper(Path(settings.models)) is None or not importlib.util.find_spec("ctranslate2"):
        return
    try:
        best, *others = choices(settings.speech_device, settings.speech_compute_type)
    except OperationOutcomeError as error:
        yield Finding("problem", "speech device", error.diagnostics)
        return
    instead = "".join(f"; {row} if it does not work" for row in others)
    yield Finding("ok", "speech device", f"{best}{instead}")


def _models(settings: Settings) -> Iterator[Finding]:
    for model in describe_models(Path(settings.models)):
        yield Finding("off" if model.refused else "ok", f"model {model.name}", model.text)


def _code_systems(settings: Settings) -> Iterator[Finding]:
    folder = settings.terminology
    for importer in importers().values():
        subject = f"codes {importer.name}"
        try:
            found = importer.tables(folder)
        except TerminologyError as error:
            yield Finding("problem", subject, str(error))
            continue
        if found:
            listed = (f"{table.version} ({table.begins} to {table.ends})" for table in found)
            yield Finding("ok", subject, ", ".join(listed))
        else:
            text = f"not imported: `isthmus terminology import {importer.name} --help`"
            yield Finding("off", subject, text)


def _site_tables(settings: Settings) -> Iterator[Finding]:
    """The site's own tables beside the code systems: fees, and defaults that reviewers have taught."""
    folder = settings.terminology
    try:
        fees, known = fees_of(folder), versions(folder)
        learned = learned_defaults(folder)
    except TerminologyError as error:
        yield Finding("problem", "site tables", str(error))
        return
    priced = f"{len(fees)} codes have a fee" if fees else f"no amounts: no {FEES_FILE} in {folder}"
    yield Finding("ok" if fees else "off", "fees", priced)
    if known:
        text = f"version {known[-1]} with {len(learned)} defaults"
        yield Finding("ok", "learned defaults", text)


def _payers(settings: Settings) -> Iterator[Finding]:
    """The payers of the site, what their tokens need, and those that are left alone at the moment."""
    try:
        payers = load_payers(settings.payers)
    except OperationOutcomeError as error:
        yield Finding("problem", "payers", error.diagnostics)
        return
    if not payers:
        yield Finding(
            "off", "payers", "none: no Claim is sent until the setting payers names a file"
        )
    circuits = _circuits(settings) if payers else {}
    for payer in payers:
        subject = f"payer {payer.name}"
        if payer.token is not None and importlib.util.find_spec("cryptography") is None:
            text = "its tokens need the package cryptography: pip install cryptography"
            yield Finding("off", subject, f"{text}; until then its Claims wait")
            continue
        state = circuits.get(payer.name, CLOSED)
        text = f"{payer.mode}, circuit {state}"
        yield Finding("ok" if state == CLOSED else "problem", subject, text)


def _circuits(settings: Settings) -> dict[str, str]:
    """State of each breaker as the gateway has noted it last."""
    folder = Path(settings.data)
    if not folder.exists():
        return {}
    store = open_store(folder, database=settings.database, tends=False)
    try:
        names = [payer.name for payer in load_payers(settings.payers)]
        noted = {name: store.note(f"{CIRCUIT}{name}") for name in names}
        return {name: str(json.loads(text)["state"]) for name, text in noted.items() if text}
    finally:
        store.close()


def _codecs(settings: Settings) -> Iterator[Finding]:
    del settings
    for syntax, module in CODECS.items():
        if importlib.util.find_spec(module) is None:
            yield Finding("off", syntax, "stored as it comes, refused for analysis: no codec here")
        else:
            yield Finding("ok", syntax, "decoded")


CHECKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _packages,
    _ports,
    _disk,
    _store,
    _workers,
    _coding,
    _speech,
    _speech_device,
    _models,
    _code_systems,
    _site_tables,
    _codecs,
    _payers,
)
