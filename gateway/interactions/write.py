"""Writing one resource inside a transaction: the same for a request and for an entry of a Bundle.

R4 http.html#create, #update, #delete, #ccreate, #cond-update. What AI has made is changed by ``Task/$decide``
alone, so that a result cannot be altered past its review.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from adapters.store import StoredVersion, Transaction
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError
from terminology.ai_transparency import ASSERTED

OnCreated = Callable[[Transaction, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What a write has come to: HTTP status, and the version that is now current."""

    status: int
    stored: StoredVersion | None


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes into one transaction; ``base`` makes absolute references ours, ``on_created`` adds jobs."""

    tx: Transaction
    base: str
    on_created: OnCreated

    def create(self, resource: dict[str, Any], condition: str | None = None) -> Written:
        """Store a new resource under an id of ours, unless ``If-None-Exist`` finds one."""
        if condition is not None:
            existing = self.match(resource["resourceType"], condition, "If-None-Exist")
            if existing is not None:
                return Written(200, existing)
        return self.first(resource, new_id())

    def first(self, resource: dict[str, Any], new_id: str) -> Written:
        """Store a new resource under an id that is known to be free."""
        # The order of the members is the client's; an id that it did not give follows the type.
        given = resource if "id" in resource else {"resourceType": "", "id": "", **resource}
        named = {**given, "id": new_id}
        stored = self.tx.put(named, op="POST")
        self.on_created(self.tx, named)
        return Written(201, stored)

    def update(self, resource: dict[str, Any], if_match: int | None, op: str = "PUT") -> Written:
        """Store the next version of a resource, or the first under the client's id."""
        current = self.tx.current(resource["resourceType"], resource["id"])
        if if_match is not None and (current is None or current.deleted):
            raise OperationOutcomeError("precondition", "If-Match: there is no current version")
        require_changeable(current)
        stored = self.tx.put(resource, if_match=if_match, op=op)
        self.on_created(self.tx, resource)
        new = current is None or current.deleted
        return Written(201 if new else 200, stored)

    def conditional_update(
        self, resource: dict[str, Any], condition: str, if_match: int | None
    ) -> Written:
        """Update the one match, or create when there is none (R4 http.html#cond-update)."""
        existing = self.match(resource["resourceType"], condition, "the condition")
        given = resource.get("id")
        if existing is None:
            if given is None:
                return self.create(resource)
            return self.update(resource, if_match)
        if given is not None and given != existing.id:
            raise OperationOutcomeError("invalid", "the id in the body is not that of the match")
        named = {**resource, "id": existing.id}
        return self.update(named, if_match)

    def delete(self, kind: str, wanted: str, if_match: int | None = None) -> Written:
        """Delete a resource; one that is not there is as good as deleted (R4 http.html#delete)."""
        current = self.tx.current(kind, wanted)
        if if_match is not None and (current is None or current.version != if_match):
            raise OperationOutcomeError(
                "precondition", f"If-Match {if_match} is not the current version"
            )
        require_changeable(current)
        return Written(204, self.tx.delete(kind, wanted))

    def conditional_delete(self, kind: str, condition: str) -> Written:
        """Delete the one match (R4 http.html#3.1.0.7.1); several are refused."""
        existing = self.match(kind, condition, "the condition")
        return Written(204, None) if existing is None else self.delete(kind, existing.id)

    def match(self, kind: str, condition: str, name: str) -> StoredVersion | None:
        """The one resource that a condition finds.

        Raises
        ------
        OperationOutcomeError
            ``precondition`` when several match or nothing in the condition is known.
        """
        pairs = parse_qsl(condition.lstrip("?"), keep_blank_values=True)
        self.tx.exclusive(f"condition:{kind}")
        page = self.tx.search(kind, pairs, count=2, base=self.base)
        if page.ignored or not page.used:
            raise OperationOutcomeError(
                "precondition", f"{name} needs search parameters, all of them known"
            )
        if len(page.matches) > 1:
            raise OperationOutcomeError("precondition", f"{name} matches several resources")
        return page.matches[0] if page.matches else None


def require_changeable(current: StoredVersion | None) -> None:
    """Refuse a change of what AI has made (``forbidden``)."""
    if current is None or current.deleted or ASSERTED.code.encode() not in current.body:
        return
    labels = current.json().get("meta", {}).get("security", ())
    if any(label.get("code") == ASSERTED.code for label in labels):
        raise OperationOutcomeError(
            "forbidden", "this is an AI result; accept, change or reject it with Task/$decide"
        )
