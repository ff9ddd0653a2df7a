"""Text out of a CDA R2 document: the narrative, section by section with its title.

HL7 CDA R2 4.3: ``structuredBody`` holds sections with ``title``, ``text`` and further sections;
``nonXMLBody`` holds one text or another document in base64. Entries are for machines; what the author has
attested stands in the narrative (4.3.5). A DTD is refused, and with it every entity that could
be declared.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from adapters.documents.lines import Lines
from profiles.outcome import OperationOutcomeError

V3: Final = "urn:hl7-org:v3"
DEEPEST: Final = 100
MOST_ELEMENTS: Final = 500_000
_BLOCKS: Final = frozenset(
    re.findall(
        r"\w+",
        "paragraph caption tr thead tbody tfoot list",
    )
)
_PARAGRAPHS: Final = frozenset(("table",))
_UNSEEN: Final = frozenset(("renderMultiMedia", "colgroup", "col"))

Inner = Callable[[bytes, str], str]
"""Text of an enclosed document, by its content and media type."""


@dataclass(slots=True)
class Element:
    """An XML element; a child is an element or a piece of text."""

    name: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def elements(self, name: str) -> Iterator["Element"]:
        """Children of one name in the namespace of CDA."""
        return (c for c in self.children if isinstance(c, Element) and c.name == name)

    def first(self, *path: str) -> "Element | None":
        """The first element down a path of names."""
        found: Element | None = self
        for name in path:
            found = next(found.elements(name), None) if found is not None else None
        return found

    def words(self) -> str:
        """All text in it."""
        return "".join(c if isinstance(c, str) else c.words() for c in self.children)


def cda_text(content: bytes, inner: Inner) -> str:
    """The narrative of a CDA document.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for XML that is broken, has a DTD or is no CDA, ``too-costly`` for too much of it.
    """
    root = parse_xml(content)
    if root.name != "ClinicalDocument":
        raise OperationOutcomeError("invalid", "the XML is no ClinicalDocument of CDA R2")
    body = root.first("component", "structuredBody")
    if body is None:
        return _unstructured(root.first("component", "nonXMLBody", "text"), inner)
    lines = Lines()
    for component in body.elements("component"):
        _sections(component, lines)
    return lines.whole()


def parse_xml(content: bytes) -> Element:
    """The root of a document without DTD; names outside the namespace of CDA keep theirs."""
    root = Element("", {})
    open_elements, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(open_elements) > DEEPEST:
            raise OperationOutcomeError("too-costly", "the XML has too many elements or levels")
        element = Element(name.removeprefix(f"{V3} "), attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(name: str) -> None:
        del name
        open_elements.pop()

    def text(piece: str) -> None:
        open_elements[-1].children.append(piece)

    def refuse(*_: object) -> None:
        raise OperationOutcomeError("invalid", "the XML has a document type declaration")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise OperationOutcomeError("invalid", "the XML is not well-formed") from None
    return next(child for child in root.children if isinstance(child, Element))


def _sections(component: Element, lines: Lines) -> None:
    for section in component.elements("section"):
        title, text = section.first("title"), section.first("text")
        if title is not None and title.words().strip():
            lines.paragraph()
            lines.text(headed(title.words()))
            lines.block()
        if text is not None:
            _narrative(text, lines)
            lines.block()
        for inner in section.elements("component"):
            _sections(inner, lines)


def headed(title: str) -> str:
    """A section's title as the line that begins it."""
    words = " ".join(title.split())
    return words if words.endswith((":", ".", "?")) else f"{words}:"


def _narrative(element: Element, lines: Lines) -> None:
    for child in element.children:
        if isinstance(child, str):
            lines.text(child)
        elif child.name not in _UNSEEN and child.attributes.get("revised") != "delete":
            _element(child, lines)


def _element(element: Element, lines: Lines) -> None:
    name = element.name
    if name == "br":
        lines.line_end()
    elif name in ("td", "th"):
        lines.cell()
    elif name == "item":
        lines.item()
    elif name in _PARAGRAPHS:
        lines.paragraph()
    elif name in _BLOCKS:
        lines.block()
    _narrative(element, lines)
    if name in _BLOCKS or name in _PARAGRAPHS or name == "item":
        lines.block()


def _unstructured(text: Element | None, inner: Inner) -> str:
    if text is None:
        raise OperationOutcomeError("invalid", "the CDA document has no body")
    if text.first("reference") is not None:
        raise OperationOutcomeError(
            "not-supported", "the body of the CDA document lies outside it, under a reference"
        )
    media = text.attributes.get("mediaType", "text/plain")
    if text.attributes.get("representation", "TXT") != "B64":
        return inner(text.words().encode(), f"{media}; charset=utf-8")
    try:
        return inner(base64.b64decode("".join(text.words().split()), validate=True), media)
    except (binascii.Error, ValueError):
        raise OperationOutcomeError(
            "invalid", "the body of the CDA document is no base64"
        ) from None
