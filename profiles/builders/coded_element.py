"""One coded element of a Claim: its concept, its score, its evidence and the rules that were applied."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from profiles.claim_decisions import CodeDecision
from profiles.coding_records import CodeSuggestion, Evidence, RuleCitation
from terminology.ai_transparency import confidence
from terminology.claims import CODE_DECISION, CODE_EVIDENCE, RULE_CITATION
from terminology.systems import CPT, HCPCS

_UNSAYABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What R4 keeps out of a string (datatypes.html#string), or XML out of a document."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def sayable(text: str) -> str:
    """A text that a FHIR string may be; one character for one, so that offsets keep their meaning."""
    return _UNSAYABLE.sub(_REPLACEMENT, text)


def code_concept(system: str, code: str, version: str = "", display: str = "") -> dict[str, Any]:
    """CodeableConcept of one code; a display only where its licence lets us have one."""
    coding: dict[str, Any] = {"system": system}
    if version:
        coding["version"] = version
    coding["code"] = code
    if display:
        coding["display"] = sayable(display)
    return {"coding": [coding]}


def code_of_concept(concept: Mapping[str, Any] | None) -> str:
    """The first code of a CodeableConcept, empty when it has none."""
    codings: Sequence[Mapping[str, Any]] = (concept or {}).get("coding") or ({},)
    return str(codings[0].get("code", ""))


def suggested_concept(suggestion: CodeSuggestion) -> dict[str, Any]:
    """CodeableConcept of a suggestion, with the release that it was taken from."""
    return code_concept(suggestion.system, suggestion.code, suggestion.version, suggestion.display)


def modifier_concept(modifier: str) -> dict[str, Any]:
    """A procedure modifier: two digits are CPT's, the others are HCPCS Level II's."""
    return code_concept(CPT if modifier.isdigit() else HCPCS, modifier)


def explanation(suggestion: CodeSuggestion) -> list[dict[str, Any]]:
    """Extensions of a coded element: score, every span of evidence, every rule."""
    return [
        confidence(suggestion.score),
        *(evidence_extension(span) for span in suggestion.evidence),
        *(rule_extension(rule) for rule in suggestion.rules if rule.rule or rule.text),
    ]


def evidence_extension(span: Evidence) -> dict[str, Any]:
    """A verbatim span of a note; ``end`` is exclusive, both count Unicode code points."""
    parts = [
        {"url": "document", "valueReference": {"reference": span.document}},
        {"url": "start", "valueUnsignedInt": span.start},
        {"url": "end", "valueUnsignedInt": span.end},
    ]
    for name, text in (("text", span.text), ("section", span.section)):
        if text:
            parts.append({"url": name, "valueString": sayable(text)})
    return {"url": CODE_EVIDENCE, "extension": parts}


def rule_extension(rule: RuleCitation) -> dict[str, Any]:
    """A rule that was applied, what it did, and where it stands."""
    said = (("rule", rule.rule), ("text", rule.text), ("source", rule.source))
    return {
        "url": RULE_CITATION,
        "extension": [{"url": name, "valueString": sayable(text)} for name, text in said if text],
    }


def decision_extension(
    decision: CodeDecision,
    performer: Mapping[str, Any],
    replaced: Mapping[str, Any] | None,
    earlier: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Who decided on a coded element, and how; ``replaces`` is what the coder had said at first."""
    first = [part for mark in earlier for part in mark["extension"] if part["url"] == "replaces"]
    parts: list[Mapping[str, Any]] = [
        {"url": "decision", "valueCode": decision.decision},
        {"url": "performer", "valueReference": dict(performer)},
    ]
    if decision.reason:
        parts.append({"url": "reason", "valueString": decision.reason})
    if not first and replaced and not earlier:
        first = [{"url": "replaces", "valueCoding": dict(replaced)}]
    return {"url": CODE_DECISION, "extension": [*parts, *first]}


def decision_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the decision of a coded element, by name; empty when nobody has decided on it."""
    for mark in entry.get("extension", ()):
        if mark["url"] == CODE_DECISION:
            return {
                part["url"]: next((v for k, v in part.items() if k.startswith("value")), "")
                for part in mark.get("extension", ())
            }
    return {}
