"""`isthmus evaluate scribe` and `isthmus train sections` on dialogues written for these tests."""

import csv
import json
from pathlib import Path

import pytest

from conformance.evaluate import main
from conformance.scribe_scores import scored
from gateway.cli import main as isthmus
from ml.scribe.material import Example, divided, read_examples
from ml.scribe.model import load_model
from profiles.outcome import OperationOutcomeError

PLACES = ("knee", "shoulder", "back", "wrist", "hip", "ankle")
DRUGS = ("ibuprofen", "naproxen", "meloxicam", "tramadol", "gabapentin", "prednisone")


def visit(place, drug):
    """A short visit and its note."""
    dialogue = (
        f"[doctor] What brings you in?\n[patient] My {place} has been hurting for three days.\n"
        f"[doctor] Any fevers?\n[patient] No.\n[patient] I saw a good film yesterday.\n"
        f"[doctor] On exam the {place} is tender.\n"
        f"[doctor] I am going to start you on {drug} twenty milligrams daily.\n[patient] Okay."
    )
    note = (
        f"CHIEF COMPLAINT\n\nThe {place}.\n\nHISTORY OF PRESENT ILLNESS\n\nHer {place} has been "
        f"hurting for 3 days. She denies fevers.\n\nPHYSICAL EXAM\n\nThe {place} is tender.\n\n"
        f"PLAN\n\nWe will start {drug} 20 mg daily.\n"
    )
    return dialogue, note


@pytest.fixture
def files(tmp_path):
    """A file of visits with its metadata, a file of pieces with headers."""
    visits = tmp_path / "visits.csv"
    with visits.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["encounter_id", "dialogue", "note"])
        table.writerows(
            [f"E{at}", *visit(place, drug)]
            for at, (place, drug) in enumerate(zip(PLACES, DRUGS, strict=True))
        )
    rows = [["encounter_id", "patient_gender"], *([f"E{at}", "female"] for at in range(6))]
    (tmp_path / "visits_metadata.csv").write_text("\n".join(map(",".join, rows)))
    pieces = tmp_path / "pieces.csv"
    with pieces.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["ID", "section_header", "section_text", "dialogue"])
        for at, drug in enumerate(DRUGS):
            asked = f"Doctor: Are you allergic to {drug}?\nPatient: Yes, an allergy to {drug}."
            table.writerow([2 * at, "allergy", f"{drug}.", asked])
            asked = f"Doctor: Do you smoke?\nPatient: I smoked for {at + 2} years."
            table.writerow([2 * at + 1, "fam/sochx", "Smoker.", asked])
    return visits, pieces


def test_notes_are_scored_with_peers_beside_them(files, tmp_path, capsys):
    """Our notes and another program's go through one scorer; the JSON has every visit."""
    peer = tmp_path / "peer.csv"
    with peer.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["encounter_id", "note"])
        table.writerows([one.name, one.note] for one in read_examples(files[0]))
    out = tmp_path / "out.json"
    arguments = ["scribe", "--dialogues", str(files[0]), "--models", str(tmp_path)]
    assert main([*arguments, "--peer", f"clinician={peer}", "--json", str(out)]) == 0
    told = json.loads(out.read_text())["files"]["visits.csv"]
    assert told["peers"]["clinician"]["mean"]["rouge1"] == 1.0
    assert told["notes"]["mean"]["unsupported"] == 0.0
    assert told["notes"]["mean"]["evidence"] == 1.0
    assert told["notes"]["mean"]["drug_recall"] == 1.0
    assert set(told["notes"]["each"]) == {f"E{at}" for at in range(6)}
    shown = capsys.readouterr().out
    assert "clinician" in shown
    assert "film" not in shown + out.read_text()


def test_training_writes_a_model_that_the_scribe_loads(files, tmp_path, capsys):
    """Weights, card and cross-validated scores come out, and the same files give the same bytes."""
    for name in ("one", "two"):
        given = ["--dialogues", *map(str, files), "--out", str(tmp_path / name / "scribe")]
        assert isthmus(["train", "sections", *given, "--folds", "3", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "\n}")
    assert scores["headers_by_words"] == 1.0
    weights = [tmp_path / name / "scribe" / "weights.npz" for name in ("one", "two")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert load_model(weights[0]).labels == ("ALLERGY", "FAM/SOCHX")
    assert "CC BY 4.0" in (tmp_path / "one" / "scribe" / "README.md").read_text()
    arguments = ["scribe", "--dialogues", str(files[1]), "--models", str(tmp_path / "one")]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "section header 1.000 on 2 classes" in shown
    assert ["FAM/SOCHX", "6", "1.00", "1.00"] in [line.split() for line in shown.splitlines()]


def test_folds_train_without_what_they_measure(files, tmp_path, capsys):
    """With folds, notes and headers are scored by models that have not seen them."""
    given = [*map(str, files), "--folds", "2", "--models", str(tmp_path)]
    assert main(["scribe", "--dialogues", *given]) == 0
    assert "ROUGE-1" in capsys.readouterr().out


def test_a_number_of_nobody_counts_as_one():
    """A number that nobody said is a mismatch, and its sentence unsupported."""
    dialogue = "[doctor] Take twenty milligrams of lisinopril."
    note = "Lisinopril 20 mg.\nLisinopril 40 mg."
    scores = scored(Example("1", dialogue, note), note).scores
    assert scores["number_mismatch"] == 0.5
    assert scores["unsupported"] == 0.5
    assert scores["drug_recall"] == 1.0


def test_what_the_reference_has_and_the_note_has_not_is_left_out():
    """Medicines, symptoms and numbers count as left out where they were said and the reference has them."""
    dialogue = "[doctor] Take lisinopril twenty milligrams.\n[patient] My cough is gone. I am 61."
    reference = "Lisinopril 20 mg. No cough."
    assert scored(Example("1", dialogue, reference), reference).scores["omission"] == 0.0
    assert scored(Example("1", dialogue, reference), "Lisinopril.").scores["omission"] == 2 / 3


def test_headings_divide_a_note():
    """Each sentence has the division of the heading above it."""
    note = "PHYSICAL EXAM\n\nLungs clear. Heart regular.\n\nPLAN\n\nRest."
    assert divided(note) == [
        ("examination", "Lungs clear."),
        ("examination", "Heart regular."),
        ("assessment", "Rest."),
    ]


def test_a_sex_with_spaces_is_read(files):
    """The sex of a metadata file counts whatever space stands around it."""
    beside = files[0].with_name("visits_metadata.csv")
    beside.write_text("encounter_id,patient_gender\n E0,female \nE1, Male\n")
    assert [one.sex for one in read_examples(files[0])][:3] == ["female", "male", ""]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00"])
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    """A file without dialogues gives a clear error."""
    file = tmp_path / "other.csv"
    file.write_text(text)
    with pytest.raises(OperationOutcomeError):
        read_examples(Path(file))


def test_a_damaged_model_is_refused(tmp_path):
    """A file that is no model gives a clear error."""
    (tmp_path / "weights.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(OperationOutcomeError):
        load_model(tmp_path / "weights.npz")
