"""Notes and labels are read as the corpora publish them, or refused with a reason."""

import pytest

from conformance.coding_notes import named_as_labels, read_codes, read_notes
from profiles.outcome import OperationOutcomeError

ACI = 'dataset,encounter_id,dialogue,note\naci,D2N068,"a, b","HISTORY\nx"\naci,D2N069,c,y\n'


def _file(folder, name, text):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("ids", "labels", "found"),
    [
        (["D2N068", "D2N069"], "069 I10", ["68", "69"]),
        (["a", "b"], "2 I10", ["1", "2"]),
        (["note-a", "note-b"], "note-b I10", ["note-a", "note-b"]),
        (["7", "9"], "07 I10", ["7", "9"]),
        (["x-5-1", "x-6-1"], "002 I10", ["1", "2"]),
        (["D2N068", "D2N069"], "001 I10\n002 I10\n068 I10", ["68", "69"]),
        (["D2N068", "D2N069"], "001 I10\n002 I10", ["1", "2"]),
    ],
)
def test_labels_name_notes_by_id_by_its_digits_or_by_number(tmp_path, ids, labels, found):
    """One rule for all notes of a run: the first under which every labelled one is found once."""
    codes = read_codes(_file(tmp_path, "labels.txt", labels))
    assert [one.key for one in named_as_labels([(i, "text") for i in ids], codes)] == found


def test_notes_of_several_files_and_both_shapes_are_read(tmp_path):
    """ACI-BENCH files with quoted line breaks and plain files of id and note can be mixed."""
    files = [_file(tmp_path, "a.csv", ACI), _file(tmp_path, "b.csv", "id,note\n070,z\n")]
    assert read_notes(files) == [("D2N068", "HISTORY\nx"), ("D2N069", "y"), ("070", "z")]


def test_codes_are_compared_without_dot_and_case(tmp_path):
    """Dots, small letters, commas, comments and lines without codes are read."""
    codes = read_codes(_file(tmp_path, "l.txt", "# coder 1\n001: i10; E11.9, W19.XXXA\n002\n\n"))
    assert codes == {"001": frozenset({"I10", "E119", "W19XXXA"}), "002": frozenset()}


def test_words_that_are_no_codes_are_counted_and_left_out(tmp_path, capsys):
    """A procedure number or a remark in a list of diagnoses is neither right nor wrong."""
    codes = read_codes(_file(tmp_path, "l.txt", "001 I10 99213 none\n"))
    assert codes == {"001": frozenset({"I10"})}
    assert "2 words are no ICD-10-CM codes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (lambda f: read_notes([f]), "id,text\n1,x\n", "columns"),
        (lambda f: read_notes([f]), "id,note\n", "no note"),
        (read_codes, "001 I10\n001 I11\n", "line 2"),
        (read_codes, "\n", "no encounter"),
    ],
)
def test_files_of_another_shape_are_refused(tmp_path, read, text, said):
    """A missing column, an empty file and an encounter named twice each have their sentence."""
    with pytest.raises(OperationOutcomeError, match=said):
        read(_file(tmp_path, "given", text))


def test_labels_of_other_notes_are_refused():
    """Labels that belong to other notes are not scored as missed codes."""
    with pytest.raises(OperationOutcomeError, match="has a note"):
        named_as_labels([("a", "x")], {"007": frozenset({"I10"})})


def test_a_file_that_is_not_there_is_said(tmp_path):
    """A wrong path is a sentence, not a traceback."""
    with pytest.raises(OperationOutcomeError, match="cannot be read"):
        read_codes(tmp_path / "none.txt")
