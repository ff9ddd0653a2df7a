"""What ``$code`` answers: codes with their evidence, remarks, the draft Claim and what a scrub says of it.

``start`` and ``end`` of an evidence count Unicode code points of ``note.text``, ``end`` exclusive: the text
that the coder has read, which of a PDF, RTF or HTML document is what was extracted.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from adapters.store import Store
from gateway.coding_job import CLAIM, ELEMENT, REFUSED, asked_in
from profiles.builders.claim_record import REQUEST, RESULT
from profiles.coding_records import (
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
    RuleCitation,
)
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import scrub_outcome
from profiles.scrub.scrub import scrub

Part = dict[str, Any]


def coding_answer(
    given: CodingRequest,
    result: CodingResult,
    resources: Sequence[Mapping[str, Any]],
    scrubbed: Mapping[str, Any] | None,
    *,
    base: str,
    rationale: bool,
) -> dict[str, Any]:
    """Parameters of one coding."""
    parts: list[Part] = []
    if resources:
        parts.append({"name": "return", "resource": _bundle(resources, base)})
    parts += [_suggestion(one, rationale) for one in result.suggestions]
    parts += [_remark(one, rationale) for one in result.remarks]
    parts += [
        {
            "name": "note",
            "part": [
                _reference("document", note.document),
                {"name": "text", "valueString": note.text},
            ],
        }
        for note in given.notes
    ]
    if scrubbed is not None:
        parts.append({"name": "scrub", "resource": dict(scrubbed)})
    return {"resourceType": "Parameters", "parameter": parts}


def stored_answer(store: Store, task: Mapping[str, Any], base: str, scrubbed: Any) -> Any:
    """The answer of an ended coding Task, out of what it has written."""
    outputs = {one["type"]["text"]: one for one in task.get("output", ())}
    claim = _read(store, outputs[CLAIM]["valueReference"]["reference"])
    result = _kept(store, outputs[RESULT])
    given = _kept(store, outputs[REQUEST])
    found = store.search("Provenance", [("target", f"Binary/{_id(outputs[RESULT])}")], count=1)
    return coding_answer(
        from_json(CodingRequest, given),
        from_json(CodingResult, result),
        [claim, *(match.json() for match in found.matches)],
        scrubbed(claim),
        base=base,
        rationale=asked_in(task).rationale,
    )


def sent_scrub(claim: Mapping[str, Any], tables: EditTables) -> dict[str, Any]:
    """What the edits say of a Claim that is not stored: by its own content alone."""
    context = ScrubContext(today=datetime.now(UTC).date().isoformat())
    return scrub_outcome(scrub(claim, tables, context))


def _bundle(resources: Sequence[Mapping[str, Any]], base: str) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _suggestion(one: CodeSuggestion, rationale: bool) -> Part:
    coding = {
        "system": one.system,
        "version": one.version,
        "code": one.code,
        "display": one.display,
    }
    parts: list[Part] = [
        {"name": "coding", "valueCoding": {name: text for name, text in coding.items() if text}},
        {"name": "confidence", "valueDecimal": round(one.score, 3)},
        {"name": "status", "valueCode": one.status},
        *(_evidence(span) for span in one.evidence),
        *({"name": "modifier", "valueCode": modifier} for modifier in one.modifiers),
        *({"name": "pointer", "valueCode": pointer} for pointer in one.pointers),
    ]
    if one.pointers or one.units != 1:
        parts.append({"name": "units", "valuePositiveInt": one.units})
    if rationale:
        parts += [_rule(rule) for rule in one.rules]
    return {"name": "suggestion", "part": parts}


def _remark(one: CodingRemark, rationale: bool) -> Part:
    parts: list[Part] = [
        {"name": "kind", "valueCode": one.kind},
        {"name": "text", "valueString": one.text},
        *({"name": "code", "valueCode": code} for code in one.codes),
        *(_evidence(span) for span in one.evidence),
    ]
    if rationale and one.rule is not None:
        parts.append(_rule(one.rule))
    return {"name": "remark", "part": parts}


def _evidence(span: Evidence) -> Part:
    said = [_reference("document", span.document)]
    said += [
        {"name": "start", "valueUnsignedInt": span.start},
        {"name": "end", "valueUnsignedInt": span.end},
        {"name": "text", "valueString": span.text},
    ]
    if span.section:
        said.append({"name": "section", "valueString": span.section})
    return {"name": "evidence", "part": said}


def _rule(rule: RuleCitation) -> Part:
    return {"name": "rule", "part": list(_texts(rule))}


def _texts(rule: RuleCitation) -> Iterator[Part]:
    for name, text in (("rule", rule.rule), ("text", rule.text), ("source", rule.source)):
        if text:
            yield {"name": name, "valueString": text}


def _reference(name: str, reference: str) -> Part:
    return {"name": name, "valueReference": {"reference": reference}}


def _id(output: Mapping[str, Any]) -> str:
    return str(output["valueReference"]["reference"]).partition("/")[2]


def _read(store: Store, reference: str) -> dict[str, Any]:
    kind, _, key = reference.partition("/")
    return store.read(kind, key).json()


def _kept(store: Store, output: Mapping[str, Any]) -> Any:
    binary = _read(store, output["valueReference"]["reference"])
    return orjson.loads(base64.b64decode(binary["data"]))


def ended_without_claim(task: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer of a coding that has drafted nothing; None for one that has.

    Raises
    ------
    OperationOutcomeError
        The error with which it was refused.
    """
    outputs = {one["type"]["text"]: one for one in task.get("output", ())}
    if CLAIM in outputs:
        return None
    reason = outputs.get("reason", {}).get("valueString", "")
    if task["businessStatus"]["coding"][0]["code"] == "done":
        return {
            "resourceType": "Parameters",
            "parameter": [_remark(CodingRemark("warning", reason), rationale=False)],
        }
    kind = outputs.get(REFUSED, {}).get("valueCode", "business-rule")
    raise OperationOutcomeError(kind, reason, outputs.get(ELEMENT, {}).get("valueString"))
