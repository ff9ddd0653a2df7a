"""Decisions on codes as one Basic resource per call, and read back from it (R4 basic.html).

``Basic`` is what R4 has for a record of no type of its own: it has a code, a subject and a date to search by,
an author, and versions like everything else; no table and no migration is needed for it. Each decision is the
JSON of one ``DecisionRecord`` in an extension, so that re-reading is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from profiles.builders.claim_edit import CONCEPT, CodeChange
from profiles.builders.coded_element import code_of_concept, decision_of
from profiles.claim_decisions import (
    ACCEPT,
    ADD,
    ELEMENTS,
    REJECT,
    DecisionRecord,
    ReleasedCode,
)
from profiles.coding_records import CodeSuggestion, CodingResult
from profiles.fhir_time import instant
from profiles.records import from_json, to_json
from profiles.uids import derived_id
from terminology.claims import CODE_DECISIONS, DECISION_RECORD
from terminology.coding import concept


def records_of(
    claim: Mapping[str, Any],
    changes: Sequence[CodeChange],
    decision: str,
    result: CodingResult | None,
    performer: Mapping[str, Any],
    moment: datetime,
) -> list[DecisionRecord]:
    """What is kept of a call: a record per decided code, and per code that the whole decides.

    ``claim`` is the edited one; a code on which somebody has decided before is not counted again when the
    whole is decided.
    """
    about = _About(result, performer, moment)
    found = [
        about.record(c.decision.element, c.decision.decision, c.before, c.after) for c in changes
    ]
    if decision:
        verdict = REJECT if decision == "rejected" else ACCEPT
        found += [
            about.record(name, verdict, entry, entry if verdict == ACCEPT else None, whole=True)
            for name in ELEMENTS
            for entry in claim.get(name, ())
            if not decision_of(entry)
        ]
    return found


class _About:
    """What all records of one call share."""

    def __init__(
        self, result: CodingResult | None, performer: Mapping[str, Any], moment: datetime
    ) -> None:
        self._result = result
        self._person = str(performer.get("reference") or performer.get("display"))
        self._moment = instant(moment)

    def record(
        self,
        element: str,
        decision: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        whole: bool = False,
    ) -> DecisionRecord:
        """The record of one element; what the coder had said is looked up in its result."""
        chosen = _code(after, element)
        first = decision_of(before or {}).get("replaces")
        suggested = _released(first) if first else _code(before, element)
        source = chosen if decision == ADD else suggested
        suggestion = self._suggestion(source)
        return DecisionRecord(
            element,
            decision,
            whole,
            suggested,
            chosen,
            None if suggestion is None else suggestion.score,
            "" if suggestion is None else suggestion.status,
            "" if suggestion is None else suggestion.term,
            () if suggestion is None else tuple(rule.rule for rule in suggestion.rules),
            () if suggestion is None else suggestion.features,
            "" if self._result is None else self._result.coder,
            "" if self._result is None else self._result.coder_version,
            self._person,
            self._moment,
        )

    def _suggestion(self, code: ReleasedCode | None) -> CodeSuggestion | None:
        if self._result is None or code is None:
            return None
        wanted = (code.system, code.code)
        return next((s for s in self._result.suggestions if (s.system, s.code) == wanted), None)


def _code(entry: Mapping[str, Any] | None, element: str) -> ReleasedCode | None:
    coded = (entry or {}).get(CONCEPT[element], {})
    return _released(coded["coding"][0]) if code_of_concept(coded) else None


def _released(coding: Mapping[str, Any]) -> ReleasedCode:
    named = (str(coding.get(name, "")) for name in ("system", "code", "version", "display"))
    return ReleasedCode(*named)


def decision_basic(
    records: Sequence[DecisionRecord],
    claim_id: str,
    performer: Mapping[str, Any],
    moment: datetime,
    version: int,
) -> dict[str, Any]:
    """The Basic resource of one call, which decided on a version of the Claim."""
    return {
        "resourceType": "Basic",
        "id": derived_id("Basic", "decisions", claim_id, str(version)),
        "extension": [
            {"url": DECISION_RECORD, "valueString": orjson.dumps(to_json(record)).decode()}
            for record in records
        ],
        "code": concept(CODE_DECISIONS),
        "subject": {"reference": f"Claim/{claim_id}"},
        "created": instant(moment)[:10],
        "author": dict(performer),
    }


def decisions_in(basic: Mapping[str, Any]) -> Iterator[DecisionRecord]:
    """The decisions of a stored Basic; what another program has written there and is none is left out."""
    for extension in basic.get("extension", ()):
        if extension["url"] == DECISION_RECORD:
            try:
                yield from_json(DecisionRecord, orjson.loads(extension["valueString"]))
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
