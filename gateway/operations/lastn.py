"""``Observation/$lastn`` (R4 observation-operation-lastn.html): the latest observations of each code."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.store import StoredVersion
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.request import understand


def lastn(call: Call) -> bytes:
    """The ``max`` latest observations per code among those that a search finds."""
    most = str(call.one("max", "1"))
    if not most.isdecimal() or not 0 < int(most[:9]) <= 1000:
        raise OperationOutcomeError("invalid", "max is a whole number from 1 to 1000", "max")
    pairs = [
        (name, str(value))
        for name, values in call.given.items()
        for value in values
        if name not in ("max", "_sort", "_count")
    ]
    named = {name.partition(":")[0].partition(".")[0] for name, _ in pairs}
    if not named & {"patient", "subject"}:
        raise OperationOutcomeError("required", "$lastn needs patient or subject", "patient")
    found: dict[Any, list[StoredVersion]] = {}
    request = understand(
        ("Observation",),
        [*pairs, ("_sort", "-date"), ("_count", "1000")],
        call.store.registry.searchable,
    )
    after = None
    while True:
        page = call.store.run(request, after=after, base=call.base)
        for match in page.matches:
            group = found.setdefault(_code(match.json()), [])
            if len(group) < int(most):
                group.append(match)
        after = page.after
        if after is None:
            break
    matches = [match for group in found.values() for match in group]
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "meta": {"lastUpdated": instant(datetime.now(UTC))},
            "total": len(matches),
            "entry": [
                {
                    "fullUrl": f"{call.base}/Observation/{match.id}",
                    "resource": orjson.Fragment(match.body),
                    "search": {"mode": "match"},
                }
                for match in matches
            ],
        }
    )


def _code(observation: dict[str, Any]) -> Any:
    """What makes two observations the same: a coding they share, else the text."""
    code = observation.get("code", {})
    codings = [(c.get("system"), c.get("code")) for c in code.get("coding", ())]
    return min(codings, key=str) if codings else code.get("text")


OPERATION: Final = Operation(
    "lastn",
    "The latest observations of each code.",
    resources=("Observation",),
    levels=("type",),
    compute=lastn,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/Observation-lastn",
    parameters=(
        Parameter("max", "in", 0, "1", "positiveInt", "Observations per code; 1 unless said."),
        Parameter("return", "out", 1, "1", "Bundle", "A searchset."),
    ),
)
