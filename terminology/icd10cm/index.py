"""Reads the Alphabetic Index and its tables (``ICD10CM.index`` XML of CDC/NCHS and CMS).

The Index to Diseases and Injuries and the External Cause Index are trees of terms with codes; the Table of
Neoplasms and the Table of Drugs and Chemicals have a cell for each column instead. A term is written as its
whole path; nonessential modifiers stay in parentheses (guideline I.A.7). "see" is followed where it leads to
a term of the same file that has a code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError, iterparse

from terminology.icd10cm.codes import flat
from terminology.store_folder import TerminologyError

INDEX: Final = "ICD10CM.index"
_TERMS: Final = frozenset({"mainTerm", "term"})
_CODE: Final = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{0,4})?")
_MODIFIER: Final = re.compile(r"\s*\([^()]*\)")
_DEEPEST: Final = 30


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of the index.

    Parameters
    ----------
    text : str
        Its path, such as ``Diabetes, diabetic (mellitus) (sugar), type 2, with, nephropathy``; in a table the
        column's head comes last.
    code : str
        Without its dot; empty where the line only refers to others.
    manifestation : str
        Code that is reported second with it, without its dot.
    see, see_also : str
        Where the index sends the reader.
    """

    text: str
    code: str = ""
    manifestation: str = ""
    see: str = ""
    see_also: str = ""


def root_of(path: Path) -> str:
    """Name of the root element of an XML file (``TerminologyError`` when it is none)."""
    try:
        with path.open("rb") as file:
            for _, element in iterparse(file, ("start",)):  # noqa: S314
                return str(element.tag)
    except ParseError:
        raise TerminologyError(f"{path.name} is no readable XML") from None
    except OSError as error:
        raise TerminologyError(f"{path.name} cannot be read: {error.strerror}") from None
    return ""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file of the index: its title tells which, ``year`` is the fiscal year that it states."""

    title: str
    year: str
    entries: tuple[IndexEntry, ...]


def read_index(path: Path) -> IndexFile:
    """A file of the index.

    Raises
    ------
    TerminologyError
        When it has no lines of an index.
    """
    stated = {"version": "", "title": ""}
    heads: dict[str, str] = {}
    entries: list[IndexEntry] = []
    try:
        with path.open("rb") as file:
            # A file that the operator chose; expat bounds the expansion of entities and fetches none.
            for _, element in iterparse(file, ("end",)):  # noqa: S314
                if not stated.get(element.tag, "-"):
                    stated[element.tag] = _text(element)
                elif element.tag == "head":
                    heads[element.get("col", "")] = _text(element)
                elif element.tag == "mainTerm":
                    entries += _entries(element, "", heads, 0)
                    element.clear()
    except ParseError:
        raise TerminologyError(f"{path.name} is no readable XML") from None
    except OSError as error:
        raise TerminologyError(f"{path.name} cannot be read: {error.strerror}") from None
    if not any(entry.code for entry in entries):
        raise TerminologyError(f"{path.name} has no terms of an index")
    return IndexFile(stated["title"], stated["version"], tuple(_followed(entries)))


def _entries(
    element: Element, above: str, heads: dict[str, str], depth: int
) -> Iterator[IndexEntry]:
    if depth > _DEEPEST:
        raise TerminologyError("the index has terms below terms without an end")
    text = ", ".join(part for part in (above, _title(element)) if part)
    see, see_also = _all(element, "see", "seecat", "subcat"), _all(element, "seeAlso")
    code, manifestation = _code(element.find("code")), _code(element.find("manif"))
    if code or see or see_also:
        yield IndexEntry(text, code, manifestation, see, see_also)
    for cell in element.findall("cell"):
        if found := _code(cell):
            yield IndexEntry(f"{text}, {heads.get(cell.get('col', ''), '')}".rstrip(", "), found)
    for child in element.findall("term"):
        yield from _entries(child, text, heads, depth + 1)


def _title(element: Element) -> str:
    title = element.find("title")
    return "" if title is None else " ".join("".join(title.itertext()).split())


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _all(element: Element, *names: str) -> str:
    return "; ".join(_text(child) for child in element if child.tag in names)


def _code(element: Element | None) -> str:
    """The code of an element without its dot; "-" for more characters is left off."""
    match = _CODE.match(_text(element)) if element is not None else None
    return flat(match[0]) if match else ""


def _followed(entries: list[IndexEntry]) -> Iterator[IndexEntry]:
    """Every line; one that says "see" has the code of the term that it names, where that has one."""
    codes = {}
    for entry in reversed(entries):
        if entry.code:
            codes[_plain(entry.text)] = entry
    for entry in entries:
        target = codes.get(_plain(entry.see)) if entry.see and not entry.code else None
        if target is None:
            yield entry
        else:
            yield replace(entry, code=target.code, manifestation=target.manifestation)


def _plain(text: str) -> str:
    """A path without its modifiers, to be compared."""
    return _MODIFIER.sub("", text).casefold().strip()
