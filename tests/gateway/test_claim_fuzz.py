"""Whatever is sent to a review, the answer is a decision or a clear refusal, and the record stays whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from adapters.store import Store
from profiles.admission import require_admissible
from tests.make_review import FHIR, code, drafted, icd, parameters, review_client

_SHARED = [HealthCheck.function_scoped_fixture]
_codes = st.builds(
    lambda word, parts: code(word, **parts),
    st.sampled_from(("accept", "modify", "reject", "add")),
    st.fixed_dictionaries(
        {},
        optional={
            "element": st.sampled_from(("diagnosis", "item")),
            "sequence": st.integers(1, 5),
            "coding": st.sampled_from(("I10", "E11.22", "R05.9", "E11", "99214", "J1815")).map(icd)
            | st.sampled_from(({"code": "99214"}, {"code": "J1815"}, {})),
            "target": st.sampled_from(("I10", "E11.21", "99213")).map(icd),
            "units": st.integers(1, 2**31 - 1),
            "position": st.integers(1, 2**31 - 1),
            "pointer": st.lists(st.sampled_from(("1", "2", "I10", "0", "x")), max_size=5),
            "modifier": st.lists(st.sampled_from(("25", "RT", "x")), max_size=5),
            "reason": st.text(alphabet=st.characters(exclude_categories=("C",)), min_size=1),
        },
    ),
)
_fields = st.dictionaries(
    st.sampled_from(
        (
            "decision",
            "diagnosis-1-decision",
            "diagnosis-2-code",
            "diagnosis-1-position",
            "item-1-units",
            "item-1-pointers",
            "item-1-modifiers",
            "item-1-decision",
            "add-1-code",
            "add-1-element",
            "consider-2",
            "version",
            "override",
            "performer",
        )
    ),
    st.sampled_from(
        ("", "approved", "rejected", "accept", "reject", "I10", "E11.22", "1", "9" * 30)
    )
    | st.text(max_size=5),
)


@pytest.fixture
def reviewer(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an endpoint with code systems."""
    with review_client(store, tmp_path / "data") as client:
        yield client


def _whole(store: Store, claim_id: str) -> None:
    """The Claim is valid, numbered without gaps, and its pointers lead somewhere."""
    claim: dict[str, Any] = store.read("Claim", claim_id).json()
    require_admissible(claim)
    for name in ("diagnosis", "item"):
        numbers = [one["sequence"] for one in claim.get(name, ())]
        assert numbers == list(range(1, len(numbers) + 1))
    pointers = {p for one in claim.get("item", ()) for p in one.get("diagnosisSequence", ())}
    assert pointers <= {one["sequence"] for one in claim.get("diagnosis", ())}


@settings(max_examples=40, deadline=None, suppress_health_check=_SHARED)
@given(
    codes=st.lists(_codes, max_size=4),
    word=st.sampled_from(("", "accepted", "modified", "rejected")),
    override=st.booleans(),
)
def test_any_decision_is_taken_whole_or_refused(reviewer, store, codes, word, override):
    """200 or a refusal with an OperationOutcome; after either the Claim is whole."""
    draft = drafted(
        store,
        task_id=f"run{store.count(('Task',))}",
        encounter=f"Encounter/{store.count(('Claim',))}",
    )
    more = {"decision": word} if word else {}
    more |= {"override": "known"} if override else {}
    given_ = parameters(*codes, version="1", **more)
    answer = reviewer.post(f"/fhir/Task/{draft.task['id']}/$decide", json=given_, headers=FHIR)
    assert answer.status_code in (200, 400, 409, 422), answer.text
    taken = answer.status_code == 200
    assert answer.json()["resourceType"] == ("Bundle" if taken else "OperationOutcome")
    assert store.read("Claim", draft.claim["id"]).version == (2 if taken else 1)
    _whole(store, draft.claim["id"])


@settings(max_examples=40, deadline=None, suppress_health_check=_SHARED)
@given(fields=_fields)
def test_any_form_is_taken_whole_or_shown_again(reviewer, store, fields):
    """The page answers with itself: decided, or with the reasons."""
    draft = drafted(
        store,
        task_id=f"run{store.count(('Task',))}",
        encounter=f"Encounter/{store.count(('Claim',))}",
    )
    form = {"task": draft.task["id"], "version": "1", "performer": "Cora", **fields}
    answer = reviewer.post(f"/claims/{draft.claim['id']}", data=form)
    assert answer.status_code in (200, 400, 409, 422), answer.text
    assert "Coding review" in answer.text
    _whole(store, draft.claim["id"])
