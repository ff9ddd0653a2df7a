"""A provider's request comes in: its resources are stored under our ids, and the Claim is answered.

PAS 2.2.1, ``Claim/$submit`` as a payer. Who is known here by an identifier is not written over by what a
provider says of him; everything else gets an id that is a function of its content, so that a request that
comes twice is stored once and has one answer.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from adapters.store import Transaction
from gateway.adjudication import adjudicate, withdraw
from profiles.admission import require_admissible
from profiles.builders.claim_response import response_id
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import identifiers_of
from profiles.scrub.context import EditTables
from profiles.search.syntax import token_of
from profiles.uids import derived_id

KNOWN: Final = frozenset({"Patient", "Organization", "Practitioner", "Coverage", "Location"})
"""Who and what is looked for by its identifiers."""


def receive(tx: Transaction, bundle: Mapping[str, Any], tables: EditTables) -> dict[str, Any]:
    """Store a request and answer its Claim; the ClaimResponse.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` for a Claim that is neither active nor cancelled; what ``require_admissible``
        raises; ``conflict`` for a Claim that was decided already.
    """
    first, *others = bundle["entry"]
    arrival = _Arrival(tx)
    for entry in others:
        arrival.name(entry)
    for entry in others:
        arrival.keep(entry)
    claim = arrival.ours(first["resource"])
    claim["id"] = _claim_id(claim)
    require_admissible(claim)
    _put_changed(tx, claim)
    if claim["status"] == "cancelled":
        withdraw(tx, claim)
    elif claim["status"] == "active":
        adjudicate(tx, claim, tables)
    else:
        raise OperationOutcomeError(
            "business-rule", "a Claim that is submitted is active or cancelled", "Claim.status"
        )
    answer: dict[str, Any] = loads_exact(tx.require("ClaimResponse", response_id(claim["id"])).body)
    return answer


class _Arrival:
    """The resources of one Bundle on their way to our ids."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._names: dict[str, str] = {}
        self._new: set[str] = set()

    def name(self, entry: Mapping[str, Any]) -> None:
        """Decide under which id a resource stands here."""
        resource = entry["resource"]
        kind = str(resource["resourceType"])
        known = self._known(kind, resource) if kind in KNOWN else None
        bare = {name: value for name, value in resource.items() if name not in ("id", "meta")}
        digest = hashlib.sha256(dumps_exact(bare)).hexdigest()
        reference = f"{kind}/{known or derived_id('received', kind, digest)}"
        if known is None:
            self._new.add(reference)
        self._names[str(entry["fullUrl"])] = reference
        if "id" in resource:
            self._names.setdefault(f"{kind}/{resource['id']}", reference)

    def keep(self, entry: Mapping[str, Any]) -> None:
        """Store a resource that is new here."""
        reference = self._names[str(entry["fullUrl"])]
        if reference in self._new:
            made = {**self.ours(entry["resource"]), "id": reference.partition("/")[2]}
            require_admissible(made)
            _put_changed(self._tx, made)

    def ours(self, value: Any) -> Any:
        """A resource with references to our ids; what is not in the Bundle keeps its name alone."""
        if isinstance(value, list):
            return [self.ours(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("reference")
        if not isinstance(reference, str) or reference.startswith("#"):
            return {name: self.ours(inner) for name, inner in value.items()}
        if reference in self._names:
            return {**value, "reference": self._names[reference]}
        kept = {name: inner for name, inner in value.items() if name != "reference"}
        return kept or {"display": "not sent"}

    def _known(self, kind: str, resource: Mapping[str, Any]) -> str | None:
        """Id of the one that is here under an identifier; None where that is nobody, or several."""
        found: set[str] = set()
        for system, value in identifiers_of(resource):
            if system:
                found.update(self._tx.find(kind, "identifier", token_of(system, value)))
        return found.pop() if len(found) == 1 else None


def _claim_id(claim: Mapping[str, Any]) -> str:
    """The same for the same identifier of the same patient and provider."""
    names = sorted("|".join(pair) for pair in identifiers_of(claim))
    content = {name: value for name, value in claim.items() if name not in ("id", "meta")}
    parties = [dumps_exact(claim.get(name)).decode() for name in ("patient", "provider")]
    return derived_id("received", "Claim", *parties, *(names or [dumps_exact(content).decode()]))


def _put_changed(tx: Transaction, resource: Mapping[str, Any]) -> None:
    stored = tx.read(str(resource["resourceType"]), str(resource["id"]))
    sent = {name: value for name, value in resource.items() if name != "meta"}
    if stored is not None:
        before = loads_exact(stored.body)
        before.pop("meta", None)
        if before == sent:
            return
    tx.put(resource)
