"""``isthmus feedback``: report, propose, evaluate, approve, revert, on a store with decisions."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.store import Store, open_store
from conformance import feedback, feedback_effect, search_coder
from conformance.bench_coding import NOTES
from gateway.feedback_records import is_sealed
from gateway.site_defaults import with_site_defaults
from profiles.builders.speaker_record import correction_record
from profiles.outcome import OperationOutcomeError
from profiles.speaker_corrections import SpeakerCorrection, corrected
from tests.make_coding import coding_result, diagnosis, line
from tests.make_note import MOMENT, TRANSCRIPT
from tests.make_review import AROUND, FHIR, code, drafted, icd, parameters, review_client

CKD = diagnosis("N18.9", "Chronic kidney disease, unspecified", "nephropathy", term="CKD")
RESULT = coding_result(CKD, line("99213", "N18.9"))
OPEN = [p for p in (f"open{n}" for n in range(40)) if not is_sealed(f"Patient/{p}")][:6]
SEALED = [p for p in (f"sealed{n}" for n in range(40)) if is_sealed(f"Patient/{p}")][:2]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in which six open and two sealed Claims had N18.9 changed to N18.30."""
    store = open_store(tmp_path)
    with review_client(store, tmp_path) as client:
        for number, patient in enumerate((*OPEN, *SEALED)):
            _decided(store, client, patient, f"Coder {number % 2}", "N18.30")
    store.close()
    return tmp_path


def _decided(store: Store, client: Any, patient: str, person: str, chosen: str) -> None:
    own = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-01-01"}
    coverage = {**AROUND[-1], "id": patient, "beneficiary": {"reference": f"Patient/{patient}"}}
    store.transact(lambda tx: [tx.put(own), tx.put(coverage)])
    draft = drafted(
        store,
        RESULT,
        patient=f"Patient/{patient}",
        encounter=f"Encounter/{patient}",
        coverages=(coverage,),
        task_id=f"t-{patient}",
    )
    change = code("modify", sequence=1, coding=icd(chosen), reason="secret words")
    given = parameters(change, person=person, decision="modified", version="1")
    answer = client.post(f"/fhir/Task/{draft.task['id']}/$decide", json=given, headers=FHIR)
    assert answer.status_code == 200, answer.text


def _json(capsys: pytest.CaptureFixture[str], *arguments: str, data: Path) -> Any:
    assert feedback.main([*arguments, "--json", "--data", str(data)]) == 0
    return json.loads(capsys.readouterr().out)


def _text(capsys: pytest.CaptureFixture[str], *arguments: str, data: Path) -> str:
    assert feedback.main([*arguments, "--data", str(data)]) == 0
    return capsys.readouterr().out


def _coded(data: Path) -> str:
    made = with_site_defaults(RESULT, data / "terminology", "2026-05-04")
    return made.suggestions[0].code


def test_the_report_counts_what_became_of_each_code(capsys, data):
    """All decisions, open and sealed, with the replaced pair; no words of a person or a note."""
    found = _json(capsys, "report", data=data)
    assert found["replaced"] == [{"suggested": "N18.9", "chosen": "N18.30", "times": 8}]
    assert {"key": "isthmus-coder 1", **found["overall"]} == found["by_coder"][0]
    text = _text(capsys, "report", data=data)
    assert "N18.9 -> N18.30" in text
    assert "secret" not in text + json.dumps(found)


def test_a_default_is_used_after_approval_and_not_after_it_was_reverted(capsys, data):
    """Proposed out of open decisions, measured on sealed ones, approved by a name, taken back."""
    (proposal,) = _json(capsys, "propose", data=data)
    assert (proposal["decisions"], proposal["persons"], proposal["term"]) == (6, 2, "ckd")
    assert _coded(data) == "N18.9"
    effect = _json(capsys, "evaluate", data=data)
    assert (effect["encounters"], effect["changed"]) == (2, 2)
    assert (effect["exact"]["before"]["f1"], effect["exact"]["after"]["f1"]) == (0, 1)
    said = _text(capsys, "approve", proposal["id"], "--by", "Dr. Ada", data=data)
    assert "micro-F1 0.0000 -> 1.0000" in said
    assert _coded(data) == "N18.30"
    assert _json(capsys, "propose", data=data) == []
    assert "approved by Dr. Ada" in _text(capsys, "list", data=data)
    assert _json(capsys, "revert", proposal["id"], data=data)["version"] == 2
    assert _coded(data) == "N18.9"
    assert _json(capsys, "revert", "--to", "1", data=data)["version"] == 3
    assert _coded(data) == "N18.30"


def test_what_makes_sealed_codes_worse_is_not_approved(capsys, data):
    """When the sealed reviewers chose otherwise, approval needs to be asked for twice."""
    store = open_store(data)
    with review_client(store, data) as client:
        for patient in SEALED:
            again = [p for p in (f"{patient}x{n}" for n in range(90)) if is_sealed(f"Patient/{p}")]
            for one in again[:3]:
                _kept(store, client, one)
    store.close()
    (proposal,) = _json(capsys, "propose", data=data)
    with pytest.raises(OperationOutcomeError, match="worse"):
        feedback.main(["approve", proposal["id"], "--by", "A", "--data", str(data)])
    assert _coded(data) == "N18.9"
    feedback.main(["approve", proposal["id"], "--by", "A", "--anyway", "--data", str(data)])
    assert _coded(data) == "N18.30"


def _kept(store: Store, client: Any, patient: str) -> None:
    """A sealed Claim whose reviewer left N18.9 as it was."""
    own = {"resourceType": "Patient", "id": patient}
    coverage = {**AROUND[-1], "id": patient, "beneficiary": {"reference": f"Patient/{patient}"}}
    store.transact(lambda tx: [tx.put(own), tx.put(coverage)])
    draft = drafted(
        store,
        RESULT,
        patient=f"Patient/{patient}",
        encounter=f"Encounter/{patient}",
        coverages=(coverage,),
        task_id=f"t-{patient}",
    )
    given = parameters(decision="accepted")
    answer = client.post(f"/fhir/Task/{draft.task['id']}/$decide", json=given, headers=FHIR)
    assert answer.status_code == 200, answer.text


def test_the_effect_is_measured_on_notes_that_somebody_brings(capsys, data, monkeypatch):
    """With notes and labels the coder codes anew, and the two tables are held against the labels."""
    monkeypatch.setattr(feedback_effect, "coder", lambda: search_coder)
    given = ["--notes", str(NOTES / "notes.csv"), "--labels", str(NOTES / "codes.txt")]
    found = _json(capsys, "evaluate", *given, data=data)
    assert (found["encounters"], found["on"]) == (24, "notes.csv")
    assert found["exact"]["before"]["f1"] > 0
    with pytest.raises(OperationOutcomeError, match="--labels"):
        feedback.main(["evaluate", *given[:2], "--data", str(data)])


def test_a_default_whose_effect_is_not_known_needs_a_second_word(capsys, tmp_path):
    """Without a sealed decision that it touches, approval is refused unless it is asked for anyway."""
    store = open_store(tmp_path)
    with review_client(store, tmp_path) as client:
        for number, patient in enumerate(OPEN):
            _decided(store, client, patient, f"Coder {number % 2}", "N18.30")
    store.close()
    (proposal,) = _json(capsys, "propose", data=tmp_path)
    with pytest.raises(OperationOutcomeError, match="not known"):
        feedback.main(["approve", proposal["id"], "--by", "A", "--data", str(tmp_path)])
    assert _coded(tmp_path) == "N18.9"


def test_corrected_speakers_are_counted(capsys, tmp_path):
    """Beside what was kept of notes stands how many turns were given another speaker."""
    after = corrected(TRANSCRIPT, [SpeakerCorrection("other", segments=(1,))])
    basic = correction_record(TRANSCRIPT, after, "Composition/n", 1, {"display": "A"}, MOMENT)
    store = open_store(tmp_path)
    store.transact(lambda tx: tx.put(basic))
    store.close()
    found = _json(capsys, "notes", data=tmp_path)["speakers"]
    assert (found["corrections"], found["changed"], found["segments"]) == (1, 1, 4)
    feedback.main(["notes", "--data", str(tmp_path)])
    assert "1 of 4 turns (patient -> other 1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["approve", "none", "--by", "A"],
        ["evaluate", "none"],
        ["revert"],
        ["revert", "none"],
        ["revert", "--to", "9"],
    ],
)
def test_what_is_not_there_is_said(data, arguments):
    """An unknown proposal, default or version changes nothing."""
    with pytest.raises(OperationOutcomeError):
        feedback.main([*arguments, "--data", str(data)])
    assert _coded(data) == "N18.9"


def test_without_a_store_there_is_nothing_to_report(tmp_path):
    """A wrong data folder is said, and no store is made in it."""
    with pytest.raises(OperationOutcomeError, match="no store"):
        feedback.main(["report", "--data", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []
