"""A person's decision on a drafted note: what it makes of the Composition, its facts and the records kept.

accepted → final; modified → amended, with the person's sections; rejected → entered-in-error (R4
composition.html: status). The person is the attester and the verifier of a Provenance. The AIAST label stays:
an AI was used.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from profiles.builders.coded_element import sayable
from profiles.builders.composition_section import div_of, part_of, sentences_in
from profiles.fhir_time import instant
from profiles.note_decisions import (
    ACCEPTED,
    DECISIONS,
    MODIFIED,
    REJECTED,
    SectionDecision,
    SectionRecord,
    word_changes,
)
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json
from profiles.uids import derived_id
from terminology.claims import DECISION_RECORD
from terminology.coding import Code, concept
from terminology.notes import NOTE_DECISIONS, SECTION_DECISION, SENTENCE_EVIDENCE
from terminology.systems import DECISION, PROVENANCE_PARTICIPANT

_STATUS: Final = {
    ACCEPTED: "final",
    MODIFIED: "amended",
    REJECTED: "entered-in-error",
    "": "preliminary",
}
Section = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecidedNote:
    """The note after a decision, facts that are not said in it any more, and a record per section."""

    composition: dict[str, Any]
    dropped: frozenset[str]
    records: tuple[SectionRecord, ...]


def decided_note(
    note: Mapping[str, Any],
    word: str,
    decisions: Sequence[SectionDecision],
    performer: Mapping[str, Any],
    scribe: tuple[str, str],
    moment: datetime,
) -> DecidedNote:
    """The note after a decision.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for an unknown decision, ``required`` where nothing is decided, ``not-found`` for a
        section that is not there, ``business-rule`` for what does not fit together.
    """
    sections = list(note.get("section", ()))
    by_place = _placed(sections, decisions)
    _require_consistent(word, decisions)
    kept: list[Section] = []
    records = []
    for at, section in enumerate(sections):
        decision = by_place.get(at)
        after = section if decision is None else _decided(section, decision, performer, at + 1)
        if word != REJECTED and after is not None:
            kept.append(after)
        verdict = decision.decision if decision else (REJECTED if word == REJECTED else ACCEPTED)
        if decision is not None or (word and not _is_decided(section)):
            records.append(
                _record(section, after, verdict, decision is None, performer, scribe, moment)
            )
    if not kept and word in (ACCEPTED, MODIFIED):
        raise OperationOutcomeError(
            "business-rule", "nothing is left of the note: reject it as a whole", "section"
        )
    composition = {**note, "status": _STATUS[word], "date": instant(moment)}
    if word == REJECTED:
        kept = sections
    composition = {**composition, "section": kept} if kept else _without(composition, "section")
    if word in (ACCEPTED, MODIFIED):
        attester = {"mode": "professional", "time": instant(moment), "party": dict(performer)}
        composition["attester"] = [attester]
    still = set() if word == REJECTED else _facts(kept)
    return DecidedNote(composition, frozenset(_facts(sections) - still), tuple(records))


def _require_consistent(word: str, decisions: Sequence[SectionDecision]) -> None:
    said = {one.decision for one in decisions}
    if word not in _STATUS or not said <= set(DECISIONS):
        raise OperationOutcomeError(
            "code-invalid", "the decision is accepted, modified or rejected", "decision"
        )
    if not word and not decisions:
        raise OperationOutcomeError("required", "nothing is decided", "decision")
    changed = bool(said & {MODIFIED, REJECTED})
    if (word == ACCEPTED and changed) or (word == REJECTED and decisions):
        raise OperationOutcomeError(
            "business-rule", "the decisions on sections do not fit that on the note", "section"
        )
    for one in decisions:
        if bool(one.text.strip()) != (one.decision == MODIFIED):
            raise OperationOutcomeError(
                "business-rule",
                "text comes with the decision modified, and only with it",
                "section",
            )


def _placed(
    sections: Sequence[Section], decisions: Sequence[SectionDecision]
) -> dict[int, SectionDecision]:
    """Decisions by the place of their section; each names exactly one, and none is named twice."""
    found: dict[int, SectionDecision] = {}
    for decision in decisions:
        places = [at for at, section in enumerate(sections) if _is_named(section, decision)]
        if not places:
            raise OperationOutcomeError("not-found", "the note has no such section", "section")
        if len(places) > 1 or places[0] in found:
            raise OperationOutcomeError(
                "business-rule", "a section is named once, by its code or its title", "section"
            )
        found[places[0]] = decision
    return found


def _is_named(section: Section, decision: SectionDecision) -> bool:
    named = bool(decision.code or decision.title)
    by_code = not decision.code or decision.code == section_code(section)
    by_title = not decision.title or decision.title == section.get("title")
    return named and by_code and by_title


def section_code(section: Mapping[str, Any]) -> str:
    """First code of a section, empty when it has none."""
    codings = section.get("code", {}).get("coding") or [{}]
    return str(codings[0].get("code", ""))


def _decided(
    section: Section, decision: SectionDecision, performer: Mapping[str, Any], number: int
) -> Section | None:
    if decision.decision == REJECTED:
        return None
    marks = [one for one in section.get("extension", ()) if one["url"] != SECTION_DECISION]
    mark = {
        "url": SECTION_DECISION,
        "extension": [
            {"url": "decision", "valueCode": decision.decision},
            {"url": "performer", "valueReference": dict(performer)},
        ],
    }
    if decision.decision == ACCEPTED:
        return {**section, "extension": [*marks, mark]}
    sentences = _edited(section, decision.text, number)
    names = {name for name, _ in sentences}
    rest = [one for one in marks if part_of(one, "sentence") in names]
    after = {
        **section,
        "extension": [*rest, mark],
        "text": {"status": "additional", "div": div_of(sentences)},
    }
    entries = [{"reference": one} for one in sorted(_facts([after]))]
    return {**after, "entry": entries} if entries else _without(after, "entry")


def _edited(section: Section, text: str, number: int) -> list[tuple[str, str]]:
    """Sentences of an edited section; one that stands word for word keeps its id, and so its evidence."""
    free = sentences_in(section)
    taken = {name for name, _ in free}
    made: list[tuple[str, str]] = []
    fresh = 0
    for line in text.splitlines():
        said = " ".join(sayable(line).split())
        if not said:
            continue
        same = next((one for one in free if " ".join(one[1].split()) == said), None)
        if same is not None:
            free.remove(same)
            made.append(same)
            continue
        fresh += 1
        while f"s{number}-e{fresh}" in taken:
            fresh += 1
        made.append((f"s{number}-e{fresh}", said))
    return made


def _facts(sections: Sequence[Section]) -> set[str]:
    """References of the facts that sections say."""
    marks = [mark for section in sections for mark in section.get("extension", ())]
    parts = [
        part
        for mark in marks
        if mark["url"] == SENTENCE_EVIDENCE
        for part in mark.get("extension", ())
    ]
    return {str(one["valueReference"]["reference"]) for one in parts if one["url"] == "fact"}


def _is_decided(section: Section) -> bool:
    return any(one["url"] == SECTION_DECISION for one in section.get("extension", ()))


def _without(resource: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != name}


def _record(
    before: Section,
    after: Section | None,
    decision: str,
    whole: bool,
    performer: Mapping[str, Any],
    scribe: tuple[str, str],
    moment: datetime,
) -> SectionRecord:
    old = sentences_in(before)
    new = [] if after is None or decision == REJECTED else sentences_in(after)
    return SectionRecord(
        section_code(before),
        str(before.get("title", "")),
        decision,
        whole,
        word_changes(" ".join(t for _, t in old), " ".join(t for _, t in new)),
        len(old),
        len(set(old) & set(new)),
        *scribe,
        str(performer.get("reference") or performer.get("display")),
        instant(moment),
    )


def decision_records(
    note: str, version: int, decided: DecidedNote, performer: Mapping[str, Any], moment: datetime
) -> dict[str, Any]:
    """The records of one decision as a Basic resource (R4 basic.html), as those of a Claim are."""
    return {
        "resourceType": "Basic",
        "id": derived_id("Basic", "note-decisions", note, str(version)),
        "extension": [
            {"url": DECISION_RECORD, "valueString": orjson.dumps(to_json(record)).decode()}
            for record in decided.records
        ],
        "code": concept(NOTE_DECISIONS),
        "subject": {"reference": note},
        "created": instant(moment)[:10],
        "author": dict(performer),
    }


def section_records(basic: Mapping[str, Any]) -> Iterator[SectionRecord]:
    """The records of a stored Basic; what another program has written there and is none is left out."""
    for extension in basic.get("extension", ()):
        if extension["url"] == DECISION_RECORD:
            try:
                yield from_json(SectionRecord, orjson.loads(extension["valueString"]))
            except (AttributeError, KeyError, TypeError, ValueError):
                continue


def decision_provenance(
    note: str,
    version: int,
    word: str,
    performer: Mapping[str, Any],
    reason: str,
    targets: Sequence[str],
    moment: datetime,
) -> dict[str, Any]:
    """Who decided, on which version of the note."""
    verifier = Code(PROVENANCE_PARTICIPANT, "verifier", "Verifier")
    activity = concept(Code(DECISION, word, word.title())) if word else {"text": "sections decided"}
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "decision", note, str(version)),
        "target": [{"reference": one} for one in targets],
        "recorded": instant(moment),
        **({"reason": [{"text": reason}]} if reason else {}),
        "activity": activity,
        "agent": [{"type": concept(verifier), "who": dict(performer)}],
        "entity": [{"role": "revision", "what": {"reference": f"{note}/_history/{version}"}}],
    }
