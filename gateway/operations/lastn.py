"""``Observation/$lastn`` (R4 observation-operation-lastn.html): the latest observations of each code.

Codes that some observation has together are one code, and so are those that these are one with.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from adapters.store import StoredVersion
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import EARLIEST, date_range, period_range
from profiles.search.request import SearchRequest, understand

SUBJECTS: Final = frozenset({"patient", "subject"})
_CODES: Final = ("code", "combo-code", "component-code")
"""How the names of the parameters begin that look for a code of the observation."""


def lastn(call: Call) -> bytes:
    """The ``max`` latest observations per code among those that a search finds, the latest first."""
    request = _understood(call)
    found: list[tuple[StoredVersion, dict[str, Any]]] = []
    after = None
    while True:
        page = call.store.run(request, after=after, base=call.base)
        found.extend((match, match.json()) for match in page.matches)
        after = page.after
        if after is None:
            break
    kept = _latest([observation for _, observation in found], call.one("max", 1))
    entries = [
        {
            "fullUrl": f"{call.base}/Observation/{found[at][0].id}",
            "resource": orjson.Fragment(found[at][0].body),
            "search": {"mode": "match"},
        }
        for at in kept
    ]
    address = f"{call.base}/Observation/$lastn"
    given = [(name, str(value)) for name, values in call.given.items() for value in values]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "meta": {"lastUpdated": instant(datetime.now(UTC))},
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{address}?{urlencode(given, safe=':/|,$')}"}],
    }
    return orjson.dumps({**bundle, "entry": entries} if entries else bundle)


def _understood(call: Call) -> SearchRequest:
    """The search that the call names (``required`` without a subject and a category or code)."""
    pairs = [
        (name, str(value))
        for name, values in call.given.items()
        for value in values
        if name != "max"
    ]
    named = {name.partition(":")[0].partition(".")[0] for name, _ in pairs}
    if not named & SUBJECTS:
        raise OperationOutcomeError("required", "$lastn needs patient or subject", "patient")
    if "category" not in named and not any(name.startswith(_CODES) for name in named):
        raise OperationOutcomeError("required", "$lastn needs category or a code", "category")
    call.store.refresh()
    request = understand(("Observation",), pairs, call.store.registry.searchable)
    shaping = {"_sort", "_count", "_summary", "_total", "_elements", "_include", "_revinclude"}
    unknown = {name for name, _ in request.ignored} | (named & shaping)
    if unknown:
        name = min(unknown)
        raise OperationOutcomeError("invalid", "$lastn has no such parameter", name)
    # A cursor of a search means nothing here.
    request.cursor = ""
    request.count = 1000
    return request


def _latest(observations: Sequence[dict[str, Any]], most: int) -> list[int]:
    """Places of the latest of each group; what is as late as the last one of them comes too."""
    order = sorted(range(len(observations)), key=lambda at: _when(observations[at]), reverse=True)
    groups = _groups(observations)
    taken: dict[Any, list[tuple[int, int]]] = {}
    kept = []
    for at in order:
        listed = taken.setdefault(groups[at], [])
        when = _when(observations[at])
        if len(listed) < most or listed[-1] == when:
            listed.append(when)
            kept.append(at)
    return kept


def _groups(observations: Sequence[dict[str, Any]]) -> list[Any]:
    """The group of each observation: codes that stand together anywhere are equal, transitively."""
    leader: dict[Any, Any] = {}

    def find(one: Any) -> Any:
        while leader.setdefault(one, one) != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    keys = [_keys(observation.get("code", {})) for observation in observations]
    for first, *others in keys:
        for other in others:
            leader[find(other)] = find(first)
    return [find(first) for first, *_ in keys]


def _keys(code: dict[str, Any]) -> list[Any]:
    """System and value of each coding; the text of what has none."""
    codings = [(c.get("system"), c["code"]) for c in code.get("coding", ()) if "code" in c]
    return codings or [code.get("text", "")]


def _when(observation: dict[str, Any]) -> tuple[int, int]:
    """When an observation was true: its end, then its begin; before all others what does not say."""
    text = observation.get("effectiveDateTime", observation.get("effectiveInstant"))
    if text is not None:
        low, high = date_range(text)
    elif "effectivePeriod" in observation:
        low, high = period_range(observation["effectivePeriod"])
    else:
        events = observation.get("effectiveTiming", {}).get("event", ())
        ranges = [date_range(event) for event in events]
        low, high = max(ranges, key=lambda r: r[1], default=(EARLIEST, EARLIEST))
    return high, low


OPERATION: Final = Operation(
    "lastn",
    "The latest observations of each code, of those that the search parameters of Observation find.",
    resources=("Observation",),
    levels=("type",),
    compute=lastn,
    methods=("GET", "POST"),
    affects_state=False,
    searches=True,
    base=f"{HL7}/Observation-lastn",
    parameters=(
        Parameter("max", "in", 0, "1", "positiveInt", "Observations per code; 1 unless said."),
        Parameter("return", "out", 1, "1", "Bundle", "A searchset."),
    ),
)
