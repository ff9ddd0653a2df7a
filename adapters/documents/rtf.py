r"""Text out of Rich Text Format (RTF specification 1.9.1, as Word and EHR exports write it).

What is read: paragraphs, tabs, table cells, special characters, ``\'hh`` in the code page of its font,
``\uN`` with its fallback left out. Destinations that hold no text of the note are skipped: font, colour and
style tables, pictures, objects, field instructions, hidden and deleted text.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from profiles.outcome import OperationOutcomeError

DEEPEST: Final = 500
_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)",
    re.DOTALL,
)
_BREAKS: Final = frozenset({"par", "line", "sect", "page", "row", "softline", "column"})
_CHARACTERS: Final = {
    "tab": "\t",
    "cell": "\t",
    "nestcell": "\t",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": " ",
    "enspace": " ",
    "nestrow": "\n",
}
_SYMBOLS: Final = {
    "~": "\xa0",
    "_": "\u2011",
    "\n": "\n",
    "\r": "\n",
    "\\": "\\",
    "{": "{",
    "}": "}",
}
_SKIPPED: Final = frozenset(
    re.findall(
        r"\w+",
        "fonttbl colortbl stylesheet info pict object objdata fldinst header headerl headerr "
        "headerf footer footerl footerr footerf filetbl listtable listoverridetable revtbl "
        "rsidtbl generator themedata datastore xmlnstbl bkmkstart bkmkend template private "
        "nonshppict ud",
    )
)
_PAGES: Final = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_CHARSETS: Final = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
r"""Code page of a font's ``\fcharset``; 0 to 2 (ANSI, default, symbol) are the document's."""
_KNOWN_PAGES: Final = frozenset(
    re.findall(
        r"\w+",
        "437 708 720 737 775 850 852 855 857 858 860 861 862 863 864 865 866 869 874 932 936 "
        "949 950 1250 1251 1252 1253 1254 1255 1256 1257 1258",
    )
)


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits and gives back at its end."""

    skipped: bool = False
    hidden: bool = False
    fonts: bool = False
    font: int = 0
    fallback: int = 1


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.waiting = bytearray()
        self.page = "cp1252"
        self.pages: dict[int, str] = {}
        self.state = _State()
        self.stack: list[_State] = []
        self.to_skip = 0
        self.high = 0
        self.star = False
        self.ended = False

    def group(self, bracket: bytes) -> None:
        self.flush()
        self.to_skip = 0
        self.star = False
        if bracket == b"{":
            if len(self.stack) >= DEEPEST:
                raise OperationOutcomeError("too-costly", "the RTF has too many nested groups")
            self.stack.append(self.state)
        elif self.stack:
            self.state = self.stack.pop()
            self.ended = not self.stack
        else:
            self.ended = True

    def word(self, name: str, number: int | None) -> int:
        """Act on a control word; how many bytes of binary data follow it."""
        if name == "bin":
            return max(number or 0, 0)
        if self.fell_back():
            return 0
        if name == "u":
            self.unicode(number or 0)
            return 0
        self.flush()
        starred, self.star = self.star, False
        if name in _SKIPPED or (starred and name != "shppict"):
            self.state = replace(self.state, skipped=True, fonts=name == "fonttbl")
        elif name in _BREAKS or name in _CHARACTERS:
            self.say(_CHARACTERS.get(name, "\n"))
        else:
            self.format(name, number)
        return 0

    def format(self, name: str, number: int | None) -> None:
        on = number != 0
        if name in ("v", "deleted"):
            self.state = replace(self.state, hidden=on)
        elif name == "plain":
            self.state = replace(self.state, hidden=False)
        elif name == "uc":
            self.state = replace(self.state, fallback=min(max(number or 0, 0), 100))
        elif name == "f":
            self.state = replace(self.state, font=number or 0)
        elif name == "fcharset" and self.state.fonts:
            self.pages[self.state.font] = _CHARSETS.get(number or 0, "")
        elif name == "ansicpg" and str(number) in _KNOWN_PAGES:
            self.page = f"cp{number}"
        elif name in _PAGES:
            self.page = _PAGES[name]

    def unicode(self, number: int) -> None:
        """A UTF-16 unit as a signed number; two of them may make one character."""
        self.flush()
        unit = number % 0x10000
        if 0xD800 <= unit < 0xDC00:
            self.high = unit
        elif 0xDC00 <= unit < 0xE000:
            paired = 0x10000 + ((self.high - 0xD800) << 10) + (unit - 0xDC00)
            self.say(chr(paired) if self.high else "�")
            self.high = 0
        else:
            self.say(chr(unit))
            self.high = 0
        self.to_skip = self.state.fallback

    def fell_back(self) -> bool:
        """Whether this is a replacement for readers that know no Unicode."""
        if self.to_skip:
            self.to_skip -= 1
            return True
        return False

    def raw(self, content: bytes) -> None:
        if self.to_skip:
            left = content[self.to_skip :]
            self.to_skip -= len(content) - len(left)
            content = left
        if not (self.state.skipped or self.state.hidden):
            self.waiting += content

    def say(self, text: str) -> None:
        if not (self.state.skipped or self.state.hidden):
            self.flush()
            self.parts.append(text)

    def flush(self) -> None:
        """Decode the bytes that wait: two may be one character, so they are decoded together."""
        if self.waiting:
            page = self.pages.get(self.state.font) or self.page
            self.parts.append(self.waiting.decode(page, "replace"))
            self.waiting.clear()


def rtf_text(content: bytes) -> str:
    """The text of an RTF document.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when it is none, ``too-costly`` when its groups nest too deeply.
    """
    start = content.find(b"{\\rtf", 0, 64)
    if start < 0:
        raise OperationOutcomeError("invalid", "the content is no RTF")
    reader, at = _Reader(), start
    while not reader.ended:
        found = _TOKEN.search(content, at)
        if found is None:
            break
        at = found.end() + _act(reader, found)
    reader.flush()
    return "".join(reader.parts)


def _act(reader: _Reader, found: re.Match[bytes]) -> int:
    word, number, code, symbol, bracket, text = found.groups()
    if word is not None:
        return reader.word(word.decode(), None if number is None else int(number))
    if code is not None:
        if not reader.fell_back():
            reader.raw(bytes([int(code, 16)]))
    elif symbol is not None:
        _symbol(reader, symbol.decode("latin-1"))
    elif bracket is not None:
        reader.group(bracket)
    else:
        reader.raw(text)
    return 0


def _symbol(reader: _Reader, symbol: str) -> None:
    if symbol == "*":
        reader.star = True
    elif not reader.fell_back() and symbol in _SYMBOLS:
        reader.flush()
        reader.say(_SYMBOLS[symbol])
