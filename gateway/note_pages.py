"""The page on which a person reviews a drafted note: transcript and note side by side.

It works without its script, which only plays what a sentence rests on in the player of the page. What is
decided here takes the same way as ``Task/[id]/$decide``. A decision that is refused comes back with the
reason and with everything that was entered.
"""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.store import Store
from gateway.decision import Decision
from gateway.fhir_answer import resource_id, store_of, transact
from gateway.note_content import audio_of, note_content, pdf_of
from gateway.page import page, read_form
from gateway.review import apply_decision
from ml.speech.waveform import read_waveform
from ml.speech.waveform_wav import wav_of
from profiles.builders.audio_media import DICOM_FILE
from profiles.builders.note_rendering import PDF
from profiles.note_decisions import ACCEPTED, MODIFIED, REJECTED
from profiles.outcome import OperationOutcomeError

_SHOWN: Final = frozenset({400, 404, 409, 422})
"""Refusals that a person can mend on the page."""
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_AUDIO: Final = re.compile(r"audio/[\w.+-]{1,60}|application/ogg")
_UNTRUSTED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
    "Cache-Control": "no-store",
    "Accept-Ranges": "bytes",
}

_OF_OURS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
    "Content-Disposition": 'inline; filename="note.pdf"',
    "Cache-Control": "no-store",
}

_MEANT: Final = (("channel", "channel"), ("name", "name"), ("heardAs", "role"))
"""Parts of a correction by what the page says of a speaker."""


def note_routes() -> list[BaseRoute]:
    """The routes of the review of notes."""
    return [
        Route("/notes/{id}", note_page, methods=["GET"]),
        Route("/notes/{id}", decide_on_note, methods=["POST"]),
        Route("/notes/{id}/speakers", correct_on_page, methods=["POST"]),
        Route("/notes/{id}/print", printed_note, methods=["GET"]),
        Route("/notes/{id}/pdf", note_as_pdf, methods=["GET"]),
        Route("/notes/{id}/audio", note_audio, methods=["GET"]),
    ]


async def note_page(request: Request) -> Response:
    """One note beside its transcript, with the form while it is preliminary."""
    return await _shown(request, {}, "")


async def printed_note(request: Request) -> Response:
    """The note alone, as it is read and printed."""
    key = resource_id(request)
    return await page(request, "note_print.html", lambda store: note_content(store, key))


async def decide_on_note(request: Request) -> Response:
    """Take the form; show the note again, or the form with what is wrong with it."""
    return await _decided(request, _read)


async def correct_on_page(request: Request) -> Response:
    """Take who speaks; show the note, which is being written again."""
    return await _decided(request, _speakers)


async def _decided(
    request: Request, read: Callable[[Store, str, dict[str, str]], Decision]
) -> Response:
    form = await read_form(request)
    key = resource_id(request)
    settings = request.app.state.settings
    try:
        decision = await anyio.to_thread.run_sync(read, store_of(request), key, form)
        await transact(
            request, lambda tx: apply_decision(tx, form.get("task", ""), decision, settings)
        )
    except OperationOutcomeError as error:
        if error.kind.http not in _SHOWN:
            raise
        return await _shown(request, form, error.diagnostics, error.kind.http)
    return RedirectResponse(f"/notes/{key}", 303)


async def note_as_pdf(request: Request) -> Response:
    """The PDF that was made when the note was finalised."""
    found = await anyio.to_thread.run_sync(pdf_of, store_of(request), resource_id(request))
    if found is None:
        raise OperationOutcomeError("not-found", "there is no PDF of this note")
    return Response(base64.b64decode(found["data"]), media_type=PDF, headers=_OF_OURS)


async def note_audio(request: Request) -> Response:
    """The recording of a note, whole or the range that a player asks for (RFC 9110 section 14)."""
    key = resource_id(request)
    found = await anyio.to_thread.run_sync(audio_of, store_of(request), key)
    if found is None:
        raise OperationOutcomeError("not-found", "the recording of this note is not here")
    declared = found.media_type.partition(";")[0].strip().lower()
    # Whatever was declared, nothing but sound is served from here.
    kind = declared if _AUDIO.fullmatch(declared) else "application/octet-stream"
    if found.file is not None and declared == DICOM_FILE:
        return await _waveform(request, found.file)
    if found.file is not None:
        return FileResponse(found.file, headers=_UNTRUSTED, media_type=kind)
    return _in_range(request, base64.b64decode(found.data), kind)


async def _waveform(request: Request, file: Path) -> Response:
    """An audio object of the archive, as a file that a browser plays."""
    content = await anyio.to_thread.run_sync(lambda: wav_of(read_waveform(file)))
    return _in_range(request, content, "audio/wav")


def _in_range(request: Request, content: bytes, kind: str) -> Response:
    span = _range(request.headers.get("range", ""), len(content))
    if span is None:
        return Response(content, media_type=kind, headers=_UNTRUSTED)
    start, end = span
    headers = {**_UNTRUSTED, "Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
    return Response(content[start:end], 206, media_type=kind, headers=headers)


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of one range; None for the whole, also where it cannot be served."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
    else:
        start, end = max(0, size - int(found[2])), size
    return (start, end) if start < end else None


async def _shown(request: Request, form: dict[str, str], error: str, status: int = 200) -> Response:
    key = resource_id(request)
    asked = "speakers" in request.query_params or request.url.path.endswith("/speakers")

    def gather(store: Store) -> dict[str, Any]:
        content = note_content(store, key)
        correcting = asked and content["correctable"] and not content["drafting"]
        return {**content, "form": form, "error": error, "correcting": correcting}

    return await page(request, "note.html", gather, status, scripted=True)


def _read(store: Store, key: str, form: dict[str, str]) -> Decision:
    """What the form decides: a section counts as edited when its words are others than before."""
    sections = []
    for section in note_content(store, key)["sections"]:
        name = f"section-{section['at']}"
        text = form.get(f"{name}-text", section["text"]).replace("\r\n", "\n").strip()
        named = {part: [section[part]] for part in ("code", "title") if section[part]}
        if f"{name}-reject" in form or not text:
            sections.append({**named, "decision": [REJECTED]})
        elif text != section["text"].strip():
            sections.append({**named, "decision": [MODIFIED], "text": [text]})
    word = form.get("decision", "")
    if word == ACCEPTED and sections:
        word = MODIFIED
    person = {"display": form.get("performer", "").strip()}
    reason = form.get("reason", "").strip() or None
    chosen = () if word == REJECTED else tuple(sections)
    return Decision(word, person, reason, form.get("version"), sections=chosen)


def _speakers(store: Store, key: str, form: dict[str, str]) -> Decision:
    """Who speaks, as the form says it: whole speakers, and single turns that are somebody else's."""
    content = note_content(store, key)
    corrections: list[dict[str, list[Any]]] = []
    for one in content["speakers"]:
        role = form.get(one["field"], one["role"])
        if role != one["role"]:
            wide = {part: [one[key]] for part, key in _MEANT if one[key] != ""}
            corrections.append({**wide, "role": [role]})
    for turn in content["turns"]:
        role = form.get(f"turn-{turn['number']}", "")
        if role:
            corrections.append({"segment": [turn["number"]], "role": [role]})
    if not corrections:
        raise OperationOutcomeError("business-rule", "no turn has another speaker now", "speaker")
    person = {"display": form.get("performer", "").strip()}
    reason = form.get("reason", "").strip() or None
    return Decision("", person, reason, form.get("version"), speakers=tuple(corrections))
