"""One entry of a batch or transaction: read, performed, answered (R4 bundle.html, http.html#transaction)."""

import base64
import binascii
import functools
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from adapters.store import StoredVersion
from gateway.fhir_answer import ID, location
from gateway.interactions.admission import admit
from gateway.interactions.patch import apply, declared_patch, matched, parsed_patch
from gateway.interactions.search import searchset
from gateway.interactions.update import require_same_id
from gateway.interactions.write import Writes, Written
from gateway.negotiation import FHIR_JSON
from gateway.preconditions import Preconditions, conditions
from profiles.definitions.r4 import definitions
from profiles.fhir_time import instant_of
from profiles.outcome import OperationOutcomeError

_CONDITIONS: Final = ("ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince")
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Entry:
    """What an entry asks for; ``existing`` is what its If-None-Exist found, ``new_id`` its id to be."""

    at: int
    method: str
    kind: str
    id: str
    query: str
    version: str
    resource: dict[str, Any] | None
    request: dict[str, Any]
    full_url: str = ""
    new_id: str = ""
    existing: StoredVersion | None = None
    """Match of If-None-Exist."""

    @property
    def conditions(self) -> Preconditions:
        """What has to hold of the current version."""
        given = self.request
        return conditions({"if-match": given.get("ifMatch")})


@dataclass(slots=True)
class Outcome:
    """What an entry has come to."""

    status: int
    stored: StoredVersion | None = None
    body: bytes | None = None
    outcome: dict[str, Any] | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    reads: bool = False

    def entry(self, base: str, wanted: str) -> dict[str, Any]:
        """Entry of the response Bundle; ``wanted`` is the preference ``return``."""
        response: dict[str, Any] = {
            "status": f"{self.status} {_REASONS.get(self.status, '')}".strip()
        }
        made: dict[str, Any] = {}
        if self.stored is not None:
            if not self.reads and not self.stored.deleted:
                response["location"] = location(base, self.stored)
            response["etag"] = f'W/"{self.stored.version}"'
            response["lastModified"] = instant_of(self.stored.stamp)
            if self.reads or (wanted == "representation" and not self.stored.deleted):
                made["fullUrl"] = f"{base}/{self.stored.type}/{self.stored.id}"
                made["resource"] = orjson.Fragment(self.stored.body)
        if self.body is not None:
            made["resource"] = orjson.Fragment(self.body)
        if self.outcome is not None:
            response["outcome"] = self.outcome
        return {**made, "response": response}


_REASONS: Final = {
    200: "OK",
    201: "Created",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    422: "Unprocessable Entity",
}


def said(error: OperationOutcomeError) -> Outcome:
    """Outcome of an entry that was refused."""
    return Outcome(error.kind.http, outcome=error.to_resource())


def read_entries(resource: dict[str, Any], base: str) -> list[Entry | OperationOutcomeError]:
    """The entries of a Bundle; an error in the place of one that cannot be understood."""
    entries = resource.get("entry", [])
    if not isinstance(entries, list):
        raise OperationOutcomeError("structure", "entry is a list", "Bundle.entry")
    found: list[Entry | OperationOutcomeError] = []
    for at, entry in enumerate(entries):
        try:
            found.append(_entry(at, entry, base))
        except OperationOutcomeError as error:
            found.append(error)
    return found


def _entry(at: int, entry: Any, base: str) -> Entry:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise OperationOutcomeError("required", "an entry needs request.method and request.url")
    method = request.get("method")
    if method not in METHODS:
        raise OperationOutcomeError("value", "request.method is no method of FHIR")
    if not all(isinstance(request.get(name, ""), str) for name in _CONDITIONS):
        raise OperationOutcomeError("structure", "a condition of an entry is a text")
    resource = entry.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise OperationOutcomeError("structure", "a resource is an object")
    kind, wanted, version, query = _address(request["url"], base)
    made = Entry(
        at=at,
        method=method,
        kind=kind,
        id=wanted,
        query=query,
        version=version,
        resource=resource,
        request=request,
        full_url=str(entry.get("fullUrl", "")),
    )
    _require_shape(made)
    return made


@functools.lru_cache(maxsize=1024)
def _address(url: str, base: str) -> tuple[str, str, str, str]:
    """Type, id, version and query of ``request.url``."""
    path, _, query = url.removeprefix(base).lstrip("/").partition("?")
    parts = [unquote(part) for part in path.split("/")] if path else []
    if parts and parts[0] not in definitions().resources and parts != ["metadata"]:
        raise OperationOutcomeError("not-found", "request.url names no resource type of R4")
    if len(parts) > 1 and ID.fullmatch(parts[1]) is None:
        raise OperationOutcomeError("not-supported", "request.url is no interaction of an entry")
    version = ""
    if len(parts) == 4 and parts[2] == "_history":
        version = parts[3]
    elif len(parts) > 2:
        raise OperationOutcomeError("not-supported", "request.url is no interaction of an entry")
    return (parts[0] if parts else ""), (parts[1] if len(parts) > 1 else ""), version, query


def _require_shape(entry: Entry) -> None:
    needs_body = entry.method in ("POST", "PUT", "PATCH")
    if needs_body and entry.resource is None:
        raise OperationOutcomeError("required", f"{entry.method} needs a resource")
    if entry.method == "POST" and entry.id:
        raise OperationOutcomeError("invalid", "POST goes to a type, not to a resource")
    if entry.method in ("PUT", "PATCH", "DELETE") and not entry.id and not entry.query:
        raise OperationOutcomeError("invalid", f"{entry.method} needs an id or a condition")
    if entry.method not in ("GET", "HEAD") and not entry.kind:
        raise OperationOutcomeError("invalid", "request.url names no resource type")


def perform(writes: Writes, entry: Entry) -> Outcome:
    """Do what an entry asks for, inside a transaction."""
    if entry.method in ("GET", "HEAD"):
        return _read(writes, entry)
    done = _write(writes, entry)
    return Outcome(done.status, done.stored)


def _write(writes: Writes, entry: Entry) -> Written:
    if entry.method == "DELETE":
        if entry.id:
            return writes.delete(entry.kind, entry.id, entry.conditions)
        return writes.conditional_delete(entry.kind, entry.query)
    resource = entry.resource or {}
    if entry.method == "PATCH":
        return _patch(writes, entry, resource)
    admit(resource, entry.kind)
    if entry.method == "POST":
        if entry.existing is not None:
            return Written(200, entry.existing)
        if entry.new_id:
            return writes.first(resource, entry.new_id)
        return writes.create(resource, entry.request.get("ifNoneExist"))
    if entry.id:
        require_same_id(resource, entry.id)
        return writes.update(resource, entry.conditions)
    if entry.new_id:
        if resource.get("id") not in (None, entry.new_id):
            raise OperationOutcomeError("invalid", "the id in the body is not that of the match")
        return writes.update({**resource, "id": entry.new_id}, entry.conditions)
    return writes.conditional_update(resource, entry.query, entry.conditions)


def _patch(writes: Writes, entry: Entry, resource: dict[str, Any]) -> Written:
    """A patch comes as Parameters, or as JSON Patch in a Binary (R4 http.html#patch)."""
    if resource.get("resourceType") == "Binary":
        try:
            content = base64.b64decode(resource.get("data", ""), validate=True)
        except (binascii.Error, ValueError):
            raise OperationOutcomeError("value", "Binary.data is no base64") from None
        change = parsed_patch(str(resource.get("contentType", "")), content)
    else:
        change = declared_patch(FHIR_JSON, resource)
    wanted = entry.id or matched(writes, entry.kind, entry.query)
    return apply(writes, entry.kind, wanted, change, entry.conditions)


def _read(writes: Writes, entry: Entry) -> Outcome:
    tx = writes.tx
    if entry.id:
        if entry.version:
            number = int(entry.version) if entry.version.isdecimal() else 0
            stored = tx.vread(entry.kind, entry.id, number)
        else:
            stored = tx.require(entry.kind, entry.id)
        tags = str(entry.request.get("ifNoneMatch", "")).removeprefix("W/").strip('"')
        if tags == str(stored.version):
            return Outcome(304)
        return Outcome(200, stored, reads=entry.method == "GET")
    if entry.kind == "metadata":
        raise OperationOutcomeError("not-supported", "ask for metadata on its own")
    kinds = (entry.kind,) if entry.kind else ()
    pairs = parse_qsl(entry.query, keep_blank_values=True)
    address = f"{writes.base}/{entry.kind}" if entry.kind else writes.base
    found = searchset(tx, kinds, pairs, writes.base, address, False)
    return Outcome(200, body=found if entry.method == "GET" else None)
