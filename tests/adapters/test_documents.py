"""Text out of documents: what is kept, what is left out, and that no input does anything worse than fail."""

import base64
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.documents import text as documents
from adapters.documents.cleaning import LONGEST, clean
from adapters.documents.hypertext import markup_text
from adapters.documents.text import document_text
from profiles.outcome import OperationOutcomeError
from tests.make_documents import image_pdf, text_pdf

CDA = (
    '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><component>{}</component>'
    "</ClinicalDocument>"
)


def test_text_keeps_every_offset():
    """Line ends, controls and marks of plain text are replaced one for one behind the byte order mark."""
    text = document_text("﻿Pain\r\nin\x00the\rknee\x0c".encode(), "text/plain")
    assert text == "Pain \nin the\nknee\n"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("Café 5°".encode("cp1252"), "text/plain"),
        ("Café 5°".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("Café 5°".encode("utf-16"), "text/plain"),
        ("Café 5°".encode("utf-16-be"), 'text/plain;charset="UTF-16BE"'),
        ("Café 5°".encode(), "text/plain; charset=utf-8"),
    ],
)
def test_charsets(content, media_type):
    """A text is read in its declared charset, by its byte order mark, as UTF-8 or as Windows-1252."""
    assert document_text(content, media_type) == "Café 5°"


@pytest.mark.parametrize("charset", ["x-none", "idna", "zip", "rot13", "unicode_escape"])
def test_other_codecs_are_no_charsets(charset):
    """A name that is no charset is refused, also where Python has a codec of that name."""
    with pytest.raises(OperationOutcomeError) as raised:
        document_text(b"pain", f"text/plain; charset={charset}")
    assert raised.value.kind_name == "not-supported"


def test_rtf():
    r"""Paragraphs, code pages, \u with its fallback and escapes are read; tables of the format are not."""
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Ar;}}"
        rb"{\*\generator Nobody;}{\info{\author A}}\f0 CC:\par Caf\'e9 \u8217\'92s {\f1\'cf\'f0} \u-10179?"
        rb"\u-8704?{\pict\bin3 }{x}{\v no} 5\'b0\tab\{a\}\line\b bold\b0  end{\*\x y}\par}trailing"
    )
    assert document_text(rtf, "application/rtf") == "CC:\nCafé \u2019s Пр 😀 5°\t{a}\nbold end\n"


def test_html():
    """Blocks, items and cells become lines; scripts, styles, hidden and struck-out text leave nothing."""
    page = (
        "<html><head><title>t</title><style>p{}</style></head><body><h2>A&amp;P</h2><p>No  pain &lt; 5"
        "<script>if (a<b) x('<p>')</script><ul><li>one<li>two</ul><p hidden>x</p><del>old</del>"
        "<table><tr><th>K</th><td>4.1</td></tr></table><pre>a  b\n c</pre><!-- c --></body></html>"
    )
    text = document_text(page.encode(), "text/html")
    assert text == "A&P\n\nNo pain < 5\n- one\n- two\n\nK | 4.1\n\na  b\n c"


def test_cda():
    """The narrative of every section is under its title, nested sections included; deletions are not."""
    body = (
        "<structuredBody><component><section><title>History</title><text><paragraph>Pain<content "
        'revised="delete"> no</content> here</paragraph><list><item>a</item></list></text><component>'
        "<section><title>Past:</title><text>None</text></section></component></section></component>"
        "</structuredBody>"
    )
    text = document_text(CDA.format(body).encode(), "text/xml")
    assert text == "History:\nPain here\n- a\n\nPast:\nNone"


@pytest.mark.parametrize(
    "body",
    [
        '<nonXMLBody><text mediaType="text/plain">Pain</text></nonXMLBody>',
        '<nonXMLBody><text mediaType="text/html" representation="B64">'
        + base64.b64encode(b"<p>Pain</p>").decode()
        + "</text></nonXMLBody>",
    ],
)
def test_cda_without_structure(body):
    """An enclosed document is read as what its media type says."""
    assert document_text(CDA.format(body).encode(), "application/xml") == "Pain"


def test_pdf_with_text():
    """The pages of a PDF follow each other."""
    assert document_text(text_pdf("Knee pain", "Plan: rest"), "application/pdf") == (
        "Knee pain\n\nPlan: rest"
    )


@pytest.mark.parametrize(
    ("content", "media_type", "kind"),
    [
        (image_pdf(), "application/pdf", "not-supported"),
        (text_pdf("a", password="x"), "application/pdf", "not-supported"),  # noqa: S106
        (text_pdf("a")[:200], "application/pdf", "invalid"),
        (b"  \n", "text/plain", "business-rule"),
        (b"\x00\x01", "image/png", "not-supported"),
        (b"pain", "text/rtf", "invalid"),
        (b"{\\rtf1" + b"{" * 10_000, "text/rtf", "too-costly"),
        (b"a" * (LONGEST + 1), "text/plain", "too-costly"),
        (b"<a>" * 10_000, "text/xml", "too-costly"),
        (b"<a/>", "text/xml", "invalid"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]>' + CDA.format("").encode().partition(b"?>")[2],
            "text/xml",
            "invalid",
        ),
    ],
)
def test_what_has_no_text_is_refused(content, media_type, kind):
    """Pictures, broken files, bombs, entities and other formats each get an error of their own kind."""
    with pytest.raises(OperationOutcomeError) as raised:
        document_text(content, media_type)
    assert raised.value.kind_name == kind


def test_a_pdf_that_unpacks_to_too_much_is_refused():
    """A page whose content unpacks to a hundred megabytes is not unpacked."""
    with pytest.raises(OperationOutcomeError) as raised:
        document_text(text_pdf("a", padding=100_000_000), "application/pdf")
    assert raised.value.kind_name in ("too-costly", "invalid")


def test_a_cda_document_encloses_no_other():
    """A chain of enclosed documents ends at the first."""
    inner = base64.b64encode(CDA.format("").encode()).decode()
    body = (
        f'<nonXMLBody><text mediaType="text/xml" representation="B64">{inner}</text></nonXMLBody>'
    )
    with pytest.raises(OperationOutcomeError):
        document_text(CDA.format(body).encode(), "text/xml")


_MARKUP = st.lists(
    st.sampled_from(
        [
            *(
                "<",
                ">",
                "</",
                "<!--",
                "-->",
                "<p",
                "<a b='",
                '="',
                "<script>",
                "</script",
                "&#",
                "&amp",
            ),
            *(
                "]]>",
                "<![CDATA[",
                "<td>",
                "<del>",
                "</del>",
                "<pre>",
                "x",
                " ",
                "\n",
                "=",
                "'",
                '"',
            ),
            *("&#x110000;", "&#" + "9" * 5000),
        ]
    )
).map("".join)
_RTF = st.lists(
    st.sampled_from(
        [
            *(
                b"{",
                b"}",
                b"\\",
                b"\\u",
                b"\\u-1",
                b"\\u55357?",
                b"\\'e9",
                b"\\'",
                b"\\bin9999999999 ",
            ),
            *(b"\\uc3", b"\\f1", b"{\\fonttbl{\\f1\\fcharset128}}", b"\\*", b"\\v", b"\\par"),
            *(b"\\ansicpg932", b"a\xff"),
        ]
    )
).map(lambda parts: b"{\\rtf1" + b"".join(parts))


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.binary(max_size=400), _RTF, _MARKUP.map(str.encode)),
    st.sampled_from(sorted(documents._FORMATS)),
)
def test_nothing_but_a_clear_error_is_raised(content, media_type):
    """Whatever the bytes and the media type, there is a text without controls or an outcome."""
    try:
        text = document_text(content, media_type)
    except OperationOutcomeError:
        return
    assert text == clean(text)
    assert text.strip()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40), st.binary(min_size=1, max_size=8))
def test_damaged_pdf_and_cda(at, times, damage):
    """A PDF or CDA document with bytes overwritten is read or refused."""
    for whole, media_type in ((text_pdf("Knee pain"), "application/pdf"), (_CDA, "text/xml")):
        content = bytearray(whole)
        for step in range(times):
            place = (at * (step + 1)) % len(content)
            content[place : place + len(damage)] = damage
        try:
            assert document_text(bytes(content), media_type).strip()
        except OperationOutcomeError:
            continue


_CDA = CDA.format(
    "<structuredBody><component><section><title>A</title><text>b</text></section></component>"
    "</structuredBody>"
).encode()


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<a b='", "</a", "<![", "<script>", "&#", "<"])
def test_markup_takes_time_in_proportion(piece):
    """A megabyte of markup that is never closed is read in one pass."""
    text = markup_text(piece * (900_000 // len(piece)))
    assert len(text) <= 900_000


def test_reading_leaves_the_library_as_it_was():
    """The lower limits hold for our documents alone."""
    import pypdf

    before = pypdf.get_configuration()
    document_text(text_pdf("a"), "application/pdf")
    assert pypdf.get_configuration() == before
    assert len(pypdf.PdfReader(BytesIO(text_pdf("a"))).pages) == 1
