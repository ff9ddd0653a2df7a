"""Code references of notes: what they name, and that any text can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminology.icd10cm.codes import dotted, flat
from terminology.icd10cm.references import parse_references

CODES = st.from_regex(r"[A-Z][0-9][0-9A-B](\.[0-9A-Z]{1,3})?", fullmatch=True)


@pytest.mark.parametrize(
    ("note", "inside", "outside"),
    [
        ("gestational diabetes (O24.4-)", "O24.410", "O24.311"),
        ("malignant neoplasms (C00-C96)", "C7A.010", "D00.00"),
        ("(I13.-)", "I13.10", "I12.9"),
        ("(O94-O9A)", "O9A.111", "P00.0"),
        ("(E08-E13 with .21)", "E11.21", "E11.22"),
        ("skin disorders in diabetes (E08-E13 with .62-)", "E11.621", "E11.65"),
        ("(E08, E09, E11, E13 with final characters .00 or .01)", "E09.01", "E09.10"),
        ("fluency disorder (stuttering) (I69. with final characters -23)", "I69.323", "I69.321"),
        ("(T36-T50 with fifth or sixth character 5)", "T38.0X5A", "T38.0X1A"),
        ("(T51-T65 with fifth or sixth character 1-4)", "T58.01XA", "T58.05XA"),
        ("(T36-T50 with fifth or sixth character 5)", "T39.095A", "T50.991A"),
        ("(T36-T50 with final character 6)", "T39.016A", "T39.011A"),
        ("(F11-F19 with fifth to sixth characters 51)", "F11.951", "F11.921"),
        ("(S42.- with 7th character B or C)", "S42.001C", "S42.001A"),
        ("(S32.1--S32.9 with 7th character B)", "S32.2XXB", "S32.2XXA"),
        ("(F11-F19 with .15. .25, .95)", "F11.259", "F11.20"),
        ("(P28.3- - P28.4-)", "P28.41", "P28.5"),
        ("subcategories S06.1- to S06.6-, and S06.81- to S06.89-", "S06.823A", "S06.9X0A"),
        ("(A00-R94 and T80-T88.6, T88.8)", "T88.8XXA", "T88.7XXA"),
        ("(F98.2.-F98.3)", "F98.29", "F98.4"),
        ("open fracture of pelvis (S32.-), fracture of hip (S72.0-)", "S72.001A", "S72.10XA"),
    ],
)
def test_a_reference_means_what_the_tabular_list_writes(
    note: str, inside: str, outside: str
) -> None:
    """Lists, ranges, "-" and character classes name the codes that they say and no others."""
    found = parse_references(note)
    assert any(reference.matches(inside) for reference in found)
    assert not any(reference.matches(outside) for reference in found)


@pytest.mark.parametrize(
    "note", ["G6PD deficiency", "influenza A/H1N1", "C3 glomerulopathy", "Escherichia coli O157"]
)
def test_words_that_look_like_codes_are_none(note: str) -> None:
    """Names of genes and germs are not taken for codes."""
    assert parse_references(note) == ()


def test_a_class_in_words_is_marked() -> None:
    """A narrowing that is only described leaves the reference, and says that it is wider."""
    (found,) = parse_references("open fracture (S52.- with open fracture 7th character)")
    assert found.inexact
    assert found.matches("S52.501B")


@given(st.lists(st.one_of(CODES, st.tuples(CODES, CODES)), min_size=1, max_size=6))
def test_every_written_list_is_read_back(items: list[str | tuple[str, str]]) -> None:
    """A list of codes and ranges in brackets gives exactly these, in order."""
    written = ", ".join(one if isinstance(one, str) else "-".join(one) for one in items)
    expected = [
        (flat(one), flat(one)) if isinstance(one, str) else (flat(one[0]), flat(one[1]))
        for one in items
    ]
    found = parse_references(f"a condition ({written})")
    assert [(reference.first, reference.last) for reference in found] == expected


@given(CODES, st.sampled_from(["", "-", ".-"]))
def test_a_reference_matches_its_own_code_and_all_below(code: str, ending: str) -> None:
    """A code in a note means itself and every longer code, whichever way it ends."""
    if "." in code and ending == ".-":
        code = code.partition(".")[0]
    (found,) = parse_references(f"see ({code}{ending})")
    assert found.matches(code)
    assert found.matches(dotted(flat(code) + "9"))


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """No note breaks the parser."""
    for reference in parse_references(text):
        assert reference.first
        reference.matches("E11.9")
