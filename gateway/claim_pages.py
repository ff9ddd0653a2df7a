"""The page on which a person reviews a draft Claim: it works with a keyboard alone and without a script.

What is decided here takes the same way as ``Task/[id]/$decide``. A decision that is refused comes back with
the reasons and with everything that was entered.
"""

from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.store import Store
from gateway.claim_content import claim_content
from gateway.claim_draft import has_begun
from gateway.claim_form import ADDITIONS, form_decision
from gateway.claim_parameters import kept_record
from gateway.claim_payer import payer_content, send
from gateway.claim_scrub import tables_of
from gateway.decision import Decision
from gateway.fhir_answer import resource_id, store_of, transact
from gateway.page import page, read_form
from gateway.review import apply_decision
from profiles.builders.claim_record import RESULT
from profiles.coding_records import CodingResult
from profiles.note_decisions import ACCEPTED
from profiles.outcome import OperationOutcomeError

_SHOWN: Final = frozenset({400, 409, 422})
"""Refusals that a person can mend on the page."""


def claim_routes() -> list[BaseRoute]:
    """The routes of the coding review."""
    return [
        Route("/claims/{id}", claim_page, methods=["GET"]),
        Route("/claims/{id}", decide_on_claim, methods=["POST"]),
        Route("/claims/{id}/submit", submit_claim, methods=["POST"]),
        Route("/claims/{id}/follow-up", settle_follow_up, methods=["POST"]),
    ]


async def claim_page(request: Request) -> Response:
    """One Claim: its notes with marked evidence, its codes, and the form while it is a draft."""
    return await _shown(request, {}, [])


async def decide_on_claim(request: Request) -> Response:
    """Take the form; show the Claim again, or the form with what is wrong with it."""
    form = await read_form(request)
    key = resource_id(request)
    settings = request.app.state.settings
    try:
        decision = await anyio.to_thread.run_sync(_read, store_of(request), key, form, request)
        await transact(
            request, lambda tx: apply_decision(tx, form.get("task", ""), decision, settings)
        )
    except OperationOutcomeError as error:
        if error.kind.http not in _SHOWN:
            raise
        said = [text for _, text, _ in error.issues] or [error.diagnostics]
        return await _shown(request, form, said, error.kind.http)
    return RedirectResponse(f"/claims/{key}", 303)


async def submit_claim(request: Request) -> Response:
    """Send the Claim to its payer, and show what has become of it; or why it is not sent."""
    await read_form(request)
    key, payers = resource_id(request), request.app.state.services.payers
    try:
        await transact(request, lambda tx: send(tx, key, payers))
    except OperationOutcomeError as error:
        if error.kind.http not in _SHOWN:
            raise
        return await _shown(request, {}, [error.diagnostics], error.kind.http)
    return RedirectResponse(f"/claims/{key}#payer", 303)


async def settle_follow_up(request: Request) -> Response:
    """End what a person has looked after; show the Claim again."""
    form = await read_form(request)
    settings = request.app.state.settings
    try:
        person = {"display": form.get("performer", "").strip()}
        decision = Decision(ACCEPTED, person, form.get("reason", "").strip() or None)
        await transact(
            request, lambda tx: apply_decision(tx, form.get("task", ""), decision, settings)
        )
    except OperationOutcomeError as error:
        if error.kind.http not in _SHOWN:
            raise
        return await _shown(request, {}, [error.diagnostics], error.kind.http)
    return RedirectResponse(f"/claims/{resource_id(request)}#payer", 303)


def _read(store: Store, key: str, form: dict[str, str], request: Request) -> Decision:
    content = claim_content(store, key, tables_of(request.app.state.settings))
    task = store.read("Task", form.get("task", "")).json()
    result = kept_record(store, task, RESULT, CodingResult)
    begun = content["claim"]["status"] == "draft" and has_begun(content["claim"])
    return form_decision(form, content["codes"], result, changed_before=begun)


async def _shown(
    request: Request, form: dict[str, str], errors: list[str], status: int = 200
) -> Response:
    key, tables = resource_id(request), tables_of(request.app.state.settings)
    payers = request.app.state.services.payers

    def gather(store: Store) -> dict[str, Any]:
        content = claim_content(store, key, tables)
        # What was entered belongs to the version that was shown; a newer one begins with empty fields.
        same = form.get("version") in (None, str(content["version"]))
        return {
            **content,
            "payer": payer_content(store, content["claim"], payers),
            "form": form if same else {"performer": form.get("performer", "")},
            "errors": errors,
            "additions": range(1, ADDITIONS + 1),
        }

    return await page(request, "claim.html", gather, status)
