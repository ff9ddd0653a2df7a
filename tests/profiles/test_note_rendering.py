"""A finished note becomes a PDF and an HTML file: what they say; the same note gives the same bytes."""

import hashlib
import subprocess
import sys
from html import unescape
from io import BytesIO

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.admission import issues
from profiles.builders.note_html import note_html
from profiles.builders.note_pdf import MISSING, note_pdf
from profiles.builders.note_rendering import LONGEST, TOO_LONG, outdated, rendered
from profiles.note_document import Around, NoteDocument, note_document

NOTE = {
    "resourceType": "Composition",
    "id": "n",
    "status": "final",
    "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
    "subject": {"reference": "Patient/p"},
    "encounter": {"reference": "Encounter/e"},
    "event": [{"period": {"start": "2026-03-02T09:00:00Z"}}],
    "date": "2026-03-02T10:00:00.000Z",
    "author": [{"reference": "Device/d"}],
    "title": "Progress note",
    "attester": [
        {
            "mode": "professional",
            "time": "2026-03-02T10:00:00.000Z",
            "party": {"display": "Dr. Weber"},
        }
    ],
    "section": [
        {
            "title": "Plan",
            "text": {"status": "generated", "div": "<div><p>Walk &amp; rest.</p></div>"},
        }
    ],
}
PATIENT = {
    "resourceType": "Patient",
    "name": [{"use": "official", "given": ["Jiřina"], "family": "Łukasová"}],
    "birthDate": "1960-02-03",
    "gender": "female",
    "identifier": [{"type": {"text": "MRN"}, "value": "123"}, {"use": "old", "value": "9"}],
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "class": {"code": "AMB", "display": "ambulatory"},
    "identifier": [{"value": "V7"}],
    "period": {"start": "2026-03-02T09:00:00+01:00", "end": "2026-03-02T09:30:00+01:00"},
}
DEVICE = {
    "resourceType": "Device",
    "deviceName": [{"name": "isthmus-scribe", "type": "model-name"}],
    "version": [{"value": "1"}],
}


def _document(note=NOTE, around=(PATIENT, ENCOUNTER, DEVICE)):
    return note_document(note, 3, Around(*around), lambda div: [unescape(div[8:-10])])


def _pages(content):
    return [page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages]


def test_the_pdf_says_whose_note_it_is_and_who_stands_for_it():
    """Patient, numbers, visit, status, author and attester stand on it beside the text, accents included."""
    text = " ".join(_pages(note_pdf(_document()))[0].split())
    for said in (
        *("Progress note", "Jiřina Łukasová", "MRN 123", "1960-02-03", "female", "V7"),
        *("2026-03-02 09:00 +01:00 to 09:30 +01:00", "ambulatory", "final, version 3"),
        *("isthmus-scribe 1 (AI)", "Plan", "Walk & rest.", "Page 1 of", "1"),
        "AI drafted, finalised by Dr. Weber on 2026-03-02 10:00 UTC.",
    ):
        assert said in text, said
    assert MISSING not in text


def test_the_html_says_the_same():
    """Every fact and paragraph of the PDF is in the HTML, escaped."""
    document = _document()
    page = note_html(document)
    for _, value in document.facts:
        assert value in page
    assert "<p>Walk &amp; rest.</p>" in page
    assert document.attested in page


def test_the_same_note_gives_the_same_bytes():
    """Twice here and once in another process: no clock and no random identifier is in it."""
    document = NoteDocument("t", "final", (("Patient", "p"),), (("A", ("b",)),), "x", "y", "2026")
    code = (
        "import hashlib; from profiles.note_document import NoteDocument; "
        "from profiles.builders.note_pdf import note_pdf; "
        f"print(hashlib.sha256(note_pdf({document!r})).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert note_pdf(document) == note_pdf(document)
    assert hashlib.sha256(note_pdf(document)).hexdigest() == run.stdout.strip()


def test_a_character_without_a_glyph_is_said():
    """What the font cannot draw is marked and named, never dropped or replaced by another letter."""
    document = NoteDocument("t", "final", (), (("A", ("漢 stable",)),), "x", "y", "2026")
    (text,) = _pages(note_pdf(document))
    assert "\N{REPLACEMENT CHARACTER} stable" in text
    assert "are not in the font" in text.replace("\n", " ")
    assert "漢 stable" in note_html(document)


def test_every_page_names_the_patient():
    """A note of several pages has patient and page number on each."""
    lines = tuple(f"Sentence {n}." for n in range(150))
    document = NoteDocument("t", "final", (), (("A", lines),), "x", "Ann · MRN 1", "2026")
    pages = _pages(note_pdf(document))
    assert len(pages) > 1
    for number, text in enumerate(pages, 1):
        assert "Ann · MRN 1" in text
        assert f"Page {number} of" in text


_any = st.text(max_size=60)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(
        NoteDocument,
        _any,
        st.just("final"),
        st.lists(st.tuples(_any, _any), max_size=9).map(tuple),
        st.lists(
            st.tuples(_any, st.lists(_any | st.text("<&\x00\u202e ", max_size=9)).map(tuple)),
            max_size=3,
        ).map(tuple),
        _any,
        _any,
        st.just("2026-03-02T10:00:00Z"),
    )
)
def test_any_note_is_rendered(document):
    """Whatever a note says, there is a PDF, and its resources are valid R4."""
    made = rendered(document, NOTE, 3)
    for resource in (*made.files, made.document, outdated(made.document, "superseded")):
        assert list(issues(resource, warnings=False)) == []
    assert made.files[0]["contentType"] == "application/pdf"


def test_a_note_that_is_too_long_has_its_html_alone():
    """What would take seconds to set is left out and said."""
    document = NoteDocument("t", "final", (), (("A", ("x" * LONGEST,)),), "x", "y", "2026")
    made = rendered(document, NOTE, 3)
    assert [one["contentType"] for one in made.files] == ["text/html"]
    assert TOO_LONG in made.document["description"]


@pytest.mark.parametrize(
    ("patient", "name"),
    [({}, "no name sent"), ({"name": [{"text": "Ann"}, {"use": "old", "family": "B"}]}, "Ann")],
)
def test_what_is_not_known_is_left_out(patient, name):
    """A note whose patient, visit or author is not here is rendered with what there is."""
    bare = {key: value for key, value in NOTE.items() if key not in ("encounter", "event")}
    facts = dict(_document(bare, (patient, {}, {})).facts)
    assert facts["Patient"] == name
    assert not facts.keys() & {"Born", "Sex", "Identifier", "Visit", "Drafted by"}
