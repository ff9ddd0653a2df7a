"""Narrative: the part of XHTML that R4 allows (R4 narrative.html, constraints txt-1 and txt-2)."""

from typing import Final
from xml.parsers import expat

_TAGS: Final = """
    a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr
    i img kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var
"""
_ATTRIBUTES: Final = """
    abbr accesskey align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff charset
    cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name
    nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type valign value
    vspace width xml:lang xmlns
"""
TAGS: Final = frozenset(_TAGS.split())
ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())
DEEPEST: Final = 100
_XHTML: Final = "http://www.w3.org/1999/xhtml"


def is_narrative(text: str) -> bool:
    """Whether a text is one ``div`` of allowed elements that says something; no DTD, no script."""
    state = _State()
    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler = state.start
    parser.EndElementHandler = state.end
    parser.CharacterDataHandler = state.characters
    parser.StartDoctypeDeclHandler = state.refuse
    parser.ProcessingInstructionHandler = state.refuse
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, _Refused, UnicodeEncodeError):
        return False
    return state.says_something


class _Refused(Exception):  # noqa: N818 - leaves the parser, is caught beside it
    """Something that a narrative must not hold."""


class _State:
    """Depth and content of the narrative as it is parsed."""

    def __init__(self) -> None:
        self.depth = 0
        self.says_something = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Check an element and its attributes."""
        if name not in TAGS or (self.depth == 0 and name != "div"):
            raise _Refused
        for attribute, value in attributes.items():
            if attribute.startswith("xmlns:"):
                continue  # declares a prefix; that none is used is seen by the names of elements
            if attribute not in ATTRIBUTES or value.strip().lower().startswith("javascript:"):
                raise _Refused
        if attributes.get("xmlns", _XHTML if self.depth else "") != _XHTML:
            raise _Refused
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Refused
        self.says_something = self.says_something or name == "img"

    def end(self, name: str) -> None:
        """Leave an element."""
        del name
        self.depth -= 1

    def characters(self, text: str) -> None:
        """Text that is not only space says something (txt-2)."""
        self.says_something = self.says_something or bool(text.strip())

    def refuse(self, *_: object) -> None:
        """A document type or a processing instruction."""
        raise _Refused
