"""A finished note as a PDF (ISO 32000-1): one file that any viewer shows and any printer prints.

The same note gives the same bytes: no clock and no random file identifier enters it, so its hash says
whether two copies are one. The font is in it (profiles/builders/fonts): Latin, Greek and Cyrillic. A
character of another script stands as U+FFFD, and the document says that there are such.
"""

import functools
import textwrap
import unicodedata
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from profiles.note_document import NoteDocument

FONTS: Final = Path(__file__).parent / "fonts"
REGULAR: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"
NOT_SHOWN: Final = "\N{REPLACEMENT CHARACTER}"
MISSING: Final = (
    "Some characters of this note are not in the font of this document and stand as "
    f"{NOT_SHOWN}; the HTML rendering beside it has them."
)
_MARGIN: Final = 56
_PADDING: Final = 6
"""What a frame of the library leaves on each side."""
_LONGEST_FACT: Final = 300
_LONGEST_PART: Final = 1500
_TOTAL: Final = "pages"
_FAINT: Final = "#4a5866"
_LINE: Final = "#c3ccd5"


def note_pdf(document: NoteDocument) -> bytes:
    """The pages of a note: head, sections, who stands for it; name and page number below each."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    known = _fonts()
    out = BytesIO()
    pages = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 14,
        title=document.title,
        author="Isthmus",
        subject=document.attested,
        lang="en",
        invariant=1,
    )
    below = functools.partial(_foot, said=shown(document.running, known))
    pages.build(
        _story(document, known), onFirstPage=below, onLaterPages=below, canvasmaker=_counting()
    )
    return out.getvalue()


def shown(text: str, known: frozenset[int]) -> str:
    """A text in characters that the font has; composed, since the font has accented letters whole."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(c if ord(c) in known or c.isspace() else NOT_SHOWN for c in composed)


@functools.cache
def _fonts() -> frozenset[int]:
    """Register both weights once; the characters that they have."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    faces = [TTFont(name, FONTS / f"{name}.ttf") for name in (REGULAR, BOLD)]
    for face in faces:
        pdfmetrics.registerFont(face)
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, REGULAR, BOLD)
    return frozenset.intersection(*(frozenset(face.face.charToGlyph) for face in faces))


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, **more: Any) -> Any:
        given = {"fontName": REGULAR, "fontSize": size, "leading": size * 1.42, **more}
        return ParagraphStyle(name, **given)

    return {
        "title": style("title", 15, fontName=BOLD, spaceAfter=6),
        "label": style("label", 8.5, textColor=_FAINT),
        "value": style("value", 9),
        "section": style(
            "section", 10.5, fontName=BOLD, spaceBefore=10, spaceAfter=3, keepWithNext=1
        ),
        "text": style("text", 9.5, spaceAfter=2),
        "attested": style("attested", 9, spaceBefore=4),
    }


def _story(document: NoteDocument, known: frozenset[int]) -> list[Any]:
    from reportlab.platypus import HRFlowable, Paragraph, Spacer

    styles = _styles()

    def said(name: str, text: str) -> Any:
        return Paragraph(escape(shown(text, known)), styles[name])

    rule = functools.partial(HRFlowable, width="100%", thickness=0.6, color=_LINE, spaceAfter=4)
    story = [
        said("title", document.title[:_LONGEST_FACT]),
        _head(document, said),
        Spacer(0, 4),
        rule(),
    ]
    for title, lines in document.sections:
        story.append(said("section", title))
        story += [said("text", part) for line in lines for part in _parts(line)]
    story += [Spacer(0, 10), rule(), said("attested", document.attested)]
    story += [said("attested", remark) for remark in document.remarks]
    if NOT_SHOWN in shown(document.text, known):
        story.append(said("attested", MISSING))
    return story


def _parts(line: str) -> list[str]:
    """A paragraph in pieces: the library lays what is left of one out anew for every page that it fills."""
    return textwrap.wrap(line, _LONGEST_PART, drop_whitespace=False) or [""]


def _head(document: NoteDocument, said: Any) -> Any:
    """Whose note it is, of which visit, by whom: two pairs side by side."""
    from reportlab.platypus import Table

    cells = [
        (said("label", label), said("value", value[:_LONGEST_FACT]))
        for label, value in document.facts
    ]
    cells = cells or [("", "")]
    half = (len(cells) + 1) // 2
    left, right = cells[:half], [*cells[half:], ("", "")]
    rows = [(*left[at], *right[at]) for at in range(half)]
    flat = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    tight = [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    return Table(rows, colWidths=(56, 190, 58, 179), style=[*flat, *tight], hAlign="LEFT")


def _foot(canvas: Any, pages: Any, *, said: str) -> None:
    """Patient, note and page number; the name is cut before it runs into the number."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    left, right, line = _MARGIN + _PADDING, pages.pagesize[0] - _MARGIN - _PADDING, _MARGIN - 10
    said = said[:_LONGEST_FACT]
    while stringWidth(said, REGULAR, 8) > right - left - 80:
        said = f"{said[:-2]}…"
    canvas.saveState()
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(_FAINT)
    canvas.drawString(left, line, said)
    number = f"Page {pages.page} of "
    start = right - stringWidth(f"{number}{'0' * len(str(pages.page))}", REGULAR, 8)
    canvas.drawString(start, line, number)
    canvas.translate(start + stringWidth(number, REGULAR, 8), line)
    canvas.doForm(_TOTAL)
    canvas.restoreState()


@functools.cache
def _counting() -> Any:
    """A canvas that says in the end how many pages there are, where every page has left room for it."""
    from reportlab.pdfgen.canvas import Canvas

    class Counting(Canvas):  # type: ignore[misc]
        def save(self) -> None:
            """Write the number of pages once, as a form that the pages share (ISO 32000-1 8.10)."""
            total = self.getPageNumber() - 1
            self.beginForm(_TOTAL)
            self.setFont(REGULAR, 8)
            self.setFillColor(_FAINT)
            self.drawString(0, 0, str(total))
            self.endForm()
            super().save()

    return Counting
