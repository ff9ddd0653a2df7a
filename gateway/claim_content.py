"""What the page of a Claim shows: notes with marked evidence, codes, remarks, findings of the scrub."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from adapters.store import Store
from gateway.claim_draft import open_reviews
from gateway.claim_parameters import kept_record
from gateway.claim_scrub import scrub_claim
from gateway.page import patient_words, target, words
from profiles.builders.claim_edit import CONCEPT
from profiles.builders.claim_record import REQUEST, RESULT
from profiles.builders.coded_element import code_of_concept, decision_of, sayable
from profiles.claim_decisions import DIAGNOSIS, ELEMENTS
from profiles.coding_records import CodeSuggestion, CodingRequest, CodingResult
from profiles.exact_json import loads_exact
from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables
from profiles.task import REVIEW, code_of, input_of
from terminology.ai_transparency import CONFIDENCE
from terminology.claims import CODE_EVIDENCE, RULE_CITATION
from terminology.icd10cm.release import Release

COLOURS: Final = 8
"""Colours of the style sheet by which codes are told apart; the number beside each mark says it as well."""
MOST_ALTERNATIVES: Final = 30


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of a note and the code on the page that it is evidence for."""

    id: str
    document: str
    start: int
    end: int
    label: str
    href: str
    colour: int


def claim_content(store: Store, key: str, tables: EditTables) -> dict[str, Any]:
    """Everything that the template needs (``not-found``, ``deleted``)."""
    stored = store.read("Claim", key)
    claim = loads_exact(stored.body)
    task = _review(store, key)
    request = kept_record(store, task, REQUEST, CodingRequest)
    result = kept_record(store, task, RESULT, CodingResult)
    codes = [
        _code(entry, name, at)
        for at, (name, entry) in enumerate((n, e) for n in ELEMENTS for e in claim.get(n, ()))
    ]
    marks = [mark for code in codes for mark in code["marks"]]
    notes = () if request is None else request.notes
    day = datetime.now(UTC).date()
    release = tables.diagnosis_codes(ClaimView(claim, {}).service_date)
    for code in codes:
        code["alternatives"] = [] if release is None else _alternatives(release, code["code"])
    return {
        "claim": claim,
        "version": stored.version,
        "kind": words(claim.get("type")),
        "patient": patient_words(target(store, claim.get("patient"))),
        "task": task["id"] if task.get("status") == "requested" else "",
        "reason": task.get("reasonCode", {}).get("text", ""),
        "newer": bool(input_of(task, "newer-coding-result")),
        "codes": codes,
        "total": _money(claim.get("total")),
        "considered": _considered(result, codes),
        "remarks": () if result is None else result.remarks,
        "rejected": [said for said in _rejections(claim) if said],
        "findings": scrub_claim(store, claim, tables, day),
        "notes": [
            {
                "title": note.title or note.document,
                "document": note.document,
                "pieces": pieces(note.text, [m for m in marks if m.document == note.document]),
            }
            for note in notes
        ],
    }


def _review(store: Store, key: str) -> dict[str, Any]:
    """The open review of a Claim, else the newest that has ended; empty when it never had one."""
    waiting = open_reviews(store, key)
    if waiting:
        return waiting[-1]
    wanted = [("focus", f"Claim/{key}"), ("_sort", "-_lastUpdated")]
    tasks = [match.json() for match in store.search("Task", wanted, count=50).matches]
    return next((task for task in tasks if code_of(task) == REVIEW.code), {})


def _code(entry: Mapping[str, Any], element: str, at: int) -> dict[str, Any]:
    extensions = entry.get("extension", ())
    concept = entry.get(CONCEPT[element])
    coding: Mapping[str, Any] = next(iter((concept or {}).get("coding", ())), {})
    sequence = entry.get("sequence", "")
    name = f"{element}-{sequence}"
    label = f"{'D' if element == DIAGNOSIS else 'L'}{sequence}"
    decided = decision_of(entry)
    spans = [_parts(one) for one in extensions if one["url"] == CODE_EVIDENCE]
    return {
        "name": name,
        "element": element,
        "label": label,
        "colour": at % COLOURS,
        "code": code_of_concept(concept),
        "display": coding.get("display", ""),
        "release": coding.get("version", ""),
        "score": next((e.get("valueDecimal") for e in extensions if e["url"] == CONFIDENCE), None),
        "rules": [_parts(one) for one in extensions if one["url"] == RULE_CITATION],
        "evidence": [span.get("text", "") for span in spans],
        "marks": [
            _mark(f"at-{label}-{number}", span, label, name, at % COLOURS)
            for number, span in enumerate(spans, 1)
        ],
        "decision": decided,
        "person": _person(decided.get("performer")),
        "modifiers": " ".join(code_of_concept(one) for one in entry.get("modifier", ())),
        "charge": _money(entry.get("net")),
        "units": entry.get("quantity", {}).get("value", ""),
        "pointers": " ".join(map(str, entry.get("diagnosisSequence", ()))),
    }


def _money(amount: Mapping[str, Any] | None) -> str:
    """An amount with every digit that it has; empty without one."""
    said = amount or {}
    return f"{said.get('value', '')} {said.get('currency', '')}".strip()


def _alternatives(release: Release, code: str) -> list[tuple[str, str]]:
    """The billable codes beside one in the hierarchy, those nearest to it first."""
    found: dict[str, str] = {}
    for above in release.ancestors(code):
        if above.kind != "diag":
            break
        for below in release.descendants(above.code):
            known = release.get(below)
            if known is not None and known.billable and below != code:
                found.setdefault(below, known.display)
            if len(found) == MOST_ALTERNATIVES:
                return list(found.items())
    return list(found.items())


def _mark(id_: str, span: Mapping[str, Any], label: str, name: str, colour: int) -> Mark:
    """The mark of a span; of what is none, one that lies in no text."""
    document, start, end = (span.get(part) for part in ("document", "start", "end"))
    reference = document.get("reference", "") if isinstance(document, dict) else ""
    numbers = (start, end) if isinstance(start, int) and isinstance(end, int) else (0, 0)
    return Mark(id_, reference, *numbers, label, f"#{name}", colour)


def _person(reference: Any) -> str:
    named = reference if isinstance(reference, dict) else {}
    return str(named.get("display") or named.get("reference") or "somebody")


def _parts(extension: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an extension: name and value."""
    return {
        part["url"]: next((v for k, v in part.items() if k.startswith("value")), "")
        for part in extension.get("extension", ())
    }


def _rejections(claim: Mapping[str, Any]) -> list[str]:
    """The codes that were rejected on a draft."""
    marks = [{"extension": [mark]} for mark in claim.get("extension", ())]
    said = [decision_of(mark).get("replaces") for mark in marks]
    codings = [one for one in said if isinstance(one, dict)]
    return [f"{one.get('code', '')} {one.get('display', '')}".strip() for one in codings]


def _considered(
    result: CodingResult | None, codes: Sequence[Mapping[str, Any]]
) -> list[tuple[int, CodeSuggestion]]:
    """The coder's other suggestions by number, the best first."""
    known = {code["code"] for code in codes}
    numbered = enumerate(() if result is None else result.suggestions)
    found = [(at, one) for at, one in numbered if one.code not in known]
    return sorted(found, key=lambda one: -one[1].score)


def pieces(text: str, marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """A text cut where marks begin and end; each piece with the marks over it.

    Marks may overlap and may reach beyond a text that is not the one they were made for.
    """
    within = [m for m in marks if 0 <= m.start < m.end <= len(text)]
    cuts = sorted({0, len(text), *(m.start for m in within), *(m.end for m in within)})
    found = []
    for start, end in pairwise(cuts):
        over = [m for m in within if m.start <= start and end <= m.end]
        found.append(
            {
                "text": sayable(text[start:end]),
                "marks": over,
                "begun": [m for m in over if m.start == start],
                "ends": [m for m in over if m.end == end],
            }
        )
    return found
