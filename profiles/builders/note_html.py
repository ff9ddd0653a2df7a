"""A finished note as one HTML file that needs nothing from outside."""

from html import escape

from profiles.narrative import page
from profiles.note_document import NoteDocument


def note_html(document: NoteDocument) -> str:
    """The same as the PDF says, in the same order; every text is escaped."""
    facts = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in document.facts
    )
    sections = "".join(
        f"<h2>{escape(title)}</h2>{''.join(f'<p>{escape(line)}</p>' for line in lines)}"
        for title, lines in document.sections
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in (document.attested, *document.remarks))
    body = f"<h1>{escape(document.title)}</h1><table>{facts}</table>{sections}<hr/>{said}"
    return page(f"{document.title}: {document.running}", body)
