"""One coded element of a Claim: its concept, its score, its evidence and the rules that were applied."""

import re
from typing import Any, Final

from profiles.coding_records import CodeSuggestion, Evidence, RuleCitation
from terminology.ai_transparency import confidence
from terminology.claims import CODE_EVIDENCE, RULE_CITATION
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
