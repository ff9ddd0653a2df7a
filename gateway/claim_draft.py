"""A draft Claim enters the record: a new version while nobody has decided, held once somebody has.

R4 claim.html: ``draft`` is content that is not complete. What a person has approved, rejected or begun to
correct is never written over; the new coding is kept beside it and the person is told.
"""

from typing import Any, Final

from adapters.store import Store, Transaction
from gateway.claim_correction import standing
from profiles.builders.claim import ClaimDraft
from profiles.builders.claim_record import RESULT
from profiles.task import REVIEW, code_of, item, moved
from terminology.claims import CODE_DECISION

DONE: Final = "done"
HELD: Final = "held"
AFTER_DECISION: Final = "documents were coded after the claim was decided"


def keep_draft(tx: Transaction, draft: ClaimDraft, *, again: bool = False) -> str:
    """Write a draft and its review Task inside the transaction that ends the coding.

    Parameters
    ----------
    tx : Transaction
    draft : ClaimDraft
        Of ``profiles.builders.claim.build_claim``.
    again : bool
        Whether somebody asked for this coding by hand: a rejected Claim is then drafted anew.

    Returns
    -------
    str
        ``done``, or ``held`` when a person's decision stands: a business status of the coding Task.
    """
    tx.exclusive(f"review:Claim/{draft.claim['id']}")
    current = tx.read("Claim", draft.claim["id"])
    if current is None or _is_free(current.json(), again):
        _replace(tx, draft, 0 if current is None else current.version)
        return DONE
    for resource in draft.beside:
        tx.put(_without_claim(resource, draft))
    if current.json()["status"] == "draft":
        _tell(tx, draft)
    else:
        _ask_again(tx, draft)
    return HELD


def has_begun(claim: dict[str, Any]) -> bool:
    """Whether a person has decided on a code of a draft."""
    coded = [*claim.get("diagnosis", ()), *claim.get("item", ())]
    marks = [mark for one in (claim, *coded) for mark in one.get("extension", ())]
    return any(mark["url"] == CODE_DECISION for mark in marks)


def _is_free(claim: dict[str, Any], again: bool) -> bool:
    if claim["status"] == "draft":
        return not has_begun(claim)
    return again and claim["status"] == "entered-in-error"


def _replace(tx: Transaction, draft: ClaimDraft, before: int) -> None:
    """The next version of the draft."""
    for resource in draft.beside:
        tx.put(_revising(resource, draft, before) if before else resource)
    tx.put(draft.claim)
    _await_review(tx, draft.claim["id"], draft.task)


def _ask_again(tx: Transaction, draft: ClaimDraft) -> None:
    """A review of the Claim that stands now, for documents that came after the decision."""
    now = standing(tx, draft.claim["id"])
    tx.exclusive(f"review:Claim/{now}")
    focus = {"reference": f"Claim/{now}"}
    _await_review(tx, now, {**draft.task, "focus": focus, "reasonCode": {"text": AFTER_DECISION}})


def _await_review(tx: Transaction, claim_id: str, review: dict[str, Any]) -> None:
    """Let one review of a Claim be open: the new one; those before it give way."""
    for task in open_reviews(tx, claim_id):
        if task["id"] != review["id"]:
            tx.put(moved(task, "cancelled", "superseded", tx.moment))
    known = tx.read("Task", review["id"])
    if known is None or known.json()["status"] == "requested":
        tx.put(review)
    else:
        # The same coding came again after its review had ended: a review of its own.
        tx.create({k: v for k, v in review.items() if k != "id"})


def open_reviews(records: Store | Transaction, claim_id: str) -> list[dict[str, Any]]:
    """The review Tasks of a Claim that await a person, the oldest first."""
    wanted = [("focus", f"Claim/{claim_id}"), ("status", "requested"), ("_sort", "_lastUpdated")]
    tasks = [match.json() for match in records.search("Task", wanted).matches]
    return [task for task in tasks if code_of(task) == REVIEW.code]


def _revising(resource: dict[str, Any], draft: ClaimDraft, version: int) -> dict[str, Any]:
    """A Provenance also names the version of the Claim whose place its draft takes."""
    if resource["resourceType"] != "Provenance":
        return resource
    what = {"reference": f"Claim/{draft.claim['id']}/_history/{version}"}
    return {**resource, "entity": [*resource["entity"], {"role": "revision", "what": what}]}


def _without_claim(resource: dict[str, Any], draft: ClaimDraft) -> dict[str, Any]:
    """The Provenance of a coding that has changed no Claim."""
    if resource["resourceType"] != "Provenance":
        return resource
    claim = {"reference": f"Claim/{draft.claim['id']}"}
    return {**resource, "target": [one for one in resource["target"] if one != claim]}


def _tell(tx: Transaction, draft: ClaimDraft) -> None:
    """Name the newer coding in the open review of a draft that a person is correcting."""
    (newer,) = (entry for entry in draft.task["input"] if entry["type"]["text"] == RESULT)
    told = item("newer-coding-result", valueReference=newer["valueReference"])
    for task in open_reviews(tx, draft.claim["id"]):
        if told not in task["input"] and newer not in task["input"]:
            tx.put({**task, "input": [*task["input"], told]})
