"""The form of a Claim's page becomes a decision: the same one that ``Task/$decide`` takes.

A code whose fields were changed counts as modified although nobody chose so; approving a Claim with changes
counts as modified, without any as accepted. What does not fit is refused by the decision itself.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.decision import Decision
from profiles.claim_decisions import ACCEPT, ADD, DIAGNOSIS, ITEM, MODIFY
from profiles.coding_records import CodingResult
from profiles.outcome import OperationOutcomeError
from terminology.systems import ICD_10_CM

ADDITIONS: Final = 3
"""Empty lines of the form in which a code can be added."""

Form = Mapping[str, str]
Parts = dict[str, list[Any]]
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}")


def form_decision(
    form: Form,
    codes: Sequence[Mapping[str, Any]],
    result: CodingResult | None,
    *,
    changed_before: bool,
) -> Decision:
    """The decision that a form makes on the codes that its page has shown.

    Raises
    ------
    OperationOutcomeError
        ``required`` without a name, ``value`` for a number that is none.
    """
    decided = [parts for code in codes if (parts := _decided(form, code))]
    decided += _considered(form, result)
    decided += _added(form)
    word = form.get("decision", "")
    if word == "approved":
        changes = changed_before or any(one["decision"] != [ACCEPT] for one in decided)
        moved = any("position" in one for one in decided)
        word = "modified" if changes or moved else "accepted"
    return Decision(
        word,
        {"display": _text(form, "performer")},
        _text(form, "reason") or None,
        form.get("version"),
        _text(form, "override") or None,
        codes=tuple(decided),
    )


def _decided(form: Form, code: Mapping[str, Any]) -> Parts:
    """The parts of what was entered for one code; none when nothing was."""
    name = code["name"]
    parts = _changes(form, name, code["element"], code)
    word = _text(form, f"{name}-decision") or (MODIFY if parts else "")
    if not word:
        return {}
    if word == ACCEPT and set(parts) - {"position"}:
        word = MODIFY
    if word not in (ACCEPT, MODIFY):
        parts = {}
    sequence = int(name.rpartition("-")[2])
    return _said(form, name, word, code["element"]) | {"sequence": [sequence]} | parts


def _said(form: Form, name: str, word: str, element: str) -> Parts:
    reason = _text(form, f"{name}-reason")
    return {
        "decision": [word],
        "element": [element],
        **({"reason": [reason]} if reason else {}),
    }


def _changes(form: Form, name: str, element: str, shown: Mapping[str, Any]) -> Parts:
    """What differs from what the page has shown."""
    found: Parts = {}
    if typed := _text(form, f"{name}-code"):
        found["coding"] = [_coding(element, typed)]
    if position := _text(form, f"{name}-position"):
        found["position"] = [_number(position, "the place")]
    if element != ITEM:
        return found
    for field, part in (("modifiers", "modifier"), ("pointers", "pointer")):
        listed = _text(form, f"{name}-{field}").upper().replace(",", " ").split()
        if f"{name}-{field}" in form and listed != str(shown.get(field, "")).split():
            found[part] = listed
    units = _text(form, f"{name}-units")
    if units and units != str(shown.get("units", "")):
        found["units"] = [_number(units, "the units")]
    return found


def _considered(form: Form, result: CodingResult | None) -> Iterator[Parts]:
    """The coder's other suggestions that were ticked, with their evidence."""
    for at, one in enumerate(() if result is None else result.suggestions):
        if f"consider-{at}" in form:
            element = DIAGNOSIS if one.system == ICD_10_CM else ITEM
            spans: list[Parts] = [
                {
                    "document": [{"reference": span.document}],
                    "start": [span.start],
                    "end": [span.end],
                }
                for span in one.evidence
            ]
            coding = {"system": one.system, "code": one.code}
            parts: Parts = {"decision": [ADD], "element": [element], "coding": [coding]}
            yield parts | ({"evidence": spans} if spans else {})


def _added(form: Form) -> Iterator[Parts]:
    for at in range(1, ADDITIONS + 1):
        name = f"add-{at}"
        if _text(form, f"{name}-code"):
            element = form.get(f"{name}-element", DIAGNOSIS)
            parts = _changes(form, name, element, {})
            yield _said(form, name, ADD, element) | parts


def _coding(element: str, typed: str) -> dict[str, str]:
    """A code as typed; a line's system follows from its form."""
    code = typed.upper()
    return {"system": ICD_10_CM, "code": code} if element == DIAGNOSIS else {"code": code}


def _number(text: str, what: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise OperationOutcomeError("value", f"{what} is a whole number from 1")
    return int(text)


def _text(form: Form, name: str) -> str:
    return form.get(name, "").strip()
