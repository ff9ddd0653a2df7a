"""A request that a provider has sent: whether it is one, and its way to the payer it is meant for.

PAS 2.2.1 specification.html: a Bundle of type collection, the Claim first, every reference inside. An
intermediary keeps nothing: the provider holds the request until it has the answer.
"""

from collections.abc import Mapping
from typing import Any, Final

from adapters.payer.client import RECEIVED, REFUSED
from gateway.payers import Connection
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError


def require_request(bundle: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Claim of a request and the Organization of its insurer, empty where it is not inside.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` with every reason, when it is no request Bundle.
    """
    if bundle.get("resourceType") != "Bundle":
        raise OperationOutcomeError("invalid", "the request is a Bundle", "resource")
    wrong = tuple(("invalid", text, place) for text, place in _problems(bundle))
    if wrong:
        raise OperationOutcomeError(*wrong[0], issues=wrong)
    claim: dict[str, Any] = bundle["entry"][0]["resource"]
    return claim, resolved(bundle, claim.get("insurer", {}))


def resolved(bundle: Mapping[str, Any], reference: Mapping[str, Any]) -> dict[str, Any]:
    """The resource of a Bundle that a reference leads to; empty where it is not inside."""
    wanted = reference.get("reference", "")
    for entry in bundle["entry"] if wanted else ():
        resource: dict[str, Any] = entry["resource"]
        key = f"{resource['resourceType']}/{resource.get('id')}"
        if wanted in (entry.get("fullUrl"), key):
            return resource
    return {}


def _problems(bundle: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [
        (f"the Bundle has a {name}", f"Bundle.{name}")
        for name in ("identifier", "timestamp")
        if not bundle.get(name)
    ]
    if bundle.get("type") != "collection":
        found.append(("the type of the Bundle is collection", "Bundle.type"))
    entries = [entry for entry in bundle.get("entry", ()) if isinstance(entry, dict)]
    kinds = [entry.get("resource", {}).get("resourceType") for entry in entries]
    if not kinds or kinds[0] != "Claim" or kinds.count("Claim") != 1:
        found.append(("the first entry, and only that, is a Claim", "Bundle.entry[0]"))
    return found + [
        ("an entry has a fullUrl and a resource", f"Bundle.entry[{at}]")
        for at, entry in enumerate(entries)
        if not entry.get("fullUrl") or "resource" not in entry
    ]


FAILED: Final = {"ambiguous": "timeout", "unsent": "transient", "throttled": "throttled"}


def forward(connection: Connection, path: str, bundle: Mapping[str, Any]) -> tuple[int, bytes]:
    """Pass a request on to its payer; status and resource of the answer.

    Raises
    ------
    OperationOutcomeError
        ``transient`` when it was not sent, ``timeout`` when it is not known whether it arrived,
        ``throttled`` when the payer asks to wait.
    """
    if connection.breaker.wait_s():
        raise OperationOutcomeError("transient", "the payer is left alone for a while: try later")
    key = str(bundle["identifier"].get("value", "")).removeprefix("urn:uuid:")
    headers = {"Idempotency-Key": key} if key.isascii() and key.isprintable() and key else {}
    reply = connection.client.exchange("POST", path, dumps_exact(bundle), headers)
    if reply.kind in (RECEIVED, REFUSED) and _is_resource(reply.body):
        connection.breaker.succeeded()
        return reply.status, reply.body
    connection.breaker.failed()
    text = f"{reply.why}; whether the payer has the request says Claim/$inquire"
    raise OperationOutcomeError(FAILED.get(reply.kind, "timeout"), text)


def _is_resource(body: bytes) -> bool:
    try:
        said = loads_exact(body)
    except OperationOutcomeError:
        return False
    return isinstance(said, dict) and isinstance(said.get("resourceType"), str)
