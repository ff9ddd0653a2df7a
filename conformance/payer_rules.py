"""How the trial payer judges what it gets and what it answers: written apart from what the gateway sends.

PAS 2.2.1 specification.html and its request and response Bundles; R4 claimresponse.html. The list of codes
that it pays is a few bare numbers: it is a trial payer, no fee schedule.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

CARC: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
ADJUDICATION: Final = "http://terminology.hl7.org/CodeSystem/adjudication"
PAS: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
REVIEW: Final = "https://codesystem.x12.org/005010/306"
PAID: Final = frozenset(
    {
        *("99202", "99203", "99204", "99205", "99212", "99213", "99214", "99215", "G0438"),
        *("G0439", "70450", "70551", "71046", "80053", "83036", "93000", "36415", "J3420"),
    }
)
NOT_COVERED: Final = "96"
"""CARC of an item whose code the trial payer does not pay."""

_DIAGNOSIS: Final = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?")
_RESTFUL: Final = re.compile(r"(https?://.+)/([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


def problems(bundle: Any) -> Iterator[str]:
    """What is wrong with a request Bundle."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        yield "no Bundle"
        return
    if bundle.get("type") != "collection":
        yield "Bundle.type is not collection"
    if not bundle.get("identifier", {}).get("value"):
        yield "Bundle.identifier is missing"
    if "timestamp" not in bundle:
        yield "Bundle.timestamp is missing"
    entries = bundle.get("entry", [])
    kinds = [entry.get("resource", {}).get("resourceType") for entry in entries]
    if not kinds or kinds[0] != "Claim" or kinds.count("Claim") != 1:
        yield "the first entry, and only that, is the Claim"
        return
    yield from _links(entries)
    yield from claim_problems(entries[0]["resource"])


def _links(entries: list[dict[str, Any]]) -> Iterator[str]:
    urls = [entry.get("fullUrl", "") for entry in entries]
    if len(set(urls)) < len(urls) or not all(urls):
        yield "every entry has a full URL of its own"
    if any(set(entry) & {"request", "response", "search"} for entry in entries):
        yield "an entry of a collection has no request, response or search"
    for entry in entries:
        base = _RESTFUL.fullmatch(entry.get("fullUrl", ""))
        local = {f"#{one.get('id')}" for one in entry["resource"].get("contained", ())}
        for reference in references(entry["resource"]):
            absolute = f"{base[1]}/{reference}" if base and "/" in reference else reference
            if reference not in local and absolute not in urls:
                yield f"a reference of the {entry['resource']['resourceType']} does not resolve"


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def claim_problems(claim: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a Claim."""
    for name in (
        "identifier",
        "status",
        "type",
        "use",
        "patient",
        "created",
        "insurer",
        "provider",
    ):
        if not claim.get(name):
            yield f"Claim.{name} is missing"
    if claim.get("status") != "active":
        yield "Claim.status is not active"
    if not any(one.get("focal") for one in claim.get("insurance", ())):
        yield "no focal insurance"
    if not claim.get("item"):
        yield "Claim.item is missing"
    for one in claim.get("diagnosis", ()):
        for coding in one.get("diagnosisCodeableConcept", {}).get("coding", ()):
            if not _DIAGNOSIS.fullmatch(coding.get("code", "")):
                yield "a diagnosis is no ICD-10-CM code"


def first_identifier(claim: Mapping[str, Any]) -> str:
    """``system|value`` of a Claim."""
    one = claim["identifier"][0]
    return f"{one.get('system', '')}|{one['value']}"


def response_of(claim: Mapping[str, Any], url: str, outcome: str) -> dict[str, Any]:
    """The ClaimResponse to a Claim whose outcome was chosen; what it pays is by the list of codes."""
    items = [
        {"itemSequence": item["sequence"], "adjudication": _adjudicated(item, outcome, at)}
        for at, item in enumerate(claim["item"])
    ]
    response: dict[str, Any] = {
        "resourceType": "ClaimResponse",
        "id": uuid4().hex,
        "identifier": [{"system": "https://payer.example/responses", "value": uuid4().hex}],
        "status": "active",
        "type": claim["type"],
        "use": claim["use"],
        "patient": claim["patient"],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "insurer": claim["insurer"],
        "requestor": claim["provider"],
        "request": {"reference": url, "identifier": claim["identifier"][0]},
        "outcome": {"denied": "complete", "benefit": "complete"}.get(outcome, outcome),
    }
    if outcome == "error":
        code = {"coding": [{"system": "https://payer.example/errors", "code": "E1"}]}
        return {**response, "error": [{"code": code}]}
    if outcome == "queued":
        return response
    paid = sum(_paid(item) for item in items)
    if claim["use"] == "preauthorization" and paid:
        response["preAuthRef"] = f"PA-{response['id'][:8]}"
    response["item"] = items
    response["payment"] = {
        "type": {"coding": [{"code": "complete"}]},
        "amount": {"value": paid, "currency": "USD"},
    }
    return response


def benefit_of(claim: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """The ExplanationOfBenefit that goes with an answer."""
    shared = ("status", "type", "use", "patient", "created", "insurer", "outcome", "payment")
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": f"eob-{response['id']}",
        **{name: response[name] for name in shared if name in response},
        "provider": claim["provider"],
        "claim": dict(response["request"]),
        "insurance": [{"focal": True, "coverage": claim["insurance"][0]["coverage"]}],
    }


def _paid(item: Mapping[str, Any]) -> float:
    return sum(float(a["amount"]["value"]) for a in item["adjudication"] if _code(a) == "benefit")


def _code(adjudication: Mapping[str, Any]) -> str:
    return str(adjudication["category"]["coding"][0]["code"])


def _adjudicated(item: Mapping[str, Any], outcome: str, at: int) -> list[dict[str, Any]]:
    codes = {c.get("code") for c in item.get("productOrService", {}).get("coding", ())}
    asked = item.get("net", {}).get("value", 100)
    pays = outcome != "denied" and not (outcome == "partial" and at == 0) and bool(codes & PAID)
    benefit: dict[str, Any] = {
        "category": _category("benefit"),
        "amount": {"value": asked if pays else 0, "currency": "USD"},
    }
    if not pays:
        benefit["reason"] = {"coding": [{"system": CARC, "code": NOT_COVERED}]}
    submitted = {"category": _category("submitted"), "amount": {"value": asked, "currency": "USD"}}
    return [submitted, benefit]


def _category(code: str) -> dict[str, Any]:
    return {"coding": [{"system": ADJUDICATION, "code": code}]}


def collection(profile: str, resources: list[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """A PAS Bundle of resources by full URL."""
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PAS}/{profile}"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"},
        "type": "collection",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": url, "resource": dict(one)} for url, one in resources],
    }


def outcome_of(texts: list[str], code: str = "invalid") -> dict[str, Any]:
    """An OperationOutcome."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": text} for text in texts],
    }
