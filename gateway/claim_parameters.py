"""The decisions on codes that a call brings, checked against terminology and the notes (``Task/$decide``)."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson

from adapters.store import Store, Transaction
from gateway.claim_codes import chosen_code
from profiles.builders.claim_record import REQUEST
from profiles.claim_decisions import (
    ACCEPT,
    ADD,
    DECISIONS,
    DIAGNOSIS,
    ELEMENTS,
    MODIFY,
    REJECT,
    CodeDecision,
)
from profiles.coding_records import CodingRequest, Evidence
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables
from profiles.task import input_of

R = TypeVar("R")
Parts = Mapping[str, list[Any]]


def kept_record(
    records: Store | Transaction, task: Mapping[str, Any], name: str, kind: type[R]
) -> R | None:
    """The coding result or request that a review Task names.

    None when it names none that is here, or one that somebody has put something else into.
    """
    for named in input_of(task, name):
        _, _, key = str(named.get("valueReference", {}).get("reference", "")).partition("/")
        stored = records.current("Binary", key)
        if stored is not None and not stored.deleted:
            try:
                return from_json(kind, orjson.loads(base64.b64decode(stored.json()["data"])))
            except (AttributeError, KeyError, TypeError, ValueError):
                return None
    return None


def code_decisions(
    tx: Transaction,
    task: Mapping[str, Any],
    given: Sequence[Parts],
    claim: Mapping[str, Any],
    tables: EditTables,
) -> list[CodeDecision]:
    """The decisions of a call, in its order.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for an unknown word or a code that cannot be billed, ``required`` for what is
        missing, ``business-rule`` for what does not fit the decision or the note.
    """
    if not given:
        return []
    day = ClaimView(claim, {}).service_date
    request = kept_record(tx, task, REQUEST, CodingRequest)
    return [_decision(parts, day, request, tables) for parts in given]


def _decision(
    parts: Parts, day: str, request: CodingRequest | None, edits: EditTables
) -> CodeDecision:
    word, element = _one(parts, "decision", ""), _one(parts, "element", DIAGNOSIS)
    if word not in DECISIONS or element not in ELEMENTS:
        raise OperationOutcomeError(
            "code-invalid",
            "a code is decided by accept, modify, reject or add, and is a diagnosis or an item",
            "code",
        )
    _require_fitting(parts, word, element)
    coding = _one(parts, "coding")
    return CodeDecision(
        word,
        element,
        sequence=_one(parts, "sequence", 0),
        target=str(_one(parts, "target", {}).get("code", "")),
        chosen=None if coding is None else chosen_code(coding, element, day, edits),
        reason=_one(parts, "reason", ""),
        modifiers=tuple(parts["modifier"]) if "modifier" in parts else None,
        pointers=tuple(parts["pointer"]) if "pointer" in parts else None,
        units=_one(parts, "units"),
        position=_one(parts, "position"),
        evidence=tuple(_evidence(span, request) for span in parts.get("evidence", ())),
    )


_CHANGES = ("coding", "modifier", "units", "pointer", "position")
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    ACCEPT: ("sequence", "target", "position"),
    MODIFY: ("sequence", "target", *_CHANGES),
    REJECT: ("sequence", "target"),
    ADD: (*_CHANGES, "evidence"),
}


def _require_fitting(parts: Parts, word: str, element: str) -> None:
    """Refuse parts that the decision has no use for, and a decision without the parts that it needs."""
    about = {"decision", "element", "reason"}
    if set(parts) - about - set(_ALLOWED[word]):
        raise OperationOutcomeError(
            "business-rule", f"a part of the code does not go with the decision {word}", "code"
        )
    if element == DIAGNOSIS and {"modifier", "units", "pointer"} & set(parts):
        raise OperationOutcomeError(
            "business-rule", "a diagnosis has no modifier, units or pointer", "code"
        )
    if word == ADD and "coding" not in parts:
        raise OperationOutcomeError("required", "an addition needs the part coding", "code")
    if word == MODIFY and not set(parts) & set(_CHANGES):
        raise OperationOutcomeError("required", "a modification says what changes", "code")
    if word != ADD and ("sequence" in parts) == ("target" in parts):
        raise OperationOutcomeError(
            "required", "the code is named either by its sequence or by target", "code"
        )


def _evidence(span: Parts, request: CodingRequest | None) -> Evidence:
    """A span as it stands in the note that the coder read: the text is ours, never the caller's."""
    reference = str(_one(span, "document", {}).get("reference", ""))
    start, end = _one(span, "start", 0), _one(span, "end", 0)
    notes = () if request is None else request.notes
    for note in notes:
        if note.document == reference and start < end <= len(note.text):
            return Evidence(reference, start, end, note.text[start:end])
    raise OperationOutcomeError(
        "business-rule", "the evidence is no span of a document that was coded", "code.evidence"
    )


def _one(parts: Parts, name: str, default: Any = None) -> Any:
    return next(iter(parts.get(name, ())), default)
