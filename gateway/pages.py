"""The pages that people open: what arrived, one report with its decision, and the two health checks.

Rendered on the server, without a script and without anything from elsewhere; the policy in every answer
says so to the browser. A decision made here takes the same way as ``Task/[id]/$decide``.
"""

from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from adapters.store import Store
from gateway.claim_pages import claim_routes
from gateway.decision import Decision
from gateway.fhir_answer import resource_id, store_of, transact
from gateway.note_pages import note_routes
from gateway.page import HERE, page, patient_words, read_form, target, words
from gateway.received_pages import received_routes
from gateway.review import apply_decision
from gateway.worklist import address_of, not_drafted, worklist
from profiles.task import ADJUDICATE, REVIEW, code_of
from terminology.systems import TASK_CODE

RECENT: Final = 20


def page_routes() -> list[BaseRoute]:
    """Routes of everything that is no FHIR."""
    return [
        Route("/", home),
        Route("/reports/{id}", report, methods=["GET"]),
        Route("/reports/{id}", decide_on_page, methods=["POST"]),
        *claim_routes(),
        *note_routes(),
        *received_routes(),
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
    """What waits for a person, what could not be drafted, and what is new."""
    asked = dict(request.query_params)

    def gather(store: Store) -> dict[str, Any]:
        return {
            "waiting": worklist(store, asked),
            "undone": not_drafted(store, asked.get("undone", "")),
            **_overview(store),
        }

    return await page(request, "home.html", gather)


async def report(request: Request) -> Response:
    """One report with pictures, measurements, evidence, and its decision form while it is open."""
    return await page(request, "report.html", lambda store: _report(store, resource_id(request)))


async def decide_on_page(request: Request) -> Response:
    """Take the decision form and show the report again."""
    form = await read_form(request)
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


def _overview(store: Store) -> dict[str, Any]:
    newest = [("_sort", "-_lastUpdated"), ("_total", "accurate")]
    reports = store.search("DiagnosticReport", newest, count=RECENT)
    claims = store.search("Claim", newest, count=RECENT)
    notes = store.search("Composition", newest, count=RECENT)
    tasks = store.search("Task", newest, count=RECENT)
    return {
        "notes": [_note(store, match.json()) for match in notes.matches],
        "notes_total": notes.total,
        "reports": [_line(store, match.json()) for match in reports.matches],
        "reports_total": reports.total,
        "claims": [_claim(store, match.json()) for match in claims.matches],
        "claims_total": claims.total,
        "tasks": [_task(match.json()) for match in tasks.matches],
        "tasks_total": tasks.total,
        "counts": store.status(),
    }


def _line(store: Store, resource: dict[str, Any]) -> dict[str, Any]:
    issued = resource.get("issued") or resource["meta"]["lastUpdated"]
    return {**resource, "patient": _subject(store, resource), "issued": issued}


def _note(store: Store, note: dict[str, Any]) -> dict[str, Any]:
    attesters = [one.get("party", {}) for one in note.get("attester", ())]
    return {
        **note,
        "patient": _subject(store, note),
        "attester": next((one.get("display") or one.get("reference") for one in attesters), ""),
    }


def _claim(store: Store, claim: dict[str, Any]) -> dict[str, Any]:
    codes = [words(d.get("diagnosisCodeableConcept")) for d in claim.get("diagnosis", ())]
    return {
        **claim,
        "patient": patient_words(target(store, claim.get("patient"))),
        "codes": codes,
    }


def _task(task: dict[str, Any]) -> dict[str, Any]:
    """A Task as a line; one of another system need not have what ours have."""
    reviewed = address_of(task) if code_of(task) in (REVIEW.code, ADJUDICATE.code) else ""
    return {
        "href": reviewed or _resource(task["id"]),
        "name": words(task.get("code")) or "Task",
        "state": words(task.get("businessStatus")) or task["status"],
        "changed": task.get("lastModified") or task["meta"]["lastUpdated"],
        "reason": words(task.get("statusReason")) or words(task.get("reasonCode")),
    }


def _resource(task_id: str) -> str:
    return f"/fhir/Task/{task_id}?_pretty=true"


def _report(store: Store, key: str) -> dict[str, Any]:
    stored = store.read("DiagnosticReport", key)
    found = stored.json()
    roots = [target(store, entry) for entry in found.get("result", ())]
    contents = [
        target(store, entry.get("link")).get("content", {}) for entry in found.get("media", ())
    ]
    studies = found.get("imagingStudy", ())
    return {
        "report": found,
        "patient": _subject(store, found),
        "study": target(store, studies[0]) if studies else {},
        "lesions": [_lesion(store, root) for root in roots if root.get("hasMember")],
        "images": [f"data:image/png;base64,{c['data']}" for c in contents if "data" in c],
        "task": _open_review(store, key),
        "versions": stored.version,
    }


def _lesion(store: Store, root: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, str] = {}
    for entry in root["hasMember"]:
        child = target(store, entry)
        name = words(child.get("code"))
        if quantity := child.get("valueQuantity"):
            values[name] = f"{quantity.get('value', '')} {quantity.get('unit', '')}"
        elif concept := child.get("valueCodeableConcept"):
            values[name] = words(concept)
    return {"site": root.get("bodySite", {}).get("text", ""), "values": values}


def _open_review(store: Store, key: str) -> str:
    wanted = [
        ("focus", f"DiagnosticReport/{key}"),
        ("code", f"{TASK_CODE}|{REVIEW.code}"),
        ("status", "requested"),
    ]
    found = store.search("Task", wanted, count=1).matches
    return found[0].id if found else ""


def _subject(store: Store, resource: dict[str, Any]) -> str:
    return patient_words(target(store, resource.get("subject")))
