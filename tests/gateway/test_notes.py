"""The text of a note: out of which element, from which address, and what is refused."""

import base64
import hashlib

import pytest

from gateway.addresses import is_below
from gateway.documents import Documents
from profiles.clinical_document import ClinicalDocument
from profiles.outcome import OperationOutcomeError
from tests.make_documents import image_pdf

BASE = "https://hospital.example/fhir"
BINARIES = {
    "Binary/b": {"contentType": "text/html", "data": base64.b64encode(b"<p>Pain</p>").decode()}
}
DOCUMENTS = Documents(BINARIES.get, (BASE,), ("https://files.example/notes",), lambda _: None)


def _data(content: bytes, media_type: str = "text/plain", **elements):
    return {"contentType": media_type, "data": base64.b64encode(content).decode(), **elements}


def _document(*attachments):
    return ClinicalDocument(
        {
            "resourceType": "DocumentReference",
            "id": "d",
            "status": "current",
            "type": {"text": "Visit"},
            "content": [{"attachment": one} for one in attachments],
        }
    )


def _sha1(content: bytes) -> str:
    return base64.b64encode(hashlib.sha1(content).digest()).decode()  # noqa: S324 - R4's own digest


@pytest.mark.parametrize(
    "attachment",
    [
        _data(b"Pain", size=4, hash=_sha1(b"Pain")),
        {"url": "Binary/b"},
        {"url": f"{BASE}/Binary/b/_history/1"},
        {"contentType": "text/html", "url": "Binary/b", "size": 11},
    ],
)
def test_an_attachment_is_read_by_data_or_by_our_own_address(attachment):
    """Inline content, a relative Binary and one under our own base give the same text."""
    note = DOCUMENTS.note(_document(attachment))
    assert (note.document, note.text, note.title) == ("DocumentReference/d", "Pain", "Visit")


@pytest.mark.parametrize(
    ("attachment", "kind", "element"),
    [
        ({"contentType": "text/plain", "data": "%%%"}, "value", "data"),
        (_data(b"Pain", size=5), "value", "size"),
        (_data(b"Pain", hash=_sha1(b"pain")), "value", "hash"),
        (_data(image_pdf(), "application/pdf"), "not-supported", "data"),
        ({"url": "Binary/none"}, "not-found", "url"),
        ({"url": "Patient/p"}, "not-found", "url"),
        ({"url": "https://elsewhere.example/fhir/Binary/b"}, "forbidden", "url"),
        ({"url": "http://127.0.0.1:22/"}, "forbidden", "url"),
        ({"url": "file:///etc/passwd"}, "forbidden", "url"),
        ({"url": "https://files.example/notes/../secret"}, "forbidden", "url"),
        ({"url": "https://files.example@elsewhere.example/notes"}, "forbidden", "url"),
    ],
)
def test_what_cannot_be_read_names_its_element(attachment, kind, element):
    """Damaged, changed, absent and forbidden content each end in an error at their own element."""
    with pytest.raises(OperationOutcomeError) as raised:
        DOCUMENTS.note(_document(attachment))
    assert raised.value.kind_name == kind
    assert raised.value.expression == f"DocumentReference.content[0].attachment.{element}"


def test_the_rendition_that_loses_least_is_read():
    """Of several renditions plain text comes first, and one that cannot be read gives way to the next."""
    picture, page = _data(image_pdf(), "application/pdf"), _data(b"<p>Page</p>", "text/html")
    assert DOCUMENTS.note(_document(picture, page, _data(b"Plain"))).text == "Plain"
    assert DOCUMENTS.note(_document(picture, page)).text == "Page"
    with pytest.raises(OperationOutcomeError, match="no attachment has content"):
        DOCUMENTS.note(_document({"contentType": "image/png", "url": "Binary/b"}))


def test_sections_of_a_composition_stand_under_their_titles():
    """Nested sections follow their parents; markup and scripts are gone."""
    inner = {"title": "Knee:", "text": {"div": "<div>Stable<script>x()</script></div>"}}
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "title": "Visit",
        "section": [
            {"title": "History", "text": {"div": "<div><p>Pain</p></div>"}},
            {"title": "Findings", "section": [inner]},
        ],
    }
    note = DOCUMENTS.note(ClinicalDocument(composition))
    assert note.text == "History:\nPain\n\nFindings:\n\nKnee:\nStable"


@pytest.mark.parametrize(
    ("form", "conclusion", "text"),
    [
        ([], "Fine.", "Fine."),
        ([_data(b"Report.\nFine.")], "Fine.", "Report.\nFine."),
        ([_data(b"Report.\n")], "Fine.", "Report.\n\nConclusion:\nFine."),
        ([_data(image_pdf(), "application/pdf")], "Fine.", "Fine."),
    ],
)
def test_a_report_is_its_form_and_its_conclusion(form, conclusion, text):
    """The conclusion is added to the presented form unless it stands there already."""
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "presentedForm": form,
        "conclusion": conclusion,
    }
    assert DOCUMENTS.note(ClinicalDocument(report)).text == text


@pytest.mark.parametrize(
    ("address", "below"),
    [
        ("https://files.example/notes", True),
        ("https://FILES.example/notes/1.pdf?x=1", True),
        ("https://files.example/notes2", False),
        ("http://files.example/notes/1", False),
        ("https://files.example:444/notes/1", False),
        ("https://files.example/notes/%2e%2e/1", False),
        ("https://files.example\\@elsewhere.example/notes", False),
        ("https://[bad/notes", False),
    ],
)
def test_an_address_lies_below_a_prefix_or_not(address, below):
    """Scheme, host, port and whole path segments count; what climbs or is ambiguous lies nowhere."""
    assert is_below(address, ("https://files.example/notes",)) is below
