"""The Bundle in which a Claim goes to a payer: the Claim first, then all that it refers to.

Da Vinci PAS 2.2.1, PAS Request Bundle and PAS Inquiry Request Bundle; R4 claim-operation-submit.html for
Claims that are no prior authorization. Full URLs are ``urn:uuid``, functions of the store's secret and the
resource: the same resource has the same one in every Bundle, and another site's resource never has it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import identifiers_of, objects
from profiles.search.values import literal
from terminology.ai_transparency import CONFIDENCE
from terminology.payer import (
    CARE_TEAM_SCOPE,
    PAS_CLAIM,
    PAS_CLAIM_INQUIRY,
    PAS_INQUIRY,
    PAS_REQUEST,
)
from terminology.systems import ISTHMUS, URI

ADMINISTRATIVE: Final = frozenset(
    {
        *("Patient", "RelatedPerson", "Coverage", "Organization", "Practitioner"),
        *("PractitionerRole", "Location", "Encounter", "ServiceRequest", "MedicationRequest"),
        *("DeviceRequest", "VisionPrescription", "Medication", "Device", "Condition", "Procedure"),
    }
)
"""What goes along wherever it is referred to."""

PARTIES: Final = frozenset(
    {"Patient", "Coverage", "Organization", "Practitioner", "PractitionerRole"}
)
"""What a Claim cannot do without where it names it."""

ATTACHED: Final = frozenset(
    {
        *("DocumentReference", "Binary", "QuestionnaireResponse", "Observation"),
        *("DiagnosticReport", "Media"),
    }
)
"""What goes along only where the Claim or something attached names it: a payer gets no more of a record
than it needs (45 CFR 164.502(b), minimum necessary)."""

_OWNERS: Final = {
    **dict.fromkeys(("Coverage",), "beneficiary"),
    **dict.fromkeys(("RelatedPerson", "VisionPrescription", "Device"), "patient"),
    **dict.fromkeys(
        (
            *("Encounter", "ServiceRequest", "MedicationRequest", "DeviceRequest", "Condition"),
            *("Procedure", "DocumentReference", "QuestionnaireResponse", "Observation"),
            *("DiagnosticReport", "Media"),
        ),
        "subject",
    ),
}
"""The element that says whose a resource is."""

MOST: Final = 500
LARGEST_BINARY: Final = 2_000_000
_INQUIRED: Final = (
    *("resourceType", "id", "identifier", "status", "type", "use", "patient", "billablePeriod"),
    *("created", "insurer", "provider", "priority", "insurance"),
)
"""Elements of a Claim by which its answer is asked for (PAS Claim Inquiry)."""

_NEEDED: Final = {
    "Claim": ("identifier", "insurer", "provider", "insurance", "item"),
    "Patient": ("identifier", "name", "gender"),
    "Organization": ("active", "name"),
    "Practitioner": ("identifier", "name"),
    "Coverage": ("relationship",),
}
"""What the profiles of PAS 2.2.1 and US Core ask for beyond R4."""

Read = Callable[[str, str], dict[str, Any] | None]
"""A resource by type and id; None when it is not here."""


def derived_urn(secret: bytes, *parts: str) -> str:
    """``urn:uuid`` that is a function of a secret and the parts (RFC 9562 version 8)."""
    digest = bytearray(hmac.digest(secret, "\x1f".join(parts).encode(), hashlib.sha256)[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return f"urn:uuid:{UUID(bytes=bytes(digest))}"


def build_request(
    claim: Mapping[str, Any],
    read: Read,
    secret: bytes,
    key: str,
    moment: datetime,
    *,
    documents: bool = False,
) -> dict[str, Any]:
    """The Bundle of a Claim.

    Parameters
    ----------
    claim : mapping
        An active Claim of the store.
    read : callable
        Of the store.
    secret : bytes
        Of the store.
    key : str
        ``urn:uuid`` of this submission, its identifier over all retries.
    moment : datetime
        When it was put together, aware.
    documents : bool
        Whether attached documents go along with a Claim for payment too; with a prior authorization they
        do always.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when the Claim refers to what is not here or belongs to another patient;
        ``too-costly`` when it has too many resources or a document that is too large.
    """
    attached = ATTACHED if documents or claim.get("use") != "claim" else frozenset[str]()
    gathering = _Gathering(claim, read, secret, attached)
    resources = list(gathering.resources())
    sent = resources[0]
    if not identifiers_of(sent):
        sent["identifier"] = [{"system": URI, "value": gathering.names[_key(claim)]}]
    bundle = _collection(key, moment, gathering.names, resources)
    if _meets_pas(resources):
        bundle["meta"] = {"profile": [PAS_REQUEST]}
        sent["meta"] = {**sent.get("meta", {}), "profile": [PAS_CLAIM]}
    return bundle


def build_inquiry(request: Mapping[str, Any], key: str, moment: datetime) -> dict[str, Any]:
    """The Bundle that asks for the answer to a request: a smaller Claim and what it refers to."""
    entries = request["entry"]
    claim = {name: value for name, value in entries[0]["resource"].items() if name in _INQUIRED}
    wanted = {entries[0]["fullUrl"]}
    by_url = {entry["fullUrl"]: entry["resource"] for entry in entries[1:]}
    waiting: list[Any] = [claim]
    while waiting:
        for url in _references(waiting.pop()):
            if url in by_url and url not in wanted:
                wanted.add(url)
                waiting.append(by_url[url])
    kept = [entry for entry in entries if entry["fullUrl"] in wanted]
    inquiry = _collection(key, moment, {}, [])
    inquiry["entry"] = [{"fullUrl": kept[0]["fullUrl"], "resource": claim}, *kept[1:]]
    if request.get("meta"):
        inquiry["meta"] = {"profile": [PAS_INQUIRY]}
        claim["meta"] = {"profile": [PAS_CLAIM_INQUIRY]}
    return inquiry


def self_contained(request: Mapping[str, Any]) -> dict[str, Any]:
    """The Claim of a request alone, with what it refers to contained (R4 references.html#contained).

    The content of attachments stands in them: a contained Binary would be referred to by nothing (dom-3).

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` when what would be contained contains something itself.
    """
    first, *others = request["entry"]
    if any("contained" in entry["resource"] for entry in others):
        raise OperationOutcomeError(
            "not-supported",
            "what the Claim refers to contains resources: only a Bundle can hold that",
        )
    there = {entry["fullUrl"]: entry["resource"] for entry in others}
    claim: dict[str, Any] = _local(first["resource"], there)
    inner = [
        {**_local(one, there), "id": _local_id(one)}
        for one in there.values()
        if one["resourceType"] != "Binary"
    ]
    for one in inner:
        one.pop("meta", None)
    contained = [*claim.get("contained", ()), *inner]
    return {**claim, "contained": contained} if contained else claim


def _local_id(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}-{resource['id']}"[-64:]


def _local(value: Any, there: Mapping[str, Mapping[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_local(inner, there) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {name: _local(inner, there) for name, inner in value.items()}
    if value.get("reference") in there:
        made["reference"] = f"#{_local_id(there[value['reference']])}"
    if value.get("url") in there:
        binary = there[made.pop("url")]
        made |= {name: binary[name] for name in ("contentType", "data") if name in binary}
    return made


def names_of(request: Mapping[str, Any]) -> dict[str, str]:
    """Our references by the full URLs of a request."""
    return {entry["fullUrl"]: _key(entry["resource"]) for entry in request["entry"]}


def _collection(
    key: str, moment: datetime, names: Mapping[str, str], resources: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "identifier": {"system": URI, "value": key},
        "type": "collection",
        "timestamp": instant(moment),
        "entry": [{"fullUrl": names[_key(one)], "resource": one} for one in resources],
    }


def _meets_pas(resources: list[dict[str, Any]]) -> bool:
    """Whether what the PAS and US Core profiles ask for is there; nothing is claimed that is not met."""
    claim = resources[0]
    focal = all(one.get("focal") is True for one in claim.get("insurance", ()))
    scoped = all(
        any(mark["url"] == CARE_TEAM_SCOPE for mark in member.get("extension", ()))
        for member in claim.get("careTeam", ())
    )
    one_name = len(claim.get("identifier", ())) == 1
    prior = claim.get("use") == "preauthorization"
    return prior and has_what_pas_needs(resources) and one_name and focal and scoped


def has_what_pas_needs(resources: Iterable[Mapping[str, Any]]) -> bool:
    """Whether resources have what the profiles of PAS and US Core ask for beyond R4."""
    return all(
        resource.get(name) is not None
        for resource in resources
        for name in _NEEDED.get(resource["resourceType"], ())
    )


def _key(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _references(value: Any) -> Iterator[str]:
    """Every literal reference and attachment in a resource."""
    if isinstance(value, dict):
        for name in ("reference", "url"):
            if isinstance(value.get(name), str):
                yield value[name]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


class _Gathering:
    """Collects what a Claim refers to, each resource once, with its references renamed."""

    def __init__(
        self, claim: Mapping[str, Any], read: Read, secret: bytes, attached: frozenset[str]
    ) -> None:
        self._read = read
        self._secret = secret
        self._attached = attached
        self._patient = str(claim.get("patient", {}).get("reference", ""))
        self._waiting = [dict(claim)]
        self.names = {_key(claim): derived_urn(secret, _key(claim))}

    def resources(self) -> Iterator[dict[str, Any]]:
        """The Claim, then everything that it leads to."""
        at = 0
        while at < len(self._waiting):
            if at == MOST:
                raise OperationOutcomeError("too-costly", "the Claim refers to too many resources")
            yield self._sent(self._waiting[at])
            at += 1

    def _sent(self, resource: dict[str, Any]) -> dict[str, Any]:
        kind = resource["resourceType"]
        bare = {name: value for name, value in resource.items() if name not in ("text", "meta")}
        sent: dict[str, Any] = self._renamed(bare, kind)
        meta = resource.get("meta", {})
        kept = {name: meta[name] for name in ("profile", "security") if meta.get(name)}
        return {**sent, "meta": kept} if kept else sent

    def _renamed(self, value: Any, kind: str) -> Any:
        if isinstance(value, list):
            return [self._renamed(inner, kind) for inner in value if not _is_private(inner)]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("reference"), str):
            return self._reference(value, kind)
        made = {name: self._renamed(inner, kind) for name, inner in value.items()}
        if isinstance(value.get("url"), str) and value["url"].startswith("Binary/"):
            made["url"] = self._reference({"reference": value["url"]}, kind)["reference"]
        return {name: inner for name, inner in made.items() if inner != []}

    def _reference(self, reference: dict[str, Any], kind: str) -> dict[str, Any]:
        target = literal(reference["reference"])
        if target is None:
            return reference
        key = "/".join(target)
        if key not in self.names and not self._follow(target, kind):
            return self._by_name(target, reference)
        return {**reference, "reference": self.names[key]}

    def _by_name(self, target: tuple[str, str], reference: dict[str, Any]) -> dict[str, Any]:
        """A reference to what stays here; an earlier Claim by the identifier that the payer knows."""
        kept = {name: value for name, value in reference.items() if name != "reference"}
        if target[0] == "Claim" and "identifier" not in kept:
            named = objects((self._read(*target) or {}).get("identifier"))
            urn = {"system": URI, "value": derived_urn(self._secret, "/".join(target))}
            kept["identifier"] = named[0] if named else urn
        return {"type": target[0], **kept}

    def _follow(self, target: tuple[str, str], kind: str) -> bool:
        """Queue what a reference leads to; false where it does not go along."""
        attached = target[0] in self._attached and (kind == "Claim" or kind in ATTACHED)
        if target[0] not in ADMINISTRATIVE and not attached:
            return False
        resource = self._read(*target)
        if resource is None and (kind != "Claim" or target[0] not in PARTIES):
            return False
        if resource is None:
            raise OperationOutcomeError(
                "business-rule", f"the Claim refers to a {target[0]} that is not here", "Claim"
            )
        self._require_same_patient(resource)
        self.names[_key(resource)] = derived_urn(self._secret, _key(resource))
        self._waiting.append(resource)
        return True

    def _require_same_patient(self, resource: Mapping[str, Any]) -> None:
        kind = resource["resourceType"]
        owner = resource.get(_OWNERS.get(kind, ""), {}).get("reference", self._patient)
        if kind == "Patient":
            owner = _key(resource)
        if owner != self._patient and owner.startswith("Patient/"):
            raise OperationOutcomeError(
                "business-rule", f"the Claim refers to a {kind} of another patient", "Claim.patient"
            )
        if kind == "Binary" and len(resource.get("data", "")) > LARGEST_BINARY:
            raise OperationOutcomeError("too-costly", "an attached document is too large to send")


def _is_private(value: Any) -> bool:
    """Whether an extension is for this site's reviewers only: evidence, citations, a model's score."""
    url = value.get("url", "") if isinstance(value, dict) else ""
    return isinstance(url, str) and (url.startswith(ISTHMUS) or url == CONFIDENCE)
