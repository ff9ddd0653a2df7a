"""What a payer's reply means for a Claim: it has it or not, and what it says.

Two wires: Da Vinci PAS (``Claim/$submit`` with a Bundle, ``Claim/$inquire``) and plain FHIR (``POST /Claim``
with If-None-Exist, searches). Whatever is not clearly an answer is ambiguous, and then the payer is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

from adapters.payer.client import AMBIGUOUS, RECEIVED, REFUSED, PayerClient, Reply
from adapters.payer.payers import PAS, Payer
from profiles.builders.claim_bundle import build_inquiry, self_contained
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import Answer, Sent, find_answer, identifiers_of, object_of, objects
from profiles.search.syntax import token_of

ANSWERED: Final = "answered"
ACCEPTED: Final = "accepted"
UNKNOWN: Final = "unknown"
UNCLEAR: Final = "unclear"
UNSUPPORTED: Final = "unsupported"
_NOT_OFFERED: Final = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reply means.

    Parameters
    ----------
    kind : str
        Of an attempt: a kind of ``Reply``, ``answered`` or ``accepted`` (it has it and says no more).
        Of an inquiry: ``answered``, ``accepted``, ``unknown``, ``unclear``, ``unsupported`` or ``ambiguous``.
    reply : Reply
        What came, for the evidence.
    answer : Answer, optional
        When ``answered``.
    outcome : dict, optional
        An OperationOutcome, when it says why.
    """

    kind: str
    reply: Reply
    answer: Answer | None = None
    outcome: dict[str, Any] | None = None


def wire_body(payer: Payer, request: Mapping[str, Any]) -> bytes:
    """A request as a payer takes it: the Bundle, or the Claim alone.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` when the Claim cannot stand alone.
    """
    return dumps_exact(request if payer.mode == PAS else self_contained(request))


def send_claim(client: PayerClient, request: Mapping[str, Any], body: bytes, key: str) -> Meaning:
    """Send a request once."""
    headers = {"Idempotency-Key": key.removeprefix("urn:uuid:")}
    if client.payer.mode == PAS:
        reply = client.exchange("POST", "Claim/$submit", body, headers)
    else:
        claim = request["entry"][0]["resource"]
        headers["If-None-Exist"] = f"identifier={_token(claim)}"
        headers["Prefer"] = "return=representation"
        reply = client.exchange("POST", "Claim", body, headers)
    return meaning_of(reply, sent_as(request))


def sent_as(request: Mapping[str, Any], *at_payer: str) -> Sent:
    """How the Claim of a request may be named in an answer; our own id may be another Claim's there."""
    first = request["entry"][0]
    return Sent(identifiers_of(first["resource"]), frozenset({first["fullUrl"], *at_payer}))


def meaning_of(reply: Reply, sent: Sent) -> Meaning:
    """What the reply to an attempt means."""
    said = _resource(reply)
    outcome = said if said.get("resourceType") == "OperationOutcome" else None
    if reply.kind == REFUSED and _is_duplicate(outcome):
        return Meaning(AMBIGUOUS, reply, outcome=outcome)
    if reply.kind != RECEIVED:
        return Meaning(reply.kind, reply, outcome=outcome)
    if outcome is not None:
        return Meaning(REFUSED if _has_error(outcome) else AMBIGUOUS, reply, outcome=outcome)
    answer, _ = find_answer(said, sent)
    if answer is not None:
        return Meaning(ANSWERED, reply, answer)
    kind = _written(said, reply)
    return Meaning(kind, reply, outcome=outcome)


def inquire(client: PayerClient, request: Mapping[str, Any]) -> Meaning:
    """Ask whether the payer has the Claim of a request, and what it has decided."""
    if client.payer.mode != PAS:
        return _search_claim(client, request)
    inquiry = build_inquiry(request, f"urn:uuid:{uuid4()}", datetime.now(UTC))
    reply = client.exchange("POST", "Claim/$inquire", dumps_exact(inquiry))
    if reply.status in _NOT_OFFERED:
        claim = request["entry"][0]["resource"]
        return _search_response(client, f"request.identifier={_token(claim)}", sent_as(request))
    return _found(reply, sent_as(request))


def _found(reply: Reply, sent: Sent) -> Meaning:
    """What the reply to an inquiry means: only a Bundle or ClaimResponse can say that there is nothing."""
    said = _resource(reply)
    if reply.kind != RECEIVED or said.get("resourceType") not in (
        *("Bundle", "ClaimResponse", "Parameters"),
    ):
        return Meaning(AMBIGUOUS, reply)
    answer, unclear = find_answer(said, sent)
    if unclear:
        return Meaning(UNCLEAR, reply)
    return Meaning(UNKNOWN if answer is None else ANSWERED, reply, answer)


def _search_claim(client: PayerClient, request: Mapping[str, Any]) -> Meaning:
    claim = request["entry"][0]["resource"]
    reply, found = _search(client, "Claim", f"identifier={_token(claim)}")
    if found is None:
        return Meaning(UNSUPPORTED if reply.status in _NOT_OFFERED else AMBIGUOUS, reply)
    wanted = identifiers_of(claim)
    ours = [one for one in found if wanted & identifiers_of(one) and one.get("id")]
    if not ours:
        return Meaning(UNKNOWN, reply)
    there = f"Claim/{ours[0]['id']}"
    sent = sent_as(request, there, f"{client.payer.address}/{there}")
    meaning = _search_response(client, f"request={there}", sent)
    return Meaning(ACCEPTED, meaning.reply) if meaning.kind != ANSWERED else meaning


def _search_response(client: PayerClient, query: str, sent: Sent) -> Meaning:
    reply, found = _search(client, "ClaimResponse", query)
    if found is None:
        return Meaning(UNSUPPORTED if reply.kind == REFUSED else AMBIGUOUS, reply)
    return _found(reply, sent)


def _search(
    client: PayerClient, kind: str, query: str
) -> tuple[Reply, list[dict[str, Any]] | None]:
    """Matches of a search; None when it failed, or was not made as it was asked for.

    A server that leaves a parameter out says so in its self link (R4 search.html#conformance); what it then
    does not find says nothing.
    """
    reply = client.exchange("GET", f"{kind}?{query}", headers={"Prefer": "handling=strict"})
    said = _resource(reply)
    if reply.kind != RECEIVED or said.get("type") != "searchset":
        return reply, None
    links = [link for link in objects(said.get("link")) if link.get("relation") == "self"]
    used = parse_qs(urlsplit(str(links[0].get("url"))).query) if links else {}
    if query.partition("=")[0] not in used:
        return Reply(REFUSED, "the payer's search leaves out what was asked for"), None
    return reply, [object_of(entry.get("resource")) for entry in objects(said.get("entry"))]


def _token(claim: Mapping[str, Any]) -> str:
    return quote(token_of(*min(identifiers_of(claim))), safe="")


def _resource(reply: Reply) -> dict[str, Any]:
    """The resource of a body; empty for anything else (HTML, nothing, JSON that breaks off)."""
    try:
        said = loads_exact(reply.body)
    except OperationOutcomeError:
        return {}
    return said if isinstance(said, dict) and isinstance(said.get("resourceType"), str) else {}


def _written(said: Mapping[str, Any], reply: Reply) -> str:
    """Whether a 2xx without a ClaimResponse says that the Claim was taken (R4 http.html#create)."""
    if said.get("resourceType") == "Claim" or (reply.status == 201 and reply.location):
        return ACCEPTED
    if said.get("type") != "transaction-response":
        return AMBIGUOUS
    answers = [object_of(entry.get("response")) for entry in objects(said.get("entry"))]
    states = [str(answer.get("status", "")) for answer in answers]
    taken = bool(states) and all(state.startswith("2") for state in states)
    return ACCEPTED if taken else AMBIGUOUS


def _has_error(outcome: Mapping[str, Any]) -> bool:
    return any(one.get("severity") in ("error", "fatal") for one in objects(outcome.get("issue")))


def _is_duplicate(outcome: Mapping[str, Any] | None) -> bool:
    """Whether a refusal says that the payer has the Claim already (R4 issue-type)."""
    return any(one.get("code") == "duplicate" for one in objects((outcome or {}).get("issue")))
