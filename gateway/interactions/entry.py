"""One entry of a batch or transaction as it was sent (R4 bundle.html, http.html#transaction)."""

import functools
import re
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.store import Extracted, StoredVersion
from gateway.interactions.entry_address import address_of
from gateway.interactions.links import Place
from gateway.interactions.patch import Patch
from gateway.preconditions import NONE, Preconditions, conditions
from profiles.definitions.r4 import definitions
from profiles.identity import identity_problems
from profiles.outcome import OperationOutcomeError

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_CONDITIONS: Final = ("ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince")
_RESTFUL: Final = re.compile(r"(https?://.+)/[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


@dataclass(slots=True)
class Entry:
    """What an entry asks for, and what is found out about it on the way.

    Parameters
    ----------
    at : int
        Place in the Bundle.
    method, path, query : str
        Of the request; the path from the base address, without a slash at its ends.
    kind, id : str
        Type and id in the path of a write.
    writes : bool
        Whether it is a create, update, patch or delete; anything else is a request of its own.
    """

    at: int
    method: str
    path: str
    query: str
    kind: str
    id: str
    writes: bool
    resource: dict[str, Any] | None
    request: dict[str, Any]
    full_url: str = ""
    base: str = ""
    """Of its RESTful full URL, or ours: what its relative links stand on (R4 bundle.html#references)."""
    new_id: str = ""
    """Id that a create will give, or that the condition of an update has led to."""
    existing: StoredVersion | None = None
    """What the condition of a create or an update has found."""
    twin: "Entry | None" = None
    """Earlier entry that creates the same resource under the same condition."""
    document: Any = None
    """Patch document."""
    change: Patch | None = None
    """What the patch document makes of a resource."""
    extracted: Extracted | None = None
    """Index rows of what a plain create stores, where nothing in it has to wait for the store."""
    links: list[Place] = field(default_factory=list)
    """Links that wait for what only the store knows."""

    @property
    def conditions(self) -> Preconditions:
        """What has to hold of the current version that a write changes."""
        given = self.request
        if "ifMatch" not in given and "ifNoneMatch" not in given:
            return NONE
        return conditions(
            {"if-match": given.get("ifMatch"), "if-none-match": given.get("ifNoneMatch")}
        )

    @property
    def condition(self) -> str:
        """The search that decides which resource a write is about; empty where it names one."""
        if self.method == "POST":
            return str(self.request.get("ifNoneExist", ""))
        return "" if self.id else self.query

    @property
    def target(self) -> str:
        """Id of the resource that it writes or has found, as far as that is known."""
        if self.twin is not None:
            return self.twin.target
        return self.id or self.new_id or (self.existing.id if self.existing else "")


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
            place = f"Bundle.entry[{at}]"
            inner = f"{place}.{error.expression}" if error.expression else place
            found.append(
                OperationOutcomeError(error.kind_name, f"entry {at}: {error.diagnostics}", inner)
            )
    return found


def _entry(at: int, entry: Any, base: str) -> Entry:
    if not isinstance(entry, dict):
        raise OperationOutcomeError("structure", "an entry is an object")
    request = _request(entry)
    resource = entry.get("resource")
    if "resource" in entry and not (
        isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)
    ):
        raise OperationOutcomeError("structure", "a resource has a resourceType", "resource")
    method = request["method"]
    address = address_of(method, request["url"], base)
    made = Entry(at, method, *address, resource=resource, request=request, base=base)
    if "fullUrl" in entry:
        made.base = _base_of(entry, entry["fullUrl"]) or base
        made.full_url = entry["fullUrl"]
    _require_shape(made)
    return made


def _request(entry: dict[str, Any]) -> dict[str, Any]:
    """The request of an entry, its members known and of the right type."""
    _require_members(entry, "Bundle.entry", "")
    request = entry.get("request")
    if request is None:
        raise OperationOutcomeError("required", "an entry has a request (bdl-3)", "request")
    if not isinstance(request, dict):
        raise OperationOutcomeError("structure", "a request is an object", "request")
    _require_members(request, "Bundle.entry.request", "request")
    for name in ("method", "url"):
        if name not in request:
            raise OperationOutcomeError("required", f"a request has a {name}", f"request.{name}")
    for name in ("method", "url", *_CONDITIONS):
        if not isinstance(request.get(name, ""), str) or request.get(name) == "":
            raise OperationOutcomeError("structure", "this is a text", f"request.{name}")
    if request["method"] not in METHODS:
        raise OperationOutcomeError("value", "this is no method of FHIR", "request.method")
    return request


def _require_members(given: dict[str, Any], kind: str, place: str) -> None:
    if not given.keys() <= _members(kind):
        raise OperationOutcomeError("structure", f"{kind} has members that are not known", place)
    if kind == "Bundle.entry" and ("search" in given or "response" in given):
        raise OperationOutcomeError(
            "invariant", "search and response belong to answers (bdl-2, bdl-4)"
        )


@functools.cache
def _members(kind: str) -> frozenset[str]:
    members, primitives = definitions().types[kind].members, definitions().primitives
    others = (f"_{name}" for name, (_, of) in members.items() if of in primitives)
    return frozenset({*members, *others})


def _base_of(entry: dict[str, Any], full_url: Any) -> str:
    """Base address in a full URL, which is absolute and agrees with its resource."""
    if not isinstance(full_url, str):
        raise OperationOutcomeError("structure", "a fullUrl is a text", "fullUrl")
    if "/_history/" in full_url:
        raise OperationOutcomeError("invariant", "a fullUrl has no version (bdl-8)", "fullUrl")
    if full_url.startswith("urn:"):
        return ""
    wrong = next(identity_problems({"resourceType": "Bundle", "entry": [_bare(entry)]}), None)
    if wrong is not None:
        raise OperationOutcomeError(wrong.code, wrong.text, "fullUrl")
    match = _RESTFUL.fullmatch(full_url)
    return match[1] if match else ""


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    """As much of an entry as a full URL has to agree with."""
    resource = entry.get("resource")
    if resource is None or entry["request"]["method"] not in ("POST", "PUT"):
        # What a patch holds is not what it changes.
        return {"fullUrl": entry["fullUrl"]}
    named = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return {"fullUrl": entry["fullUrl"], "resource": named}


def _require_shape(entry: Entry) -> None:
    """A create, update or patch has a resource; a condition to create belongs to a create."""
    method, creates = entry.method, entry.method == "POST" and entry.writes
    if "ifNoneExist" in entry.request and not creates:
        raise OperationOutcomeError("invalid", "this is for a create", "request.ifNoneExist")
    if entry.writes and method != "DELETE" and entry.resource is None:
        raise OperationOutcomeError("required", f"{method} needs a resource", "resource")
