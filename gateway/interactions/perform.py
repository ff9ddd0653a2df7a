"""The write that an entry asks for, inside a transaction (R4 http.html#create, #update, #patch, #delete)."""

import base64
import binascii
from typing import Any

from gateway.interactions.entry import Entry
from gateway.interactions.patch import apply, matched, parsed_patch
from gateway.interactions.update import require_same_id
from gateway.interactions.write import Writes, Written
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError


def find(writes: Writes, entry: Entry) -> None:
    """Resolve the condition of an entry, so that it is known which resource it writes."""
    entry.existing = None
    if entry.method == "POST":
        if entry.if_none_exist:
            entry.existing = writes.match(entry.kind, entry.if_none_exist, "ifNoneExist")
        entry.new_id = "" if entry.existing else entry.new_id or new_id()
    elif entry.method == "PATCH" and not entry.id:
        entry.new_id = matched(writes, entry.kind, entry.query)
    elif not entry.id:
        entry.existing = writes.match(entry.kind, entry.query, "the condition")
        entry.new_id = entry.existing.id if entry.existing else _free_id(entry)


def _free_id(entry: Entry) -> str:
    """Id for a conditional update that matches nothing; a delete has nothing to do then."""
    own = (entry.resource or {}).get("id")
    return "" if entry.method == "DELETE" else str(own or new_id())


def perform(writes: Writes, entry: Entry) -> Written:
    """Do what an entry asks for; its condition is resolved, its resource admitted."""
    _require_no_match(writes, entry)
    if entry.method == "DELETE":
        if not entry.target:
            return Written(204, None)
        return writes.delete(entry.kind, entry.target, entry.if_match)
    if entry.method == "PATCH":
        return apply(writes, entry.kind, entry.target, entry.document, entry.if_match)
    resource = entry.resource or {}
    if entry.method == "PUT":
        return _update(writes, entry, resource)
    if entry.existing is not None:
        return Written(200, entry.existing)
    return writes.first(resource, entry.new_id)


def _update(writes: Writes, entry: Entry, resource: dict[str, Any]) -> Written:
    if entry.id:
        require_same_id(resource, entry.id)
        return writes.update(resource, entry.if_match)
    if entry.existing is None and "id" not in resource and entry.if_match is None:
        return writes.first(resource, entry.new_id)
    if resource.get("id") not in (None, entry.new_id):
        raise OperationOutcomeError("invalid", "the id in the body is not that of the match", "id")
    # An id that the client did not give follows the type.
    given = resource if "id" in resource else {"resourceType": "", "id": "", **resource}
    return writes.update({**given, "id": entry.new_id}, entry.if_match)


def _require_no_match(writes: Writes, entry: Entry) -> None:
    """``ifNoneMatch`` of a write: the version must not be there, nor any for ``*`` (RFC 9110, 13.1.2)."""
    header = entry.request.get("ifNoneMatch")
    if header is None or entry.method == "POST":
        return
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    current = writes.tx.read(entry.kind, entry.target)
    if current is not None and not tags.isdisjoint(("*", str(current.version))):
        raise OperationOutcomeError("precondition", "ifNoneMatch: the version is there")


def patch_document(resource: dict[str, Any]) -> Any:
    """A patch comes as Parameters, or as JSON Patch in a Binary (R4 http.html#patch)."""
    if resource.get("resourceType") != "Binary":
        return resource
    try:
        content = base64.b64decode(resource.get("data", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise OperationOutcomeError("value", "Binary.data is no base64", "Binary.data") from None
    return parsed_patch(str(resource.get("contentType", "")), content)
