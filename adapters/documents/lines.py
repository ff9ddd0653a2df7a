"""Lines out of marked-up text: what blocks, cells and list items become in plain text."""

import re
from typing import Final

_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")


class Lines:
    """Collects text; white space is one space, a block stands on lines of its own.

    Headings and paragraphs are set off by an empty line, so that whoever splits the text finds them.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []

    def text(self, text: str) -> None:
        """Running text."""
        self._line.append(text)

    def exact(self, text: str) -> None:
        """Text whose line ends and spaces count."""
        first, *rest = text.split("\n")
        self._line.append(first.replace(" ", "\xa0"))
        for line in rest:
            self.line_end()
            self._line.append(line.replace(" ", "\xa0"))

    def line_end(self) -> None:
        """End the line even if it is empty."""
        self._lines.append(_BLANKS.sub(" ", "".join(self._line)).strip(" ").replace("\xa0", " "))
        self._line.clear()

    def block(self) -> None:
        """Begin or end a block: the next text stands on a new line."""
        if any(part.strip() for part in self._line):
            self.line_end()
        else:
            self._line.clear()

    def paragraph(self) -> None:
        """As ``block``, with an empty line after what stands before."""
        self.block()
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def cell(self) -> None:
        """Separate what follows from the cell before it in the same row."""
        if any(part.strip() for part in self._line):
            self._line.append(" | ")

    def item(self, mark: str = "- ") -> None:
        """Begin a list item."""
        self.block()
        self._line.append(mark)

    def whole(self) -> str:
        """Everything, without empty lines at its ends or two in a row."""
        self.block()
        kept: list[str] = []
        for line in self._lines:
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip("\n")
