"""Documents for tests: PDF files with text, without it, encrypted and overfull."""

from io import BytesIO

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def text_pdf(*pages: str, password: str = "", padding: int = 0) -> bytes:
    """A PDF with one line of text per page; ``padding`` bytes of spaces make its content large."""
    writer = PdfWriter()
    for line in pages:
        page = writer.add_blank_page(612, 792)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET".encode() + b" " * padding)
        page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def image_pdf() -> bytes:
    """A PDF whose page shows no text."""
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    made = BytesIO()
    writer.write(made)
    return made.getvalue()
