"""An active Claim is corrected by a new Claim that names it (R4 claim.html: ``related``).

What a payer may have is never written over. The new Claim has the payer's own number of the earlier one where
an answer gave it, by which X12 replaces a claim (frequency code 7).
"""

from typing import Any, Final

from adapters.store import Transaction
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.uids import derived_id
from terminology.claims import PRIOR_CLAIM
from terminology.coding import concept
from terminology.x12 import PAYER_CONTROL

_OF_THE_OTHER: Final = ("identifier", "related")
"""What a Claim is called by, and what it replaced itself, is not inherited."""


def standing(tx: Transaction, claim_id: str) -> str:
    """Id of the Claim that stands for one now: the last of those that replace each other."""
    while tx.current("Claim", _next(claim_id)) is not None:
        claim_id = _next(claim_id)
    return claim_id


def _next(claim_id: str) -> str:
    """Id of what replaces a Claim: a Claim is corrected once, then its correction is."""
    return derived_id("Claim", "correction", claim_id)


def correction(tx: Transaction, claim: dict[str, Any]) -> dict[str, Any]:
    """The Claim that is to replace one, with the same content so far.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when it was corrected before.
    """
    key = _next(str(claim["id"]))
    if tx.current("Claim", key) is not None:
        raise OperationOutcomeError(
            "conflict",
            "this Claim was corrected already: the Claim that replaces it is the one to correct",
        )
    kept = {name: value for name, value in claim.items() if name not in _OF_THE_OTHER}
    labels = {k: v for k, v in claim.get("meta", {}).items() if k in ("security", "tag", "profile")}
    earlier: dict[str, Any] = {
        "claim": {"reference": f"Claim/{claim['id']}"},
        "relationship": concept(PRIOR_CLAIM),
    }
    number = _payer_number(tx, str(claim["id"]))
    if number:
        earlier["reference"] = number
    return {
        **kept,
        "id": key,
        **({"meta": labels} if labels else {}),
        "created": instant(tx.moment),
        "related": [earlier],
    }


def _payer_number(tx: Transaction, claim_id: str) -> dict[str, Any] | None:
    """The payer's claim control number, out of its newest answer."""
    wanted = [("request", f"Claim/{claim_id}"), ("_sort", "-_lastUpdated")]
    for match in tx.search("ClaimResponse", wanted).matches:
        for identifier in match.json().get("identifier", ()):
            if identifier.get("system") == PAYER_CONTROL:
                return dict(identifier)
    return None
