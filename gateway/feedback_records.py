"""The decisions of a store, split by patient: most are learned from, the sealed rest only judges.

A patient belongs to one side for ever: the side is a function of the patient's reference, so nothing that was
learned from a note is judged on a note of the same person.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.store import Store, StoredVersion
from gateway.claim_parameters import kept_record
from profiles.builders.claim_record import RESULT
from profiles.builders.coded_element import code_of_concept
from profiles.builders.composition_decision import section_records
from profiles.builders.decision_record import decisions_in
from profiles.builders.speaker_record import speaker_records
from profiles.claim_decisions import DecisionRecord
from profiles.coding_records import CodingResult
from profiles.note_decisions import SectionRecord
from profiles.scrub.claim_view import ClaimView
from profiles.search.request import understand
from profiles.speaker_corrections import SpeakerRecord
from profiles.task import REVIEW, code_of
from terminology.claims import CODE_DECISIONS
from terminology.notes import NOTE_DECISIONS, SPEAKER_CORRECTIONS

SEALED_TENTHS: Final = 3
PAGE: Final = 500
_CONCEPT: Final = "diagnosisCodeableConcept"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one call has decided, and whether its patient is on the sealed side."""

    claim: str
    sealed: bool
    records: tuple[DecisionRecord, ...]


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """An approved Claim of the sealed side: what the coder had said, the diagnoses that stood in the end."""

    claim: str
    service_date: str
    result: CodingResult
    diagnoses: tuple[str, ...]


def feedback(store: Store) -> Iterator[Feedback]:
    """Every call that decided on codes, the oldest first."""
    wanted = [("code", f"{CODE_DECISIONS.system}|{CODE_DECISIONS.code}")]
    for stored in _all(store, "Basic", wanted):
        basic = stored.json()
        claim = str(basic.get("subject", {}).get("reference", ""))
        yield Feedback(claim, is_sealed(_patient(store, claim)), tuple(decisions_in(basic)))


def note_feedback(store: Store) -> Iterator[SectionRecord]:
    """Every decision on a section of a drafted note, the oldest first."""
    for stored in _all(
        store, "Basic", [("code", f"{NOTE_DECISIONS.system}|{NOTE_DECISIONS.code}")]
    ):
        yield from section_records(stored.json())


def speaker_feedback(store: Store) -> Iterator[SpeakerRecord]:
    """Every correction of who speaks, the oldest first."""
    code = f"{SPEAKER_CORRECTIONS.system}|{SPEAKER_CORRECTIONS.code}"
    for stored in _all(store, "Basic", [("code", code)]):
        yield from speaker_records(stored.json())


def judged_claims(store: Store) -> Iterator[JudgedClaim]:
    """The approved Claims of the sealed side of which the coder's result is kept."""
    for stored in _all(store, "Claim", [("status", "active")]):
        claim = stored.json()
        if not is_sealed(claim.get("patient", {}).get("reference", "")):
            continue
        result = _result(store, f"Claim/{stored.id}")
        if result is not None:
            codes = (code_of_concept(d.get(_CONCEPT)) for d in claim.get("diagnosis", ()))
            day = ClaimView(claim, {}).service_date
            yield JudgedClaim(stored.id, day, result, tuple(filter(None, codes)))


def is_sealed(patient: str) -> bool:
    """Whether a patient's decisions judge and are never learned from."""
    return hashlib.sha256(patient.encode()).digest()[0] % 10 < SEALED_TENTHS


def _patient(store: Store, claim: str) -> str:
    kind, _, key = claim.partition("/")
    stored = store.current(kind, key) if kind == "Claim" else None
    if stored is None or stored.deleted:
        return ""
    return str(stored.json().get("patient", {}).get("reference", ""))


def _result(store: Store, claim: str) -> CodingResult | None:
    """What the coder had said when the Claim was decided on."""
    for stored in _all(store, "Task", [("focus", claim), ("status", "completed")]):
        task = stored.json()
        if code_of(task) == REVIEW.code:
            return kept_record(store, task, RESULT, CodingResult)
    return None


def _all(store: Store, kind: str, wanted: Sequence[tuple[str, str]]) -> Iterator[StoredVersion]:
    """Everything that a search finds, in pages, the oldest first."""
    store.refresh()
    pairs = [*wanted, ("_sort", "_lastUpdated")]
    request = understand((kind,), pairs, store.registry.searchable)
    request.count = PAGE
    after: Any = None
    while True:
        page = store.run(request, after=after)
        yield from page.matches
        after = page.after
        if after is None:
            return
