"""``$everything`` of a Patient and an Encounter (R4 patient-operation-everything.html and encounter-).

The resource, all that is in its compartment, and what those refer to: devices, medications, locations,
practitioners, organizations. Paged by ``_count``; a page ends with a ``next`` link, never silently.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from adapters.store import StoredVersion
from gateway.cursor import opened, sealed
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import compartments
from profiles.search.ranges import EARLIEST, date_range
from profiles.search.request import Member, SearchRequest, understand
from profiles.search.values import literal

MOST: Final = 10_000
"""Resources of one answer without ``_count``."""
_OUTSIDE: Final = frozenset(
    {
        "Device",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
        "Specimen",
    }
)
"""Types that are shown because something in the compartment refers to them."""
_DATES: Final = ("date", "period", "authored", "authoredon", "started", "effective", "created")


def everything(call: Call) -> bytes:
    """Bundle of everything about one resource, or about every one of the type."""
    owners = [call.store.read(call.kind, call.id)] if call.id else _all(call)
    found = {(v.type, v.id): v for v in _gathered(call, owners)}
    versions = list(found.values())
    start = int(opened(call.store, call.one("_cursor"))[0]) if call.one("_cursor") else 0
    count = _count(call)
    page = versions[start : start + count]
    if call.one("_count") is None and len(versions) > MOST:
        raise OperationOutcomeError("too-costly", "there is too much for one answer; use _count")
    head = {
        "resourceType": "Bundle",
        "type": "searchset",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "total": len(versions),
        "link": _links(call, start + count if start + count < len(versions) else None),
        "entry": [
            {
                "fullUrl": f"{call.base}/{v.type}/{v.id}",
                "resource": orjson.Fragment(v.body),
                "search": {
                    "mode": "match" if (v.type, v.id) == (call.kind, call.id) else "include"
                },
            }
            for v in page
        ],
    }
    return orjson.dumps(head)


def _count(call: Call) -> int:
    text = str(call.one("_count", MOST))
    if not text.isdecimal():
        raise OperationOutcomeError("invalid", "_count is a whole number", "_count")
    return max(1, min(int(text[:9]), MOST))


def _links(call: Call, following: int | None) -> list[dict[str, str]]:
    address = "/".join(part for part in (call.base, call.kind, call.id, "$everything") if part)
    given = [
        (name, str(value))
        for name, values in call.given.items()
        for value in values
        if name != "_cursor"
    ]
    links = [{"relation": "self", "url": f"{address}?{urlencode(given)}" if given else address}]
    if following is not None:
        more = [*given, ("_cursor", sealed(call.store, [following]))]
        links.append({"relation": "next", "url": f"{address}?{urlencode(more)}"})
    return links


def _all(call: Call) -> list[StoredVersion]:
    found: list[StoredVersion] = []
    request, after = (
        understand((call.kind,), [("_count", "1000")], call.store.registry.searchable),
        None,
    )
    while True:
        page = call.store.run(request, after=after)
        found.extend(page.matches)
        after = page.after
        if after is None or len(found) > MOST:
            return found


def _gathered(call: Call, owners: list[StoredVersion]) -> Iterator[StoredVersion]:
    wanted = {part for text in call.given.get("_type", ()) for part in str(text).split(",")}
    since = date_range(str(call.one("_since")))[0] if call.one("_since") else EARLIEST
    for at, owner in enumerate(owners):
        call.progress(f"{at} of {len(owners)} done")
        for version in _of(call, owner):
            if version.stamp >= since and (not wanted or version.type in wanted):
                yield version


def _of(call: Call, owner: StoredVersion) -> Iterator[StoredVersion]:
    yield owner
    members = compartments()[owner.type]
    kinds = tuple(kind for kind in call.store.kinds() if kind in members and kind != owner.type)
    outside: dict[tuple[str, str], None] = {}
    _refer(owner, outside)
    for kind in kinds:
        for version in _members(call, kind, Member(owner.type, owner.id, members)):
            yield version
            _refer(version, outside)
    for kind, key in outside:
        version = call.store.current(kind, key)
        if version is not None and not version.deleted:
            yield version


def _members(call: Call, kind: str, member: Member) -> Iterator[StoredVersion]:
    request: SearchRequest = understand(
        (kind,), [("_count", "1000"), *_dated(call, kind)], call.store.registry.searchable, member
    )
    after = None
    while True:
        page = call.store.run(request, after=after)
        yield from page.matches
        after = page.after
        if after is None:
            return


def _dated(call: Call, kind: str) -> list[tuple[str, str]]:
    """``start`` and ``end`` as a search by the date of care of a type, where it has one."""
    known = call.store.registry(kind)
    code = next((c for c in _DATES if c in known and known[c].kind == "date"), None)
    if code is None:
        return []
    limits = (("ge", call.one("start")), ("le", call.one("end")))
    return [(code, f"{prefix}{text}") for prefix, text in limits if text]


def _refer(version: StoredVersion, outside: dict[tuple[str, str], None]) -> None:
    for text in references(version.json()):
        target = literal(text)
        if target is not None and target[0] in _OUTSIDE:
            outside.setdefault(target)


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str):
            yield reference
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


_PARAMETERS: Final = (
    Parameter(
        "start", "in", 0, "1", "date", "Care from this day on, where a type has a date of care."
    ),
    Parameter("end", "in", 0, "1", "date", "Care until this day."),
    Parameter("_since", "in", 0, "1", "instant", "Only what has changed since."),
    Parameter("_type", "in", 0, "*", "code", "Only these types."),
    Parameter("_count", "in", 0, "1", "integer", "Resources of a page."),
    Parameter("return", "out", 1, "1", "Bundle", "A searchset."),
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
        parameters=_PARAMETERS,
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
        parameters=_PARAMETERS,
    ),
)
