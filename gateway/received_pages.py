"""The page on which a payer's person decides on a Claim that was received: it works without a script.

What is decided here takes the same way as ``Task/[id]/$decide``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.store import Store
from gateway.decision import Decision
from gateway.fhir_answer import resource_id, transact
from gateway.page import page, patient_words, read_form, target, words
from gateway.review import apply_decision
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import ClaimView, codings, number
from profiles.task import ADJUDICATE
from terminology.systems import TASK_CODE

_SHOWN: Final = frozenset({400, 409, 422})
"""Refusals that a person can mend on the page."""


def received_routes() -> list[BaseRoute]:
    """The routes of what was received."""
    return [
        Route("/received/{id}", received_page, methods=["GET"]),
        Route("/received/{id}", decide_on_received, methods=["POST"]),
    ]


async def received_page(request: Request) -> Response:
    """The answer to one Claim: what was asked for, what was found, and the form while it is open."""
    return await _shown(request, {}, [])


async def decide_on_received(request: Request) -> Response:
    """Take the form and show the answer again, or what is wrong with the form."""
    form = await read_form(request)
    settings = request.app.state.settings
    try:
        decision = Decision(
            form.get("decision", ""),
            {"display": form.get("performer", "").strip()},
            form.get("reason", "").strip() or None,
            form.get("version"),
        )
        await transact(
            request, lambda tx: apply_decision(tx, form.get("task", ""), decision, settings)
        )
    except OperationOutcomeError as error:
        if error.kind.http not in _SHOWN:
            raise
        return await _shown(request, form, [error.diagnostics], error.kind.http)
    return RedirectResponse(f"/received/{resource_id(request)}", 303)


async def _shown(
    request: Request, form: dict[str, str], errors: list[str], status: int = 200
) -> Response:
    key = resource_id(request)

    def gather(store: Store) -> dict[str, Any]:
        return {**_content(store, key), "form": form, "errors": errors}

    return await page(request, "received.html", gather, status)


def _content(store: Store, key: str) -> dict[str, Any]:
    stored = store.read("ClaimResponse", key)
    response = stored.json()
    claim = target(store, response.get("request"))
    patient = ClaimView(claim, {}).resolved(claim.get("patient")) or target(
        store, response.get("patient")
    )
    return {
        "response": response,
        "version": stored.version,
        "patient": patient_words(patient),
        "claim": claim,
        "diagnoses": [
            _codes(one.get("diagnosisCodeableConcept")) for one in claim.get("diagnosis", ())
        ],
        "lines": list(_lines(claim, response)),
        "notes": [one.get("text", "") for one in response.get("processNote", ())],
        "total": _amount(*(one.get("amount") for one in response.get("total", ())[:1])),
        "task": _open_task(store, key),
    }


def _lines(claim: Mapping[str, Any], response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines as they were asked for, each with the numbers of its notes."""
    answers = {one.get("itemSequence"): one for one in response.get("item", ())}
    for line in claim.get("item", ()):
        modifiers = [code for one in line.get("modifier", ()) for _, code in codings(one)]
        yield {
            "sequence": line.get("sequence", ""),
            "service": " ".join([_codes(line.get("productOrService")), *modifiers]),
            "units": line.get("quantity", {}).get("value", ""),
            "amount": _amount(line.get("net")),
            "pointers": ", ".join(str(one) for one in line.get("diagnosisSequence", ()) if one),
            "notes": answers.get(line.get("sequence"), {}).get("noteNumber", ()),
        }


def _codes(concept: Any) -> str:
    """Code and name of a concept."""
    code = next((code for _, code in codings(concept)), "")
    said = words(concept)
    return code if said in ("", code) else f"{code} {said}".strip()


def _amount(money: Any = None) -> str:
    value = number((money or {}).get("value"))
    return "" if value is None else f"{value:f} {money.get('currency', '')}".strip()


def _open_task(store: Store, key: str) -> str:
    wanted = [
        ("focus", f"ClaimResponse/{key}"),
        ("code", f"{TASK_CODE}|{ADJUDICATE.code}"),
        ("status", "requested"),
    ]
    found = store.search("Task", wanted, count=1).matches
    return found[0].id if found else ""
