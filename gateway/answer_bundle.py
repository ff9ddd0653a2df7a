"""ClaimResponses as a payer sends them: a Bundle of type collection with what they refer to (PAS 2.2.1)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from adapters.store import Store, Transaction
from gateway.operations.record import targets
from profiles.builders.claim_bundle import has_what_pas_needs
from profiles.exact_json import loads_exact
from profiles.fhir_time import instant
from profiles.payer_answer import objects
from terminology.systems import URI

_SHOWN: Final = frozenset({"Patient", "Organization", "Practitioner", "PractitionerRole"})


def answer_bundle(
    records: Store | Transaction, responses: Iterable[dict[str, Any]], profile: str, base: str
) -> dict[str, Any]:
    """The Bundle of some ClaimResponses, each with the identifier of its Claim.

    Parameters
    ----------
    records : Store or Transaction
        Where what they refer to stands.
    responses : iterable of dict
        As they are stored.
    profile : str
        The PAS profile that is named where the Bundle meets it.
    base : str
        Base address of the endpoint.
    """
    entries = {f"ClaimResponse/{one['id']}": _named(records, one) for one in responses}
    prior = all(one.get("use") == "preauthorization" for one in entries.values())
    for answer in list(entries.values()):
        for kind, key in targets(answer, base):
            found = _current(records, kind, key) if kind in _SHOWN else None
            if found is not None:
                entries.setdefault(f"{kind}/{key}", found)
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "identifier": {"system": URI, "value": f"urn:uuid:{uuid4()}"},
        "type": "collection",
        "timestamp": instant(datetime.now(UTC)),
        "entry": [{"fullUrl": f"{base}/{key}", "resource": one} for key, one in entries.items()],
    }
    met = bool(entries) and prior and has_what_pas_needs(entries.values())
    return {**bundle, "meta": {"profile": [profile]}} if met else bundle


def _named(records: Store | Transaction, response: dict[str, Any]) -> dict[str, Any]:
    """A response whose request has the identifier by which its provider knows the Claim."""
    request = response.get("request", {})
    kind, _, key = str(request.get("reference", "")).partition("/")
    claim = _current(records, kind, key) if kind == "Claim" and key else None
    identifiers = objects((claim or {}).get("identifier"))
    if not identifiers:
        return response
    return {**response, "request": {**request, "identifier": identifiers[0]}}


def _current(records: Store | Transaction, kind: str, key: str) -> dict[str, Any] | None:
    stored = records.current(kind, key)
    if stored is None or stored.deleted:
        return None
    found: dict[str, Any] = loads_exact(stored.body)
    return found
