"""Coding results for tests: one small and known, and a strategy of any that a coder could make."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from profiles.builders.claim_context import ClaimContext
from profiles.coding_records import (
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
    RuleCitation,
)
from terminology.claims import ICD_10_PCS
from terminology.systems import CPT, HCPCS, ICD_10_CM

MOMENT = datetime(2026, 5, 5, 4, 5, 6, tzinfo=UTC)
DOCUMENT = "DocumentReference/note"
TEXT = "Assessment: <b>type 2 diabetes</b> with nephropathy. Essential hypertension. Seen today."
COVERAGE = {
    "resourceType": "Coverage",
    "id": "cov",
    "status": "active",
    "beneficiary": {"reference": "Patient/p"},
    "payor": [{"reference": "Organization/payer"}],
}


def span(words: str, document: str = DOCUMENT, text: str = TEXT) -> Evidence:
    """The span of some words of the note."""
    start = text.index(words)
    return Evidence(document, start, start + len(words), words, "assessment")


def diagnosis(code: str, display: str, words: str, **changed: Any) -> CodeSuggestion:
    """A suggested diagnosis with evidence in ``TEXT``."""
    given: dict[str, Any] = {
        "system": ICD_10_CM,
        "version": "2026",
        "code": code,
        "display": display,
        "score": 0.91,
        "status": "suggested",
        "evidence": (span(words),),
        "rules": (RuleCitation("I.A.15", "Linked by “with”.", "ICD-10-CM Guidelines FY2026"),),
        "features": (("lexical", 0.8), ("vector", 0.7)),
        "term": display.lower(),
    }
    return CodeSuggestion(**{**given, **changed})


def line(code: str, *pointers: str, **changed: Any) -> CodeSuggestion:
    """A suggested service line."""
    given: dict[str, Any] = {
        "system": CPT,
        "version": "",
        "code": code,
        "display": "",
        "score": 0.6,
        "status": "suggested",
        "evidence": (span("Seen today"),),
        "pointers": pointers,
    }
    return CodeSuggestion(**{**given, **changed})


DIABETES = diagnosis(
    "E11.21", "Type 2 diabetes mellitus with diabetic nephropathy", "type 2 diabetes"
)
HYPERTENSION = diagnosis("I10", "Essential (primary) hypertension", "Essential hypertension")
FATIGUE = diagnosis("R53.83", "Other fatigue", "Seen", status="below-threshold", score=0.2)


def coding_result(*suggestions: CodeSuggestion, **changed: Any) -> CodingResult:
    """Two diagnoses, a visit, one suggestion below the threshold and two remarks."""
    given: dict[str, Any] = {
        "coder": "isthmus-coder",
        "coder_version": "1",
        "suggestions": suggestions
        or (DIABETES, HYPERTENSION, FATIGUE, line("99213", "E11.21", "I10")),
        "remarks": (
            CodingRemark("omission", "Long-term insulin use is not stated.", ("Z79.4",)),
            CodingRemark("query", "Which stage has the <kidney> disease?", ("N18.30", "N18.4")),
        ),
        "digests": (("icd-10-cm 2026", "0" * 64),),
    }
    return CodingResult(**{**given, **changed})


def claim_context(**changed: Any) -> ClaimContext:
    """A visit of one document on one day with one coverage."""
    given: dict[str, Any] = {
        "patient": "Patient/p",
        "documents": (DOCUMENT,),
        "moment": MOMENT,
        "service_date": "2026-05-04",
        "encounter": "Encounter/e",
        "coverages": (COVERAGE,),
        "provider": {"reference": "Organization/clinic"},
        "task_id": "coding-task",
        "request": CodingRequest((Note(DOCUMENT, TEXT, "Visit note"),), "2026-05-04"),
    }
    return ClaimContext(**{**given, **changed})


_texts = st.text(max_size=30)
_shares = st.floats(0, 1)
_spans = st.builds(
    Evidence,
    document=st.sampled_from((DOCUMENT, "DocumentReference/other")),
    start=st.integers(0, 10**6),
    end=st.integers(0, 10**6),
    text=_texts,
    section=_texts,
)
_rules = st.builds(RuleCitation, rule=_texts, text=_texts, source=_texts)
_codes = st.one_of(
    st.tuples(st.just(ICD_10_CM), st.from_regex(r"\A[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?\Z")),
    st.tuples(st.just(CPT), st.from_regex(r"\A[0-9]{4}[0-9FT]\Z")),
    st.tuples(st.just(HCPCS), st.from_regex(r"\A[A-V][0-9]{4}\Z")),
    st.tuples(st.just(ICD_10_PCS), st.from_regex(r"\A[0-9A-HJ-NP-Z]{7}\Z")),
)


@st.composite
def _suggestions(draw: Any) -> CodeSuggestion:
    system, code = draw(_codes)
    return CodeSuggestion(
        system,
        draw(st.sampled_from(("", "2026"))),
        code,
        draw(_texts),
        draw(_shares),
        draw(st.sampled_from(("suggested", "below-threshold"))),
        tuple(draw(st.lists(_spans, max_size=3))),
        tuple(draw(st.lists(_rules, max_size=2))),
        tuple(draw(st.lists(st.tuples(_texts, _shares), max_size=2))),
        tuple(draw(st.lists(st.sampled_from(("25", "RT", "LT", "59")), max_size=2))),
        draw(st.integers(1, 99)),
        tuple(draw(st.lists(st.sampled_from(("I10", "E11.21", "Z00.00")), max_size=3))),
        draw(_texts),
    )


def coding_results() -> st.SearchStrategy[CodingResult]:
    """Any result that a coder could make."""
    remarks = st.builds(
        CodingRemark,
        kind=st.sampled_from(("omission", "query", "conflict", "note-not-used", "warning")),
        text=_texts,
        codes=st.lists(st.sampled_from(("I10", "N18.30")), max_size=3).map(tuple),
        evidence=st.lists(_spans, max_size=1).map(tuple),
        rule=st.one_of(st.none(), _rules),
    )
    return st.builds(
        CodingResult,
        coder=st.sampled_from(("isthmus-coder", "other")),
        coder_version=st.sampled_from(("1", "2")),
        suggestions=st.lists(_suggestions(), max_size=8).map(tuple),
        remarks=st.lists(remarks, max_size=4).map(tuple),
        digests=st.lists(st.tuples(st.just("model"), st.just("0" * 64)), max_size=2).map(tuple),
    )
