"""Bytes to characters: the declared charset, else the byte order mark, else UTF-8, else Windows-1252.

RFC 2046 4.1.2, RFC 6657; names and the reading of ISO 8859-1 as Windows-1252 follow the WHATWG Encoding
Standard 4.2, because that is what files so labelled hold.
"""

import codecs
import re
from typing import Final

from profiles.outcome import OperationOutcomeError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT: Final = re.compile(
    r"utf-(8|16|32)(-[lb]e)?|ascii|iso8859-\d+|cp\d+|mac-\w+|koi8-[ru]|gb(k|2312|18030)|big5(hkscs)?"
    r"|shift_jis|euc_(jp|kr)|iso2022_jp|tis-620"
)
"""Python's names of the codecs that are charsets; it has others that unpack or take quadratic time."""
_AS_WINDOWS: Final = frozenset({"iso8859-1", "ascii"})
LOST_SHARE: Final = 0.01
"""Undecodable characters, of all, up to which the text is still that of the declared charset."""


def decode(content: bytes, declared: str = "") -> str:
    """Characters of a document, without its byte order mark.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` for an unknown charset, ``value`` when the content is not in the declared one.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _declared(content[len(mark) :], name)
    if declared:
        return _declared(content, charset_named(declared))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return windows(content)


def charset_named(declared: str) -> str:
    """The codec of a charset (``not-supported`` when it is none)."""
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError, UnicodeError):
        name = ""
    if _TEXT.fullmatch(name) is None:
        raise OperationOutcomeError("not-supported", "the charset of the document is not known")
    return name


def windows(content: bytes) -> str:
    """Windows-1252; its five free bytes are the controls of the same number, as browsers read them."""
    return content.decode("cp1252", "isthmus.latin")


def _declared(content: bytes, name: str) -> str:
    if name in _AS_WINDOWS:
        return windows(content)
    text = content.decode(name, "replace")
    lost = text.count("�")
    if lost > max(1, LOST_SHARE * len(text)):
        raise OperationOutcomeError(
            "value", "the content is not text of the charset that is declared for it"
        )
    return text


def _latin(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("isthmus.latin", _latin)
