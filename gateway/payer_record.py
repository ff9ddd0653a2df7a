"""A payer's answer becomes the record: ClaimResponse and ExplanationOfBenefit with our references, linked.

What came is kept byte for byte as a Binary, whatever it was. The ids are functions of the submission: an
answer that comes twice is one resource, and a later one is its next version.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from adapters.payer.client import Reply
from adapters.store import Transaction
from gateway.follow_up import follow_up, no_longer
from gateway.payer_exchange import Meaning
from profiles.admission import issues
from profiles.builders.claim_bundle import names_of
from profiles.exact_json import dumps_exact, loads_exact
from profiles.fhir_time import instant
from profiles.payer_answer import Answer, known_again, localized, reasons, verdict
from profiles.task import item
from profiles.uids import derived_id
from terminology.coding import Code, concept
from terminology.systems import PROVENANCE_PARTICIPANT

LARGEST_EVIDENCE: Final = 1_000_000
_CORE: Final = (
    *("resourceType", "status", "type", "use", "created", "outcome", "disposition", "preAuthRef"),
)
"""What is kept of an answer that is no valid R4, beside its original."""


def keep_request(tx: Transaction, key: str, claim_id: str, body: bytes) -> str:
    """Keep what is about to be sent, once; the reference of its Binary."""
    return _keep(tx, request_id(key), claim_id, "application/fhir+json", body)


def request_id(key: str) -> str:
    """Id of the Binary that holds the request of a submission."""
    return derived_id("payer-request", key)


def keep_reply(
    tx: Transaction, key: str, claim_id: str, reply: Reply
) -> tuple[dict[str, Any], ...]:
    """Keep what a payer has said, the same only once; the outputs that name it."""
    if not reply.body:
        return ()
    body, binary_id = reply.body[:LARGEST_EVIDENCE], _reply_id(key, reply)
    if tx.current("Binary", binary_id) is not None:
        return ()
    # A code of FHIR has single spaces (R4 datatypes.html#code), whatever a header has.
    media = " ".join(reply.media[:200].split()) if reply.media.isascii() else ""
    reference = _keep(tx, binary_id, claim_id, media or "application/octet-stream", body)
    return (item("answer", valueReference={"reference": reference}),)


def _reply_id(key: str, reply: Reply) -> str:
    digest = hashlib.sha256(reply.body[:LARGEST_EVIDENCE]).hexdigest()
    return derived_id("payer-reply", key, digest)


def _keep(tx: Transaction, binary_id: str, claim_id: str, media: str, body: bytes) -> str:
    if tx.current("Binary", binary_id) is None:
        tx.put(
            {
                "resourceType": "Binary",
                "id": binary_id,
                "contentType": media,
                "securityContext": {"reference": f"Claim/{claim_id}"},
                "data": base64.b64encode(body).decode(),
            }
        )
    return f"Binary/{binary_id}"


def kept_request(binary: Mapping[str, Any]) -> dict[str, Any]:
    """The request that a Binary holds."""
    request: dict[str, Any] = loads_exact(base64.b64decode(binary["data"]))
    return request


def _record(
    tx: Transaction,
    claim: Mapping[str, Any],
    key: str,
    answer: Answer,
    names: Mapping[str, str],
    reply: Reply,
) -> tuple[str, str, bool]:
    """Write an answer; its verdict, the reference of the ClaimResponse, and whether it is whole.

    Parameters
    ----------
    tx : Transaction
        In which the submission ends.
    claim : mapping
        Ours.
    key : str
        Of the submission.
    answer : Answer
        As it came.
    names : mapping of str to str
        Our references by what was sent.
    reply : Reply
        The original.
    """
    response_id = derived_id("ClaimResponse", key)
    request = {"reference": f"Claim/{claim['id']}"}
    response: dict[str, Any] = {}
    if _is_valid(answer.response):
        ours = _ours(answer.response, claim, answer, names)
        response = {**ours, "id": response_id, "request": request}
    whole = bool(response) and _is_valid(response)
    if not whole:
        response = _core(answer.response, response_id, claim, tx)
    changed = _put_changed(tx, response)
    targets = [f"ClaimResponse/{response_id}"]
    if answer.benefit is not None and _is_valid(answer.benefit):
        benefit = {
            **_ours(answer.benefit, claim, answer, names),
            "id": derived_id("ExplanationOfBenefit", key),
            "claim": request,
            "claimResponse": {"reference": targets[0]},
        }
        if _is_valid(benefit):
            changed |= _put_changed(tx, benefit)
            targets.append(f"ExplanationOfBenefit/{benefit['id']}")
    if changed:
        keep_reply(tx, key, str(claim["id"]), reply)
        tx.put(_provenance(tx, claim, key, targets, reply))
    return verdict(answer.response), targets[0], whole


def _ours(
    resource: Mapping[str, Any], claim: Mapping[str, Any], answer: Answer, names: Mapping[str, str]
) -> dict[str, Any]:
    """A payer's resource about our patient, insurer and provider."""
    made: dict[str, Any] = localized(dict(resource), names, answer.around)
    for name in ("meta", "implicitRules", "text"):
        made.pop(name, None)
    made["patient"] = claim["patient"]
    for name, ours in (("insurer", "insurer"), ("requestor", "provider"), ("provider", "provider")):
        known = made.get(name, {}).get("reference", "")
        if name in made and not known and ours in claim:
            made[name] = claim[ours]
    for at, insurance in enumerate(made.get("insurance", ())):
        mine = claim.get("insurance", [])
        if "reference" not in insurance.get("coverage", {}) and at < len(mine):
            insurance["coverage"] = mine[at]["coverage"]
    return made


def _core(
    response: Mapping[str, Any], response_id: str, claim: Mapping[str, Any], tx: Transaction
) -> dict[str, Any]:
    """The part of an answer that holds whatever else is wrong with it."""
    fallback = {
        "resourceType": "ClaimResponse",
        "id": response_id,
        "status": "active",
        "type": claim["type"],
        "use": claim["use"],
        "patient": claim["patient"],
        "created": instant(tx.moment),
        "insurer": claim["insurer"],
        "request": {"reference": f"Claim/{claim['id']}"},
        "outcome": "partial",
    }
    for name in _CORE:
        tried = {**fallback, name: response.get(name)}
        if name in response and _is_valid(tried):
            fallback = tried
    return fallback


def _is_valid(resource: Mapping[str, Any]) -> bool:
    return not any(severity == "error" for severity, *_ in issues(dict(resource), warnings=False))


def _put_changed(tx: Transaction, resource: Mapping[str, Any]) -> bool:
    """Write the next version, if it says anything new; whether it does."""
    stored = tx.read(str(resource["resourceType"]), str(resource["id"]))
    if stored is not None:
        before = loads_exact(stored.body)
        before.pop("meta", None)
        if dumps_exact(before) == dumps_exact(dict(resource)):
            return False
    tx.put(resource)
    return True


def _provenance(
    tx: Transaction, claim: Mapping[str, Any], key: str, targets: list[str], reply: Reply
) -> dict[str, Any]:
    """Where an answer comes from: the insurer, in answer to what was sent."""
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "payer-answer", key),
        "target": [{"reference": target} for target in targets],
        "recorded": instant(tx.moment),
        "agent": [
            {
                "type": concept(Code(PROVENANCE_PARTICIPANT, "author", "Author")),
                "who": claim["insurer"],
            }
        ],
        "entity": [
            {"role": "source", "what": {"reference": f"Binary/{request_id(key)}"}},
            {"role": "source", "what": {"reference": f"Binary/{_reply_id(key, reply)}"}},
        ],
    }


def write_answer(
    tx: Transaction,
    submission: Mapping[str, Any],
    claim: Mapping[str, Any],
    key: str,
    request: Mapping[str, Any],
    meaning: Meaning,
) -> tuple[str, str]:
    """Write an answer and what a person has to do about it; its verdict and the ClaimResponse.

    Parameters
    ----------
    submission : mapping
        The Task of the submission, to which the person's Task belongs.
    request : mapping
        What was sent.
    meaning : Meaning
        With the answer.
    """
    if meaning.answer is None:
        raise ValueError("there is no answer to write")
    names = names_of(request)
    sent = [entry["resource"] for entry in request["entry"]]
    again = known_again(meaning.answer.around, sent, names.values())
    said, response, whole = _record(
        tx, claim, key, meaning.answer, {**again, **names}, meaning.reply
    )
    if said != "pended":
        no_longer(tx, submission, "pended", "silent")
    if said != "answered":
        follow_up(tx, submission, said, response, reasons(meaning.answer.response))
    if not whole:
        follow_up(tx, submission, "unusable", response)
    return said, response
