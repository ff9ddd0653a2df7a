"""Writing one resource inside a transaction: the same for a request and for an entry of a Bundle.

R4 http.html#create, #update, #delete, #ccreate, #cond-update. What AI has made is changed by ``Task/$decide``
alone, so that a result cannot be altered past its review.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from adapters.store import Extracted, StoredVersion, Transaction
from gateway.content_file import require_own_file
from gateway.preconditions import NONE, Preconditions
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError
from profiles.subset import SUBSETTED
from terminology.ai_transparency import ASSERTED

OnCreated = Callable[[Transaction, dict[str, Any]], None]
_SHAPES: Final = frozenset(
    {
        *("_format", "_pretty", "_summary", "_elements", "_count", "_sort", "_total"),
        *("_include", "_revinclude", "_contained", "_containedType"),
    }
)
"""Parameters that shape an answer and select nothing (R4 search.html#return): no part of a condition."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write has come to: HTTP status, and the version that is now current."""

    status: int
    stored: StoredVersion | None


def under_id(resource: dict[str, Any], new_id: str) -> dict[str, Any]:
    """A resource under an id of ours; its members stay in the client's order.

    An id that the client did not give follows the type.
    """
    given = resource if "id" in resource else {"resourceType": "", "id": "", **resource}
    return {**given, "id": new_id}


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes into one transaction; ``base`` makes absolute references ours, ``on_created`` adds jobs."""

    tx: Transaction
    base: str
    on_created: OnCreated

    def __post_init__(self) -> None:
        self.tx.written_under(self.base)

    def create(self, resource: dict[str, Any], condition: str | None = None) -> Written:
        """Store a new resource under an id of ours, unless ``If-None-Exist`` finds one."""
        if condition is not None:
            existing = self.match(resource["resourceType"], condition, "If-None-Exist")
            if existing is not None:
                return Written(200, existing)
        return self.first(under_id(resource, new_id()))

    def first(self, named: dict[str, Any], extracted: Extracted | None = None) -> Written:
        """Store a new resource under an id that is known to be free."""
        require_own_file(named, self.tx.secret)
        stored = self.tx.put(named, op="POST", fresh=True, extracted=extracted)
        self.on_created(self.tx, named)
        return Written(201, stored)

    def update(
        self, resource: dict[str, Any], conditions: Preconditions = NONE, op: str = "PUT"
    ) -> Written:
        """Store the next version of a resource, or the first under the client's id."""
        require_own_file(resource, self.tx.secret)
        current = self.tx.current(resource["resourceType"], resource["id"])
        conditions.require(current)
        require_changeable(current)
        if op == "PUT":
            resource = _labelled(resource, current)
        stored = self.tx.put(resource, op=op)
        before = 0 if current is None else current.version
        if conditions is not NONE and stored.version != before + 1:
            raise OperationOutcomeError("precondition", "another version was written meanwhile")
        self.on_created(self.tx, resource)
        new = current is None or current.deleted
        return Written(201 if new else 200, stored)

    def conditional_update(
        self, resource: dict[str, Any], condition: str, conditions: Preconditions = NONE
    ) -> Written:
        """Update the one match, or create when there is none (R4 http.html#cond-update)."""
        existing = self.match(resource["resourceType"], condition, "the condition")
        return self.update_match(resource, existing, conditions, new_id())

    def update_match(
        self,
        resource: dict[str, Any],
        existing: StoredVersion | None,
        conditions: Preconditions,
        free_id: str,
    ) -> Written:
        """Update what a condition has found, or create under an id that is free."""
        given = resource.get("id")
        if existing is None:
            if given is None:
                conditions.require(None)
                return self.first(under_id(resource, free_id))
            if self.tx.read(resource["resourceType"], given) is not None:
                raise OperationOutcomeError(
                    "conflict", "the resource of the given id does not meet the condition", "id"
                )
            return self.update(resource, conditions)
        if given is not None and given != existing.id:
            raise OperationOutcomeError("invalid", "the id in the body is not that of the match")
        named = {**resource, "id": existing.id}
        return self.update(named, conditions)

    def delete(self, kind: str, wanted: str, conditions: Preconditions = NONE) -> Written:
        """Delete a resource; one that is not there is as good as deleted (R4 http.html#delete)."""
        current = self.tx.current(kind, wanted)
        conditions.require(current)
        require_changeable(current)
        return Written(204, self.tx.delete(kind, wanted))

    def conditional_delete(
        self, kind: str, condition: str, conditions: Preconditions = NONE
    ) -> Written:
        """Delete the one match (R4 http.html#3.1.0.7.1); several are refused."""
        existing = self.match(kind, condition, "the condition")
        if existing is None:
            conditions.require(None)
            return Written(204, None)
        return self.delete(kind, existing.id, conditions)

    def match(self, kind: str, condition: str, name: str) -> StoredVersion | None:
        """The one resource that a condition finds.

        Raises
        ------
        OperationOutcomeError
            ``precondition`` when several match or nothing in the condition is known, ``invalid`` when it
            is about another type.
        """
        given = parse_qsl(_query(condition, kind, self.base, name), keep_blank_values=True)
        pairs = [pair for pair in given if pair[0].partition(":")[0] not in _SHAPES]
        typed = any(code in ("_type", "_cursor") for code, _ in pairs)
        self.tx.exclusive(f"condition:{kind}")
        page = self.tx.search(kind, pairs, count=2, base=self.base)
        if page.ignored or not page.used or typed:
            raise OperationOutcomeError(
                "precondition", f"{name} needs search parameters, all of them known"
            )
        if len(page.matches) > 1:
            raise OperationOutcomeError("precondition", f"{name} matches several resources")
        return page.matches[0] if page.matches else None


def _query(condition: str, kind: str, base: str, name: str) -> str:
    """The parameters of a condition, which may come with the address that they would be sent to."""
    head, mark, rest = condition.partition("?")
    if not mark or "=" in head or "&" in head:
        return condition
    if head.removeprefix(base).strip("/") not in ("", kind):
        raise OperationOutcomeError("invalid", f"{name} has to be a search on {kind}")
    return rest


def _labelled(resource: dict[str, Any], current: StoredVersion | None) -> dict[str, Any]:
    """The resource with the tags and security labels that it had (R4 resource.html#tag-updates).

    They are taken away with ``$meta-delete`` or a patch, never by leaving them out. Profiles are replaced.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when the body is marked as a part of a resource (R4 search.html#summary).
    """
    meta = resource.get("meta", {})
    if any(_same(tag, SUBSETTED) for tag in meta.get("tag", ())):
        raise OperationOutcomeError(
            "business-rule", "a part of a resource cannot replace the whole", "meta.tag"
        )
    if current is None or current.deleted:
        return resource
    if b'"tag":' not in current.body and b'"security":' not in current.body:
        return resource
    before, kept = current.json().get("meta", {}), dict(meta)
    for name in ("tag", "security"):
        own = meta.get(name, [])
        lost = [old for old in before.get(name, ()) if not any(_same(old, one) for one in own)]
        if lost:
            kept[name] = [*own, *lost]
    return {**resource, "meta": kept}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one.get("system"), one.get("code")) == (other.get("system"), other.get("code"))


def require_changeable(current: StoredVersion | None) -> None:
    """Refuse a change of what AI has made (``forbidden``)."""
    if current is None or current.deleted or ASSERTED.code.encode() not in current.body:
        return
    labels = current.json().get("meta", {}).get("security", ())
    if any(label.get("code") == ASSERTED.code for label in labels):
        raise OperationOutcomeError(
            "forbidden", "this is an AI result; accept, change or reject it with Task/$decide"
        )
