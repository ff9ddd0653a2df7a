"""The write that an entry asks for, inside a transaction (R4 http.html#create, #update, #patch, #delete)."""

import base64
import binascii

from gateway.interactions.entry import Entry
from gateway.interactions.patch import PATCH_TYPES, apply, declared_patch, matched
from gateway.interactions.update import require_same_id
from gateway.interactions.write import Writes, Written, under_id
from gateway.negotiation import FHIR_JSON, require_declared
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse


def find(writes: Writes, entry: Entry, condition: str) -> None:
    """Resolve the condition of an entry, so that it is known which resource it writes."""
    entry.existing = None
    if entry.method == "POST":
        if condition:
            entry.existing = writes.match(entry.kind, condition, "ifNoneExist")
        entry.new_id = "" if entry.existing else entry.new_id or new_id()
    elif entry.method == "PATCH" and not entry.id:
        entry.new_id = matched(writes, entry.kind, condition)
    elif not entry.id:
        entry.existing = writes.match(entry.kind, condition, "the condition")
        entry.new_id = entry.existing.id if entry.existing else _free_id(entry)


def _free_id(entry: Entry) -> str:
    """Id for a conditional update that matches nothing; a delete has nothing to do then."""
    own = (entry.resource or {}).get("id")
    return "" if entry.method == "DELETE" else str(own or new_id())


def perform(writes: Writes, entry: Entry) -> Written:
    """Do what an entry asks for; its condition is resolved, its resource admitted."""
    resource = entry.resource or {}
    if entry.method == "POST":
        found = entry.existing
        if found is not None:
            return Written(200, found)
        return writes.first(under_id(resource, entry.new_id), entry.extracted)
    if entry.method == "PUT" and not entry.id:
        return writes.update_match(resource, entry.existing, entry.conditions, entry.new_id)
    if entry.method == "PUT":
        require_same_id(resource, entry.id)
        return writes.update(resource, entry.conditions)
    if entry.change is not None:
        change, conditions = entry.change, entry.conditions
        return apply(writes, entry.kind, entry.target, change, conditions, literal=False)
    if entry.target:
        return writes.delete(entry.kind, entry.target, entry.conditions)
    entry.conditions.require(None)
    return Written(204, None)


def read_patch(entry: Entry) -> None:
    """A patch comes as Parameters, or as JSON Patch in a Binary (R4 http.html#patch)."""
    resource = entry.resource or {}
    declared, entry.document = FHIR_JSON, resource
    if resource.get("resourceType") == "Binary":
        try:
            content = base64.b64decode(resource.get("data", ""), validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise OperationOutcomeError("value", "this is no base64", "Binary.data") from None
        declared = require_declared(str(resource.get("contentType", "")), PATCH_TYPES)
        entry.document = parse(content)
    entry.change = declared_patch(declared, entry.document)
