"""Reads the tabular list (``ICD10CM.tabular`` XML of CDC/NCHS and CMS) into nodes in printed order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError, iterparse

from terminology.store_folder import TerminologyError

TABULAR: Final = "ICD10CM.tabular"
CHAPTER: Final = "chapter"
SECTION: Final = "section"
CODE: Final = "diag"
_NODES: Final = frozenset({CHAPTER, SECTION, CODE})

NOTE_KINDS: Final = {
    "inclusionTerm": "inclusion",
    "includes": "includes",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "note",
    "sevenChrNote": "seventh_note",
}
"""Elements that hold notes, with the names under which they are kept."""


@dataclass(slots=True)
class Node:
    """A chapter, a section or a code as it is printed.

    ``id`` counts in printed order; ``last`` is the id of the last node below, so that everything below a
    node is one range.
    """

    id: int
    kind: str
    parent: int
    code: str = ""
    display: str = ""
    last: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    seventh: dict[str, str] = field(default_factory=dict)


def read_tabular(path: Path) -> tuple[str, list[Node]]:
    """The fiscal year that the file states, and its nodes in printed order.

    Raises
    ------
    TerminologyError
        When it is no tabular list.
    """
    year = ""
    nodes: list[Node] = []
    try:
        for name, text, node in _events(path):
            if node is None:
                year = text if name == "version" and not year else year
            else:
                nodes.append(node)
    except ParseError:
        raise TerminologyError(f"{path.name} is no readable XML") from None
    except OSError as error:
        raise TerminologyError(f"{path.name} cannot be read: {error.strerror}") from None
    if not any(node.kind == CODE for node in nodes):
        raise TerminologyError(f"{path.name} has no codes of a tabular list")
    nodes.sort(key=lambda node: node.id)
    return year, nodes


def _events(path: Path) -> Iterator[tuple[str, str, Node | None]]:
    """Every closed node, and every other closed element outside of one, with its text."""
    open_nodes: list[Node] = []
    count = 0
    # A file that the operator chose; expat bounds the expansion of entities and fetches none.
    for event, element in iterparse(path, ("start", "end")):  # noqa: S314
        if element.tag not in _NODES:
            if event == "end" and not open_nodes:
                yield element.tag, _text(element), None
            continue
        if event == "start":
            count += 1
            parent = open_nodes[-1].id if open_nodes else 0
            open_nodes.append(Node(count, element.tag, parent))
            continue
        node = open_nodes.pop()
        _fill(node, element)
        node.last = count
        element.clear()
        yield element.tag, "", node


def _fill(node: Node, element: Element) -> None:
    node.code = _name(node.kind, element)
    node.display = _text(element.find("desc"))
    for child in element:
        kind = NOTE_KINDS.get(child.tag)
        if kind is not None:
            node.notes += [(kind, text) for text in map(_text, child.iter("note")) if text]
        elif child.tag == "sevenChrDef":
            node.seventh = {
                extension.get("char", ""): _text(extension) for extension in child.iter("extension")
            }


def _name(kind: str, element: Element) -> str:
    """Its code; a section of one category is named as a range, to be told from the category."""
    if kind != SECTION:
        return _text(element.find("name"))
    section = element.get("id", "")
    return section if "-" in section else f"{section}-{section}"


def _text(element: Element | None) -> str:
    return "" if element is None else " ".join((element.text or "").split())
