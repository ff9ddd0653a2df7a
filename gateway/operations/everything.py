"""``$everything`` of a Patient, an Encounter and a Group (R4 patient-operation-everything.html and so on).

What is in the compartment is a match, what that refers to is included. Paged by ``_count``; a page ends with
a ``next`` link that names its last resource, so that what is written meanwhile moves nothing.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from adapters.store import StoredVersion
from gateway.cursor import opened, sealed
from gateway.operations.definition import HL7, Call, Operation, Parameter
from gateway.operations.record import LARGEST, OWNER, SUPPORT, Record, found, targets
from profiles.definitions.r4 import definitions
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import EARLIEST, date_range

MOST: Final = 10_000
"""Resources of one answer."""
SAFE: Final = ":/|,$"
"""Signs of a value that stay as they are in a link, as in those of a search."""

Found = list[tuple[int, StoredVersion]]


def everything(call: Call) -> bytes:
    """Bundle of everything about one resource, or about every one of the type."""
    call.store.refresh()
    gathered = _gathered(call)
    gathered.sort(key=_place)
    count = _count(call)
    before = _before(call)
    left = [one for one in gathered if before is None or _place(one) > before]
    page = left[:count]
    if "_count" not in call.given and len(left) > MOST:
        raise OperationOutcomeError("too-costly", "there is too much for one answer; use _count")
    following = page[-1] if page and len(left) > count else None
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "total": sum(why != SUPPORT for why, _ in gathered),
        "link": _links(call, following),
    }
    if page:
        bundle["entry"] = [_entry(call.base, *one) for one in page]
    return orjson.dumps(bundle)


def _entry(base: str, why: int, version: StoredVersion) -> dict[str, Any]:
    return {
        "fullUrl": f"{base}/{version.type}/{version.id}",
        "resource": orjson.Fragment(version.body),
        "search": {"mode": "include" if why == SUPPORT else "match"},
    }


def _place(one: tuple[int, StoredVersion]) -> tuple[int, int]:
    """Where a resource stands in the answer."""
    return one[0], one[1].key


def _count(call: Call) -> int:
    count = int(call.one("_count", MOST))
    if count < 0:
        raise OperationOutcomeError("invalid", "_count is a whole number", "_count")
    return min(count, MOST)


def _before(call: Call) -> tuple[int, int] | None:
    if "_cursor" not in call.given:
        return None
    why, key = opened(call.store, call.one("_cursor"), _address(call))
    return why, key


def _address(call: Call) -> str:
    return "/".join(part for part in (call.kind, call.id, "$everything") if part)


def _links(call: Call, following: tuple[int, StoredVersion] | None) -> list[dict[str, str]]:
    address = f"{call.base}/{_address(call)}"
    given = [
        (name, str(value))
        for name, values in call.given.items()
        for value in values
        if name != "_cursor"
    ]
    links = [
        {
            "relation": "self",
            "url": f"{address}?{urlencode(given, safe=SAFE)}" if given else address,
        }
    ]
    if following is not None:
        cursor = sealed(call.store, _place(following), _address(call))
        url = f"{address}?{urlencode([*given, ('_cursor', cursor)], safe=SAFE)}"
        links.append({"relation": "next", "url": url})
    return links


def _gathered(call: Call) -> Found:
    """Every resource of the answer once, as a match where any owner has it as one."""
    wanted = _types(call)
    since = date_range(call.one("_since"))[0] if "_since" in call.given else EARLIEST
    kept: dict[tuple[str, str], tuple[int, StoredVersion]] = {}
    for at, owner in enumerate(_owners(call)):
        call.progress(f"{at} done")
        own = [(OWNER, owner)] if owner.type == "Group" else Record(call, owner).resources()
        for why, version in own:
            key = (version.type, version.id)
            if version.stamp < since or (wanted and version.type not in wanted):
                continue
            if key not in kept or why < kept[key][0]:
                kept[key] = (why, version)
            if len(kept) > LARGEST:
                raise OperationOutcomeError("too-costly", "there is too much for one call")
    return list(kept.values())


def _owners(call: Call) -> Iterator[StoredVersion]:
    """Whose records are wanted; a Group is one itself, before the patients who are in it now."""
    if not call.id:
        yield from found(call, call.kind, [])
        return
    named = call.store.read(call.kind, call.id)
    yield named
    members = named.json().get("member", ()) if named.type == "Group" else ()
    entities = [one["entity"] for one in members if not one.get("inactive")]
    for kind, key in dict.fromkeys(targets(entities, call.base)):
        member = call.store.current(kind, key) if kind == "Patient" else None
        if member is not None and not member.deleted:
            yield member


def _types(call: Call) -> set[str]:
    wanted = {part.strip() for text in call.given.get("_type", ()) for part in text.split(",")}
    if wanted - definitions().resources:
        raise OperationOutcomeError("invalid", "_type names no resource type of R4", "_type")
    return wanted


def _parameters(*own: Parameter) -> tuple[Parameter, ...]:
    return (
        *own,
        Parameter("_since", "in", 0, "1", "instant", "Only what has changed since."),
        Parameter("_type", "in", 0, "*", "code", "Only these types."),
        Parameter("_count", "in", 0, "1", "integer", "Resources of a page."),
        Parameter("_cursor", "in", 0, "1", "string", "Where a page begins: part of its link."),
        Parameter("return", "out", 1, "1", "Bundle", "A searchset."),
    )


_UNDATED: Final = "What has no date of care stays in."
_CARE: Final = (
    Parameter("start", "in", 0, "1", "date", f"Care from this day on. {_UNDATED}"),
    Parameter("end", "in", 0, "1", "date", f"Care until this day. {_UNDATED}"),
)

OPERATIONS: Final = (
    Operation(
        "everything",
        "Everything about a patient: the compartment and what it refers to.",
        resources=("Patient",),
        levels=("type", "instance"),
        compute=everything,
        methods=("GET", "POST"),
        affects_state=False,
        long=True,
        base=f"{HL7}/Patient-everything",
        parameters=_parameters(*_CARE),
    ),
    Operation(
        "everything",
        "Everything about the patients of a group, and the group.",
        resources=("Group",),
        compute=everything,
        methods=("GET", "POST"),
        affects_state=False,
        long=True,
        base=f"{HL7}/Group-everything",
        key="group-everything",
        parameters=_parameters(*_CARE),
    ),
    Operation(
        "everything",
        "Everything about an encounter: the compartment and what it refers to.",
        resources=("Encounter",),
        compute=everything,
        methods=("GET", "POST"),
        affects_state=False,
        long=True,
        base=f"{HL7}/Encounter-everything",
        key="encounter-everything",
        parameters=_parameters(),
    ),
)
