"""A Claim that has come is checked, scrubbed and answered in the transaction that stores it.

Status ``active``: a ClaimResponse, ``queued`` with a Task for a person where no error was found, else
``error`` and why. The same content again changes nothing; as another resource it is a duplicate without a
second decision. ``cancelled`` withdraws the answer. What a decision of ours writes does not come this way.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.store import Transaction
from gateway.claim_identity import MOST, STANDING, content_digest, has_answer, related, twin
from gateway.claim_scrub import scrub_claim, tables_of
from gateway.interactions.write import OnCreated
from gateway.payers import Payers
from gateway.settings import Settings
from profiles.builders.claim_bundle import Read
from profiles.builders.claim_response import (
    CANCELLED,
    Answered,
    build_provenance,
    build_response,
    response_id,
    unknown,
)
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import address, stated, stored_address
from profiles.scrub.context import EditTables, used_tables
from profiles.scrub.finding import Finding, found
from profiles.task import ADJUDICATE, item, moved, new_task
from profiles.uids import derived_id

ON: Final = "on"
OFF: Final = "off"
_WITHDRAWN: Final = {"cancelled": "cancelled", "entered-in-error": "entered-in-error"}


def answer_on_arrival(settings: Settings, payers: Payers | None = None) -> OnCreated:
    """What answers an arriving Claim, as the site wishes; not one that is meant for another payer.

    Raises
    ------
    OperationOutcomeError
        ``value`` when the setting ``receive_claims`` is none of its values, ``invalid`` when the payers'
        rules cannot be read.
    """
    if settings.receive_claims not in (ON, OFF):
        raise OperationOutcomeError("value", f"receive_claims is {ON} or {OFF}", "receive_claims")
    tables = tables_of(settings)

    def arrived(tx: Transaction, claim: dict[str, Any]) -> None:
        if payers is not None and payers.leads_out(claim, _reading(tx)):
            return  # ours to send, not to answer
        if claim.get("status") == "active":
            if not has_answer(tx, claim):
                adjudicate(tx, claim, tables)
        elif claim.get("status") in _WITHDRAWN:
            withdraw(tx, claim)

    return arrived if settings.receive_claims == ON else _nothing


def adjudicate(tx: Transaction, claim: Mapping[str, Any], tables: EditTables) -> dict[str, Any]:
    """Answer a Claim that the transaction has written.

    Parameters
    ----------
    tx : Transaction
    claim : mapping
        As it is stored, with its id; admitted.
    tables : EditTables
        Of this gateway.

    Returns
    -------
    dict
        The ClaimResponse; the one that is there when the Claim says nothing new.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the Claim was changed after a person has decided on it.
    """
    digest = content_digest(claim)
    tx.exclusive(f"claim:{digest}")
    own = tx.read("ClaimResponse", response_id(str(claim["id"])))
    if own is not None:
        before: dict[str, Any] = own.json()
        if _answers(before, digest):
            return before
        _require_open(before)
    duplicate = twin(tx, claim, digest)
    findings = (
        (duplicate,) if duplicate is not None else scrub_claim(tx, claim, tables, tx.moment.date())
    )
    findings += tuple(_replaced(tx, claim))
    answered = Answered(claim, digest, findings, tx.moment, _insurer(tx, claim))
    response = build_response(answered)
    if own is not None:
        _supersede(tx, response["id"], "superseded")
    tx.put(response)
    version = tx.current("Claim", str(claim["id"]))
    used = used_tables(tables, claim) if duplicate is None else []
    tx.put(build_provenance(response, version.version if version else 1, used, tx.moment))
    if not answered.refused:
        _queue(tx, claim, response)
    return response


def withdraw(tx: Transaction, claim: Mapping[str, Any]) -> None:
    """Cancel the answer to a Claim that was cancelled, and to those that it names."""
    status = _WITHDRAWN[str(claim["status"])]
    named = [f"Claim/{claim['id']}"]
    named += related(tx, claim) if status == "cancelled" else ()
    answered = False
    for target in named:
        stored = tx.read("ClaimResponse", response_id(target.partition("/")[2]))
        if stored is None:
            continue
        answered = True
        if stored.json()["status"] != status:
            _supersede(tx, stored.id, "withdrawn")
            tx.put({**stored.json(), "status": status, "disposition": CANCELLED})
    if not answered and status == "cancelled":
        digest = content_digest(claim)
        said = build_response(Answered(claim, digest, (), tx.moment, _insurer(tx, claim)))
        tx.put({**said, "status": status, "outcome": "complete", "disposition": CANCELLED})


def _reading(tx: Transaction) -> Read:
    def read(kind: str, resource_id: str) -> dict[str, Any] | None:
        stored = tx.read(kind, resource_id)
        return None if stored is None else stored.json()

    return read


def _nothing(tx: Transaction, claim: dict[str, Any]) -> None:
    """Claims are not answered here."""


def _answers(response: Mapping[str, Any], digest: str) -> bool:
    named = (one.get("value") for one in response.get("identifier", ()))
    return digest in named and response["status"] == "active" and response["outcome"] in STANDING


def _require_open(response: Mapping[str, Any]) -> None:
    if response["status"] == "active" and response["outcome"] in ("complete", "partial"):
        raise OperationOutcomeError(
            "conflict",
            "this Claim is decided: a correction is a new Claim that names it in related",
            "Claim.related",
        )


def _replaced(tx: Transaction, claim: Mapping[str, Any]) -> Iterator[Finding]:
    """Withdraw the answers to what a Claim replaces; a finding for what it may not replace."""
    mine = set(related(tx, claim))
    for at, one in enumerate(claim.get("related", [])[:MOST]):
        target = address(one.get("claim"))
        if target.startswith("Claim/") and target not in mine:
            yield found(
                "related-of-another",
                "no claim of this patient and provider is known under this reference",
                f"Claim.related[{at}].claim",
            )
    for target in mine:
        stored = tx.read("ClaimResponse", response_id(target.partition("/")[2]))
        if stored is not None and stored.json()["outcome"] in ("queued", "error"):
            _supersede(tx, stored.id, "superseded")
            text = f"Replaced by Claim/{claim['id']}."
            tx.put({**stored.json(), "status": "cancelled", "disposition": text})


def _insurer(tx: Transaction, claim: Mapping[str, Any]) -> dict[str, Any]:
    """Who answers: the insurer that the Claim names, else the payor of its Coverage."""
    insurer: dict[str, Any] = claim.get("insurer") or {}
    if stated(insurer):
        return insurer
    for insurance in claim.get("insurance", ()):
        kind, _, key = address(insurance.get("coverage")).partition("/")
        coverage = tx.read(kind, key) if kind == "Coverage" and key else None
        for payor in coverage.json().get("payor", ()) if coverage is not None else ():
            if address(payor).startswith("Organization/"):
                return dict(payor)
    return unknown("insurer")


def _queue(tx: Transaction, claim: Mapping[str, Any], response: Mapping[str, Any]) -> None:
    """A Task for the person who decides on the Claim."""
    version = tx.current("ClaimResponse", str(response["id"]))
    count = version.version if version is not None else 1
    task = new_task(
        derived_id("Task", "adjudicate", str(response["id"]), str(count)),
        ADJUDICATE,
        f"ClaimResponse/{response['id']}",
        tx.moment,
        state="awaiting-review",
        patient=stored_address(claim.get("patient")) or None,
        inputs=(item("claim", valueReference={"reference": f"Claim/{claim['id']}"}),),
    )
    tx.put(task)


def _supersede(tx: Transaction, answer_id: str, state: str) -> None:
    """End the open Tasks of an answer that is no longer as it was."""
    for task_id in tx.find("Task", "focus", f"ClaimResponse/{answer_id}"):
        stored = tx.read("Task", task_id)
        if stored is not None and stored.json()["status"] == "requested":
            tx.put(moved(stored.json(), "cancelled", state, tx.moment))
