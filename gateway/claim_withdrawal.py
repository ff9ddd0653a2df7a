"""Every note of a Claim was taken back: a draft goes with them, and of any other Claim a person is told."""

from typing import Any, Final

from adapters.store import Transaction
from gateway.claim_draft import has_begun, open_reviews
from profiles.task import REVIEW, moved, new_task
from profiles.uids import derived_id
from terminology.claims import CLAIM_TYPES

TOLD: Final = "the documents that the claim rests on were withdrawn"
_OPEN: Final = frozenset({"draft", "active"})


def drafted(tx: Transaction, about: str) -> list[dict[str, Any]]:
    """The Claims of an encounter, or of a document without one, that are not taken back."""
    ids = (derived_id("Claim", about, "claim", kind) for kind in CLAIM_TYPES)
    found = (tx.read("Claim", one) for one in ids)
    claims = [stored.json() for stored in found if stored is not None]
    return [claim for claim in claims if claim["status"] in _OPEN]


def take_back(tx: Transaction, about: str, task_id: str) -> None:
    """Withdraw the drafts on which nobody has decided yet (R4 claim.html: ``entered-in-error``)."""
    for claim in drafted(tx, about):
        reviews = open_reviews(tx, claim["id"])
        if claim["status"] == "draft" and not has_begun(claim):
            for review in reviews:
                tx.put(moved(review, "cancelled", "withdrawn", tx.moment, reason=TOLD))
            tx.put({**claim, "status": "entered-in-error"})
        elif reviews:
            for review in reviews:
                tx.put({**review, "reasonCode": {"text": TOLD}})
        else:
            _ask(tx, claim, task_id)


def _ask(tx: Transaction, claim: dict[str, Any], task_id: str) -> None:
    review = new_task(
        derived_id("Task", REVIEW.code, claim["id"], task_id),
        REVIEW,
        f"Claim/{claim['id']}",
        tx.moment,
        state="awaiting-review",
        reason=TOLD,
        patient=claim["patient"].get("reference"),
    )
    tx.put({**review, "basedOn": [{"reference": f"Task/{task_id}"}]})
