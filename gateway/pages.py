"""The pages that people open: what arrived, one report with its decision, and the two health checks.

Rendered on the server, without a script and without anything from elsewhere; the policy in every answer
says so to the browser. A decision made here takes the same way as ``Task/[id]/$decide``.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from adapters.store import Store
from gateway.decision import Decision
from gateway.fhir_answer import resource_id, store_of, transact
from gateway.review import apply_decision
from profiles.outcome import OperationOutcomeError
from profiles.task import REVIEW
from terminology.systems import TASK_CODE

HERE: Final = Path(__file__).parent
RECENT: Final = 50
LARGEST_FORM: Final = 200_000
POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_templates = Jinja2Templates(directory=HERE / "templates")


def page_routes() -> list[BaseRoute]:
    """Routes of everything that is no FHIR."""
    return [
        Route("/", home),
        Route("/reports/{id}", report, methods=["GET"]),
        Route("/reports/{id}", decide_on_page, methods=["POST"]),
        Route("/livez", alive),
        Route("/readyz", ready),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


async def alive(request: Request) -> Response:
    """The process answers."""
    del request
    return JSONResponse({"status": "alive"})


async def ready(request: Request) -> Response:
    """Store and lanes are there; 503 says what is missing."""
    services = request.app.state.services
    counts = await anyio.to_thread.run_sync(store_of(request).status)
    lanes = bool(services.lanes_alive())
    answer = {"status": "ready" if lanes else "a lane is not running", **counts}
    return JSONResponse(answer, 200 if lanes else 503)


async def home(request: Request) -> Response:
    """The newest reports and Tasks."""
    return await _page(request, "home.html", _overview)


async def report(request: Request) -> Response:
    """One report with pictures, measurements, evidence, and its decision form while it is open."""
    return await _page(request, "report.html", lambda store: _report(store, resource_id(request)))


async def decide_on_page(request: Request) -> Response:
    """Take the decision form and show the report again."""
    _require_same_origin(request)
    body = await request.body()
    if len(body) > LARGEST_FORM:
        raise OperationOutcomeError("too-costly", "the form is too large")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    name = form.get("performer", "").strip()
    key = resource_id(request)
    edited = {
        "resourceType": "DiagnosticReport",
        "id": key,
        "conclusion": form.get("conclusion", "").replace("\r\n", "\n").strip(),
    }
    word = form.get("decision", "")
    decision = Decision(
        word,
        {"display": name},
        form.get("reason", "").strip() or None,
        resources=(edited,) if word == "modified" else (),
    )
    settings = request.app.state.settings
    await transact(request, lambda tx: apply_decision(tx, form.get("task", ""), decision, settings))
    return RedirectResponse(f"/reports/{key}", 303)


async def _page(request: Request, template: str, gather: Any) -> Response:
    try:
        content = await anyio.to_thread.run_sync(gather, store_of(request))
    except OperationOutcomeError as error:
        if error.kind.http not in (404, 410):
            raise
        template, content = "missing.html", {"reason": error.diagnostics}
    status = 404 if template == "missing.html" else 200
    return _templates.TemplateResponse(
        request, template, content, status_code=status, headers=POLICY
    )


def _require_same_origin(request: Request) -> None:
    """A form on another site must not decide (Fetch standard: Origin is sent with every POST)."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise OperationOutcomeError("forbidden", "this form was not sent from our own page")


def _overview(store: Store) -> dict[str, Any]:
    newest = [("_sort", "-_lastUpdated"), ("_total", "accurate")]
    reports = store.search("DiagnosticReport", newest, count=RECENT)
    tasks = store.search("Task", newest, count=RECENT)
    return {
        "reports": [_line(store, match.json()) for match in reports.matches],
        "reports_total": reports.total,
        "tasks": [_task(match.json()) for match in tasks.matches],
        "tasks_total": tasks.total,
        "counts": store.status(),
    }


def _line(store: Store, resource: dict[str, Any]) -> dict[str, Any]:
    issued = resource.get("issued") or resource["meta"]["lastUpdated"]
    return {**resource, "patient": _subject(store, resource), "issued": issued}


def _task(task: dict[str, Any]) -> dict[str, Any]:
    """A Task as a line; one of another system need not have what ours have."""
    return {
        "id": task["id"],
        "name": _words(task.get("code")) or "Task",
        "state": _words(task.get("businessStatus")) or task["status"],
        "changed": task.get("lastModified") or task["meta"]["lastUpdated"],
        "reason": _words(task.get("statusReason")) or _words(task.get("reasonCode")),
    }


def _report(store: Store, key: str) -> dict[str, Any]:
    stored = store.read("DiagnosticReport", key)
    found = stored.json()
    roots = [_target(store, entry) for entry in found.get("result", ())]
    contents = [
        _target(store, entry.get("link")).get("content", {}) for entry in found.get("media", ())
    ]
    studies = found.get("imagingStudy", ())
    return {
        "report": found,
        "patient": _subject(store, found),
        "study": _target(store, studies[0]) if studies else {},
        "lesions": [_lesion(store, root) for root in roots if root.get("hasMember")],
        "images": [f"data:image/png;base64,{c['data']}" for c in contents if "data" in c],
        "task": _open_review(store, key),
        "versions": stored.version,
    }


def _lesion(store: Store, root: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, str] = {}
    for entry in root["hasMember"]:
        child = _target(store, entry)
        name = _words(child.get("code"))
        if quantity := child.get("valueQuantity"):
            values[name] = f"{quantity.get('value', '')} {quantity.get('unit', '')}"
        elif concept := child.get("valueCodeableConcept"):
            values[name] = _words(concept)
    return {"site": root.get("bodySite", {}).get("text", ""), "values": values}


def _words(concept: dict[str, Any] | None) -> str:
    """What a CodeableConcept says to people."""
    said = concept or {}
    codings = said.get("coding") or [{}]
    found = codings[0].get("display") or said.get("text") or codings[0].get("code")
    return str(found or "")


def _open_review(store: Store, key: str) -> str:
    wanted = [
        ("focus", f"DiagnosticReport/{key}"),
        ("code", f"{TASK_CODE}|{REVIEW.code}"),
        ("status", "requested"),
    ]
    found = store.search("Task", wanted, count=1).matches
    return found[0].id if found else ""


def _subject(store: Store, resource: dict[str, Any]) -> str:
    return _patient_words(_target(store, resource.get("subject")))


def _target(store: Store, reference: dict[str, Any] | None) -> dict[str, Any]:
    """What a Reference leads to, empty where that is not here."""
    kind, _, key = str((reference or {}).get("reference", "")).partition("/")
    try:
        return store.read(kind, key).json()
    except OperationOutcomeError:
        return {}


def _patient_words(patient: dict[str, Any]) -> str:
    names = patient.get("name") or [{}]
    text = names[0].get("text") or " ".join(
        [*names[0].get("given", ()), names[0].get("family", "")]
    )
    identifiers = [i.get("value", "") for i in patient.get("identifier", ())]
    return " · ".join(part for part in (text.strip(), *identifiers[:1]) if part) or "no name sent"
