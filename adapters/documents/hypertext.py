"""Text out of HTML and XHTML (WHATWG HTML 13.2, as far as text needs it).

The tokenizer is our own because the one of the standard library takes quadratic time: measured on
Python 3.11.7, 120 KB of ``<a `` keep ``html.parser`` busy for 230 s. Here every byte is looked at a bounded
number of times: what is not closed reaches to the end of the document, as in a browser.
"""

import re
from html import unescape
from typing import Final

from adapters.documents.charset import charset_named, decode
from adapters.documents.lines import Lines

_TAG: Final = re.compile(
    r"<(/?)([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)>", re.DOTALL
)
_PARAGRAPHS: Final = frozenset(
    re.findall(
        r"\w+",
        "p h1 h2 h3 h4 h5 h6 section article table blockquote",
    )
)
_BLOCKS: Final = frozenset(
    re.findall(
        r"\w+",
        "div ul ol dl dt dd tr thead tbody tfoot caption form fieldset header main nav aside "
        "address figure figcaption body html legend details summary",
    )
)
_RAW: Final = frozenset(
    re.findall(
        r"\w+",
        "script style textarea title xmp iframe noembed noframes",
    )
)
"""Elements whose content is no markup, up to their end tag."""
_UNSEEN: Final = frozenset(
    re.findall(
        r"\w+",
        "head template noscript svg math object audio video canvas select del s strike",
    )
)
"""Elements that show no text of the note; what is struck out is not said any more."""
_VOID: Final = frozenset(
    re.findall(
        r"\w+",
        "area base br col embed hr img input link meta param source track wbr",
    )
)
_HIDDEN: Final = re.compile(
    r"(^|\s)hidden(\s|=|/|$)|display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE
)
_LONG_NUMBER: Final = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")
_META_CHARSET: Final = re.compile(
    rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)


def html_text(content: bytes, declared: str = "") -> str:
    """The text of an HTML document; its own ``meta charset`` counts where nothing else is declared."""
    if not declared:
        found = _META_CHARSET.search(content, 0, 1024)
        declared = charset_named(found[1].decode("ascii")) if found else ""
        # What says UTF-16 in a byte that could be read is not in it (WHATWG HTML 13.2.3.3).
        declared = "utf-8" if declared.startswith(("utf-16", "utf-32")) else declared
    return markup_text(decode(content, declared))


def markup_text(markup: str) -> str:
    """The text of a piece of HTML or of a narrative's XHTML."""
    writer = _Writer()
    at = 0
    while at < len(markup):
        opened = markup.find("<", at)
        writer.text(markup[at : opened if opened >= 0 else len(markup)])
        if opened < 0:
            break
        at = _markup(markup, opened, writer)
    return writer.lines.whole()


class _Writer:
    def __init__(self) -> None:
        self.lines = Lines()
        self.unseen: list[str] = []
        self.preserved = 0

    def text(self, raw: str) -> None:
        if self.unseen or not raw:
            return
        text = unescape(_LONG_NUMBER.sub("�", raw))
        if self.preserved:
            self.lines.exact(text)
        else:
            self.lines.text(text)

    def tag(self, name: str, attributes: str, closes: bool) -> None:
        if self.unseen:
            self._within_unseen(name, closes)
        elif closes:
            self._end(name)
        elif name in _UNSEEN or (name not in _VOID and _HIDDEN.search(attributes)):
            if not attributes.endswith("/"):
                self.unseen.append(name)
        else:
            self._start(name)

    def _within_unseen(self, name: str, closes: bool) -> None:
        if name != self.unseen[0]:
            return
        if closes:
            self.unseen.pop()
        else:
            self.unseen.append(name)

    def _start(self, name: str) -> None:
        if name == "br":
            self.lines.line_end()
        elif name in _PARAGRAPHS or name in ("pre", "hr"):
            self.lines.paragraph()
            self.preserved += name == "pre"
        elif name == "li":
            self.lines.item()
        elif name in ("td", "th"):
            self.lines.cell()
        elif name in _BLOCKS:
            self.lines.block()

    def _end(self, name: str) -> None:
        if name in _PARAGRAPHS or name == "pre":
            self.lines.paragraph()
            self.preserved = max(0, self.preserved - (name == "pre"))
        elif name in _BLOCKS or name == "li":
            self.lines.block()


def _markup(markup: str, at: int, writer: _Writer) -> int:
    """Act on what begins with ``<``; where the text goes on."""
    following = markup[at + 1 : at + 2]
    if markup.startswith("<!--", at):
        return _after(markup, "-->", at + 4)
    if markup.startswith("<![CDATA[", at):
        end = markup.find("]]>", at)
        writer.text(markup[at + 9 : end if end >= 0 else len(markup)].replace("&", "&amp;"))
        return _after(markup, "]]>", at)
    if following in ("!", "?"):
        return _after(markup, ">", at)
    if not (following.isalpha() or following == "/") or not following.isascii():
        writer.text("<")
        return at + 1
    found = _TAG.match(markup, at)
    if found is None:
        return _after(markup, ">", at) if following == "/" else len(markup)
    name = found[2].lower()
    if name in _RAW and not found[1]:
        if found[3].endswith("/"):
            return found.end()
        closing = re.compile(rf"</{name}[\s/>]", re.IGNORECASE).search(markup, found.end())
        return _after(markup, ">", closing.start()) if closing else len(markup)
    writer.tag(name, found[3], bool(found[1]))
    return found.end()


def _after(markup: str, mark: str, at: int) -> int:
    found = markup.find(mark, at)
    return len(markup) if found < 0 else found + len(mark)
