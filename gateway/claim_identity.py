"""Whether a Claim was received before, and which Claims it replaces: by content, identifier and relation."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.store import Transaction
from profiles.builders.claim_response import response_id
from profiles.scrub.claim_view import address, stored_address
from profiles.scrub.finding import Finding, found
from terminology.adjudication import CLAIM_CONTENT

_NOT_CONTENT: Final = frozenset({"id", "meta", "text", "identifier", "status"})
MOST: Final = 50
"""Identifiers and related Claims of one Claim that are followed."""
STANDING: Final = frozenset({"queued", "complete", "partial"})
"""Outcomes of an answer beside which the same Claim is not answered again; an error may be mended since."""


def content_digest(claim: Mapping[str, Any]) -> str:
    """SHA-256 of what a Claim asks for; how it is called and where it is stored is left out."""
    content = {name: value for name, value in claim.items() if name not in _NOT_CONTENT}
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def received_before(tx: Transaction, claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """The standing answer to a Claim of the same content; None when it is new."""
    digest = content_digest(claim)
    tx.exclusive(f"claim:{digest}")
    return _standing(tx, tx.find("ClaimResponse", "identifier", f"{CLAIM_CONTENT}|{digest}"))


def has_answer(tx: Transaction, claim: Mapping[str, Any]) -> bool:
    """Whether somebody else's answer to a Claim is here: it is a record then, and no request to us."""
    reference, own = f"Claim/{claim['id']}", response_id(str(claim["id"]))
    answers = tx.find("ClaimResponse", "request", reference)
    return any(one != own for one in answers) or bool(
        tx.find("ExplanationOfBenefit", "claim", reference)
    )


def twin(tx: Transaction, claim: Mapping[str, Any], digest: str) -> Finding | None:
    """The finding that another Claim is the same, or goes by the same identifier."""
    own = response_id(str(claim["id"]))
    same = tx.find("ClaimResponse", "identifier", f"{CLAIM_CONTENT}|{digest}")
    answer = _standing(tx, [one for one in same if one != own])
    if answer is not None:
        return _duplicate(answer, "the same claim", "Claim")
    left_out = {str(claim["id"]), *(target.partition("/")[2] for target in related(tx, claim))}
    for at, identifier in enumerate(claim.get("identifier", [])[:MOST]):
        if not identifier.get("system") or not identifier.get("value"):
            continue
        query = "|".join(map(_escaped, (identifier["system"], identifier["value"])))
        others = [one for one in tx.find("Claim", "identifier", query) if one not in left_out]
        answer = _standing(tx, [response_id(one) for one in others])
        if answer is not None:
            return _duplicate(answer, "a claim of this identifier", f"Claim.identifier[{at}]")
    return None


def related(tx: Transaction, claim: Mapping[str, Any]) -> Iterator[str]:
    """The Claims of this patient and provider that a Claim replaces or cancels."""
    for one in claim.get("related", [])[:MOST]:
        target = address(one.get("claim"))
        kind, _, key = target.partition("/")
        other = tx.read(kind, key) if kind == "Claim" and key and key != claim["id"] else None
        if other is not None:
            body = other.json()
            sides = ("patient", "provider")
            ours = [stored_address(claim.get(side)) for side in sides]
            if all(ours) and ours == [stored_address(body.get(side)) for side in sides]:
                yield target


def _standing(tx: Transaction, answers: list[str]) -> dict[str, Any] | None:
    """The oldest of some answers that is in force."""
    for one in answers:
        stored = tx.read("ClaimResponse", one)
        answer: dict[str, Any] = stored.json() if stored is not None else {}
        if answer.get("status") == "active" and answer["outcome"] in STANDING:
            return answer
    return None


def _escaped(text: str) -> str:
    """A text as a part of a search value (R4 search.html#escaping)."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


def _duplicate(answer: Mapping[str, Any], what: str, at: str) -> Finding:
    return found(
        "claim-duplicate",
        f"{what} was received before as {answer['request']['reference']}, and its answer is "
        f"ClaimResponse/{answer['id']}; a correction names it in Claim.related",
        at,
    )
