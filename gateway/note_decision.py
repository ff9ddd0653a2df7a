"""A decision on a drafted note in one transaction: next version, facts, renderings, records, Task, coding.

Sections alone leave a preliminary note and an open review; a decision on the whole ends it. A note that has
become final is coded when the site wants that: a person stands for it now.
"""

from typing import Any, Final

from adapters.store import StoredVersion, Transaction
from gateway.coding_arrival import code_on_arrival
from gateway.decision import Decision
from gateway.note_draft import facts_of
from gateway.note_rendering import render_note
from gateway.settings import Settings
from gateway.speaker_decision import correct_speakers
from profiles.admission import require_admissible
from profiles.builders.composition_decision import (
    DecidedNote,
    decided_note,
    decision_provenance,
    decision_records,
)
from profiles.builders.composition_fact import taken_back
from profiles.exact_json import loads_exact
from profiles.note_decisions import REJECTED, SectionDecision
from profiles.outcome import OperationOutcomeError
from profiles.task import item, moved

ON: Final = "on"


def decide_note(
    tx: Transaction, task: dict[str, Any], decision: Decision, settings: Settings
) -> None:
    """Apply a decision to the note that a review Task is about.

    Raises
    ------
    OperationOutcomeError
        ``required`` when nothing is decided or the version is not said, ``conflict`` when the note has
        changed meanwhile, ``business-rule`` for what does not fit together.
    """
    if decision.codes or decision.resources or decision.override:
        raise OperationOutcomeError(
            "business-rule", "a note is decided on by its sections", "section"
        )
    reference = str(task["focus"]["reference"])
    stored = tx.require("Composition", reference.partition("/")[2])
    _require_seen(stored, decision)
    if stored.json()["status"] != "preliminary":
        _leave(tx, task, decision)
    elif decision.speakers:
        correct_speakers(tx, task, stored, decision, settings)
    else:
        _decide(tx, task, stored, decision, settings)


def _leave(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    """End the review of a draft that came after the note was decided: it is rejected, and the note stands."""
    if decision.word != REJECTED or decision.sections or decision.speakers:
        raise OperationOutcomeError(
            "conflict",
            "the note is not preliminary any more: a later draft of it can be rejected, and nothing else",
            "Composition.status",
        )
    _end(tx, task, decision)


def _decide(
    tx: Transaction,
    task: dict[str, Any],
    stored: StoredVersion,
    decision: Decision,
    settings: Settings,
) -> None:
    reference = f"Composition/{stored.id}"
    note = loads_exact(stored.body)
    decided = decided_note(
        note,
        decision.word,
        [_section(one) for one in decision.sections],
        decision.performer,
        _scribe(tx, note),
        tx.moment,
    )
    require_admissible(decided.composition)
    written = tx.put(decided.composition)
    changed = _settle_facts(tx, reference, decided, decision.word)
    basic = decision_records(reference, stored.version, decided, decision.performer, tx.moment)
    tx.put(basic)
    targets = [reference, *changed, f"Basic/{basic['id']}"]
    stands = decision.word not in ("", REJECTED)
    if stands:
        targets.append(render_note(tx, decided.composition, written.version, settings))
    reason = decision.reason or ""
    provenance = decision_provenance(
        reference, stored.version, decision.word, decision.performer, reason, targets, tx.moment
    )
    tx.put(provenance)
    if decision.word:
        _end(tx, task, decision)
    if stands and settings.code_notes == ON:
        code_on_arrival(settings)(tx, decided.composition)


def _require_seen(stored: StoredVersion, decision: Decision) -> None:
    """Refuse a decision on another version than the one that the person saw."""
    if (decision.sections or decision.speakers) and decision.version is None:
        raise OperationOutcomeError(
            "required", "a decision on sections or speakers says which version was seen", "version"
        )
    if decision.version is not None and decision.version != str(stored.version):
        raise OperationOutcomeError("conflict", "the note has changed meanwhile", "version")


def _section(parts: Any) -> SectionDecision:
    given = {name: str(values[0]) for name, values in parts.items() if values}
    return SectionDecision(
        given.get("decision", ""),
        given.get("code", ""),
        given.get("title", ""),
        given.get("text", ""),
    )


def _scribe(tx: Transaction, note: dict[str, Any]) -> tuple[str, str]:
    """Name and version of the Device that drafted the note."""
    kind, _, key = str(note["author"][0].get("reference", "")).partition("/")
    stored = tx.read(kind, key) if key else None
    device: dict[str, Any] = {} if stored is None else stored.json()
    names = device.get("deviceName") or [{}]
    versions = device.get("version") or [{}]
    return str(names[0].get("name", "")), str(versions[0].get("value", ""))


def _settle_facts(
    tx: Transaction, reference: str, decided: DecidedNote, word: str
) -> tuple[str, ...]:
    """Take back what the note does not say any more; what was measured is final with it.

    A problem, drug or allergy stays unconfirmed: to stand for a note is not to put it on a list.
    """
    changed = []
    for fact in facts_of(tx, reference):
        name = f"{fact['resourceType']}/{fact['id']}"
        after = fact
        if name in decided.dropped or word == REJECTED:
            after = taken_back(fact)
        elif word and fact.get("status") == "preliminary":
            after = {**fact, "status": "final"}
        if after != fact:
            tx.put(after)
            changed.append(name)
    return tuple(changed)


def _end(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    outputs = (
        item("decision", valueCode=decision.word),
        item("performer", valueReference=decision.performer),
    )
    ended = moved(
        task, "completed", decision.word, tx.moment, outputs=outputs, reason=decision.reason
    )
    tx.put(ended)
