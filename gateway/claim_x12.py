"""Our approved Claims as X12 837 interchanges: control numbers of the store, addresses of the site.

A Claim that has no identifier short enough for CLM01 is given one first, because a remittance names the claim
by it. A Claim that lacks anything takes no control number.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.store import Transaction
from adapters.x12.claim_837 import ClaimSet, Sending, claim_set
from adapters.x12.claim_loop import LONGEST_CONTROL
from adapters.x12.envelope import MOST, Addressing, interchange
from adapters.x12.segments import Delimiters
from gateway.settings import Settings
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from terminology.x12 import PATIENT_CONTROL

EDI: Final = "application/EDI-X12"
"""Media type (RFC 1767)."""
NOTE: Final = "x12-control"
QUALIFIERS: Final = frozenset({"01", "14", "20", "27", "28", "29", "30", "33", "ZZ"})
"""What an interchange id can be (X12 data element I05, TR3 appendix C)."""
LONGEST_ID: Final = 15


@dataclass(frozen=True, slots=True)
class Site:
    """How this site takes part in X12.

    Parameters
    ----------
    sender, receiver : (str, str)
        Qualifier and id; empty ids where the Claim says them.
    test : bool
        Whether what is sent is marked as a test.
    place : str
        Place of service of lines that say none.
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    test: bool
    place: str


def site_of(settings: Settings) -> Site:
    """The site of the settings.

    Raises
    ------
    OperationOutcomeError
        ``value`` for an address or a usage that X12 does not know.
    """
    if settings.x12_usage not in ("T", "P"):
        raise OperationOutcomeError("value", "x12_usage is T or P", "x12_usage")
    return Site(
        _address(settings.x12_sender, "30", "x12_sender"),
        _address(settings.x12_receiver, "ZZ", "x12_receiver"),
        settings.x12_usage == "T",
        settings.x12_place_of_service,
    )


def _address(text: str, qualifier: str, name: str) -> tuple[str, str]:
    if not text:
        return qualifier, ""
    kind, _, id_ = text.partition(":")
    if kind not in QUALIFIERS or not 1 < len(id_) <= LONGEST_ID or not id_.isalnum():
        raise OperationOutcomeError(
            "value", f"{name} is a qualifier, a colon and an id of 2 to 15 letters and digits", name
        )
    return kind, id_


def export_claims(
    tx: Transaction, claim_ids: Sequence[str], site: Site, control: int | None = None
) -> str:
    """One interchange with a transaction set for each Claim.

    Parameters
    ----------
    control : int, optional
        Interchange control number of the caller, who then keeps it unique; the store's next unless given.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` or ``deleted`` for a Claim, or all that keeps one from being written; then nothing is
        written for any of them, and no number is taken.
    """
    if control is None:
        control = _next(tx)
    elif not 0 < control <= MOST:
        raise OperationOutcomeError("value", "a control number has one to nine digits", "control")
    delimiters = Delimiters()
    sets = [
        claim_set(
            _numbered(tx, claim_id),
            lambda reference: _resolved(tx, reference),
            Sending(
                f"{control:09d}{at:04d}", tx.moment, site.sender[1], site.receiver[1], site.place
            ),
            delimiters,
        )
        for at, claim_id in enumerate(claim_ids, 1)
    ]
    _require_one_way(sets)
    addressing = Addressing(
        (site.sender[0], sets[0].submitter),
        (site.receiver[0], sets[0].receiver),
        control,
        tx.moment,
        site.test,
    )
    bodies = [("837", one.version, one.segments) for one in sets]
    return interchange(bodies, addressing, delimiters)


def _next(tx: Transaction) -> int:
    """The store's next control number; it begins again after nine digits."""
    tx.exclusive(NOTE)
    control = int(tx.note(NOTE) or 0) % MOST + 1
    tx.set_note(NOTE, str(control))
    return control


def _require_one_way(sets: Sequence[ClaimSet]) -> None:
    if len({(one.submitter, one.receiver, one.version) for one in sets}) > 1:
        raise OperationOutcomeError(
            "business-rule",
            "claims of several billers, payers or kinds do not go in one interchange",
        )
    if any(len(end) > LONGEST_ID for end in (sets[0].submitter, sets[0].receiver)):
        raise OperationOutcomeError(
            "value", "the id of an interchange has at most 15 characters: set x12_receiver"
        )


def _numbered(tx: Transaction, claim_id: str) -> dict[str, Any]:
    """The Claim with an identifier that fits CLM01, which it is given where it has none."""
    claim: dict[str, Any] = loads_exact(tx.require("Claim", claim_id).body)
    identifiers = claim.get("identifier", [])
    if not any(
        len(str(one.get("value", ""))) in range(1, LONGEST_CONTROL + 1) for one in identifiers
    ):
        own = {"system": PATIENT_CONTROL, "value": control_number(claim_id)}
        claim["identifier"] = [*identifiers, own]
        tx.put(claim)
    return claim


def control_number(claim_id: str) -> str:
    """A patient control number that is a function of the id: 16 letters and digits."""
    return base64.b32encode(hashlib.sha256(claim_id.encode()).digest())[:16].decode()


def _resolved(tx: Transaction, reference: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, _, resource_id = str(reference.get("reference", "")).partition("/")
    stored = tx.read(kind, resource_id.partition("/_history/")[0]) if kind and resource_id else None
    if stored is None:
        return None
    found: dict[str, Any] = loads_exact(stored.body)
    return found
