"""Decisions on single codes change a draft Claim: elements, numbers, pointers and amounts (R4 claim.html).

Pure. Every decision is about the version that the person saw: a sequence names an element as it stood there,
and all decisions of one call are applied before anything is numbered again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from profiles.builders.claim_lines import repriced, total, typed_diagnoses
from profiles.builders.coded_element import (
    code_concept,
    code_of_concept,
    decision_extension,
    evidence_extension,
    modifier_concept,
)
from profiles.claim_decisions import (
    ADD,
    DIAGNOSIS,
    ELEMENTS,
    ITEM,
    MODIFY,
    REJECT,
    CodeDecision,
)
from profiles.outcome import OperationOutcomeError
from terminology.ai_transparency import CONFIDENCE
from terminology.claims import CODE_DECISION, RULE_CITATION
from terminology.fees import Fee

CONCEPT = {DIAGNOSIS: "diagnosisCodeableConcept", ITEM: "productOrService"}


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One decision and the element before and after it; None where there is none."""

    decision: CodeDecision
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class EditedClaim:
    """A Claim after some decisions, and what each has changed."""

    claim: dict[str, Any]
    changes: tuple[CodeChange, ...]


@dataclass(eq=False, slots=True)
class _Element:
    """One coded element on its way through the edits; ``pointers`` are the diagnoses of a line."""

    before: dict[str, Any] | None
    entry: dict[str, Any]
    pointers: list["_Element"] = field(default_factory=list)
    decision: CodeDecision | None = None

    @property
    def sequence(self) -> int:
        return int(self.before["sequence"]) if self.before else 0


def edit_claim(
    claim: Mapping[str, Any],
    decisions: Sequence[CodeDecision],
    performer: Mapping[str, Any],
    fees: Mapping[str, Fee],
) -> EditedClaim:
    """The Claim after the decisions, numbered and priced again.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` for a decision about no element of the Claim or about one that another decision
        is about too, ``duplicate`` for a diagnosis that the Claim has already.
    """
    found = _elements(claim)
    for decision in decisions:
        _decide(found, decision, performer, claim)
    kept = {name: _placed(elements) for name, elements in found.items()}
    _require_once(kept[DIAGNOSIS])
    for line in kept[ITEM]:
        _point(line, found[DIAGNOSIS], kept[DIAGNOSIS])
    edited = _written(claim, kept, fees, any(one.decision for one in found[ITEM]))
    marks = [
        _rejection(one.before or {}, one.decision, performer)
        for name in ELEMENTS
        for one in found[name]
        if one.decision is not None and one.decision.decision == REJECT
    ]
    if marks:
        edited = {**edited, "extension": [*edited.get("extension", ()), *marks]}
    changes = tuple(
        CodeChange(one.decision, one.before, None if _rejected(one) else one.entry)
        for name in ELEMENTS
        for one in found[name]
        if one.decision is not None
    )
    return EditedClaim(edited, changes)


def _elements(claim: Mapping[str, Any]) -> dict[str, list[_Element]]:
    found = {
        name: [_Element(entry, dict(entry)) for entry in claim.get(name, ())] for name in ELEMENTS
    }
    numbered = {one.sequence: one for one in found[DIAGNOSIS]}
    for line in found[ITEM]:
        given = line.entry.get("diagnosisSequence", ())
        line.pointers = [numbered[at] for at in given if at in numbered]
    return found


def _decide(
    found: dict[str, list[_Element]],
    decision: CodeDecision,
    performer: Mapping[str, Any],
    claim: Mapping[str, Any],
) -> None:
    if decision.decision == ADD:
        element = _Element(None, _blank(decision, claim))
        found[decision.element].append(element)
    else:
        element = _target(found[decision.element], decision)
    element.decision = decision
    element.entry = _decided(element.entry, decision, performer)


_OF_THE_VISIT: Final = ("servicedDate", "locationCodeableConcept", "encounter")


def _blank(decision: CodeDecision, claim: Mapping[str, Any]) -> dict[str, Any]:
    """An added element, with the day, place and encounter that the Claim's other lines have."""
    marks = [evidence_extension(span) for span in decision.evidence]
    entry: dict[str, Any] = {"extension": marks, "sequence": 0}
    if decision.element == DIAGNOSIS:
        return entry
    lines = claim.get(ITEM, ())
    shared = {k: lines[0][k] for k in _OF_THE_VISIT if lines and k in lines[0]}
    day = claim.get("billablePeriod", {}).get("start", "")[:10]
    if "servicedDate" not in shared and len(day) == 10:
        shared["servicedDate"] = day
    return {**entry, "productOrService": {}, **shared, "quantity": {"value": 1}}


def _target(elements: Iterable[_Element], decision: CodeDecision) -> _Element:
    """The element that a decision is about."""
    concept = CONCEPT[decision.element]
    fits = [
        one
        for one in elements
        if one.before is not None
        and (
            one.sequence == decision.sequence
            if decision.sequence
            else code_of_concept(one.before.get(concept)) == decision.target
        )
    ]
    if len(fits) != 1 or fits[0].decision is not None:
        raise OperationOutcomeError(
            "business-rule",
            f"a decision is about no {decision.element} of this version of the Claim, about several, or "
            "about one that another decision is about too",
            "code",
        )
    return fits[0]


def _decided(
    entry: dict[str, Any], decision: CodeDecision, performer: Mapping[str, Any]
) -> dict[str, Any]:
    """The element as decided, with who said so; a replaced code loses the score that was not its own."""
    concept = CONCEPT[decision.element]
    earlier = [m for m in entry.get("extension", ()) if m["url"] == CODE_DECISION]
    marks = [m for m in entry.get("extension", ()) if m["url"] != CODE_DECISION]
    after = {**entry}
    replaced: dict[str, Any] | None = None
    chosen = decision.chosen
    if chosen is not None:
        replaced = next(iter(entry.get(concept, {}).get("coding", ())), None)
        after[concept] = code_concept(chosen.system, chosen.code, chosen.version, chosen.display)
        marks = [m for m in marks if m["url"] not in (CONFIDENCE, RULE_CITATION)]
    if decision.modifiers is not None:
        after["modifier"] = [modifier_concept(one) for one in decision.modifiers]
    if decision.units is not None:
        after["quantity"] = {"value": decision.units}
    said = decision_extension(decision, performer, replaced, earlier)
    after = {**after, "extension": [*marks, said]}
    return {name: value for name, value in after.items() if value != []}


def _rejected(element: _Element) -> bool:
    return element.decision is not None and element.decision.decision == REJECT


def _rejection(
    entry: Mapping[str, Any], decision: CodeDecision, performer: Mapping[str, Any]
) -> dict[str, Any]:
    """What remains of a rejected element on a draft: its code and who rejected it."""
    codings = entry.get(CONCEPT[decision.element], {}).get("coding", ())
    return decision_extension(decision, performer, next(iter(codings), None), ())


def _placed(elements: Sequence[_Element]) -> list[_Element]:
    """The elements that stay, each at the place that a decision gives it."""
    kept = [one for one in elements if not _rejected(one)]
    moved = [one for one in kept if one.decision is not None and one.decision.position is not None]
    for one in sorted(moved, key=lambda one: one.decision.position or 0 if one.decision else 0):
        position = one.decision.position if one.decision else None
        kept.remove(one)
        kept.insert((position or 1) - 1, one)
    return kept


def _require_once(diagnoses: Sequence[_Element]) -> None:
    """Refuse a diagnosis that a decision would put on the Claim a second time."""
    codes = [code_of_concept(one.entry.get(CONCEPT[DIAGNOSIS])) for one in diagnoses]
    for one, code in zip(diagnoses, codes, strict=True):
        chosen = one.decision is not None and one.decision.decision in (ADD, MODIFY)
        if chosen and codes.count(code) > 1:
            raise OperationOutcomeError(
                "duplicate", "the Claim has a diagnosis of this code already", "code"
            )


def _point(line: _Element, all_of: Sequence[_Element], kept: Sequence[_Element]) -> None:
    """Set the diagnoses of a line: those that a decision names, else those that are left."""
    decision = line.decision
    if decision is not None and decision.pointers is not None:
        line.pointers = [_pointed(one, [*kept, *all_of]) for one in decision.pointers]
    line.pointers = [one for one in dict.fromkeys(line.pointers) if one in kept]


def _pointed(pointer: str, diagnoses: Sequence[_Element]) -> _Element:
    concept = CONCEPT[DIAGNOSIS]
    for one in diagnoses:
        coded = code_of_concept(one.entry.get(concept)) == pointer
        if coded or (pointer.isdigit() and one.sequence == int(pointer)):
            return one
    raise OperationOutcomeError(
        "business-rule", "a pointer names no diagnosis of this version of the Claim", "code"
    )


def _written(
    claim: Mapping[str, Any],
    kept: Mapping[str, Sequence[_Element]],
    fees: Mapping[str, Fee],
    lines_changed: bool,
) -> dict[str, Any]:
    """The Claim with its elements numbered from 1, lines pointing to the new numbers, amounts summed."""
    for elements in kept.values():
        for at, one in enumerate(elements, 1):
            one.entry["sequence"] = at
    diagnoses = [one.entry for one in kept[DIAGNOSIS]]
    if "institutional" in str(claim.get("type")):
        diagnoses = typed_diagnoses(diagnoses)
    lines = [_line(one, fees) for one in kept[ITEM]]
    edited = {**claim, DIAGNOSIS: diagnoses, ITEM: lines}
    if lines_changed:
        edited.pop("total", None)
        whole = total(lines)
        edited |= {"total": whole} if whole is not None else {}
    return {name: value for name, value in edited.items() if value != []}


def _line(one: _Element, fees: Mapping[str, Fee]) -> dict[str, Any]:
    pointers = [pointed.entry["sequence"] for pointed in one.pointers]
    line = {k: v for k, v in one.entry.items() if k != "diagnosisSequence"}
    if pointers:
        line["diagnosisSequence"] = pointers
    if one.decision is None:
        return line
    code = code_of_concept(line.get(CONCEPT[ITEM]))
    before = code_of_concept((one.before or {}).get(CONCEPT[ITEM]))
    return repriced(line, fees.get(code), same_code=code == before)
