"""Segments of X12 (X12.5, X12.6): characters into segments, elements and components, and back.

The delimiters are those that the interchange header itself uses. Line breaks after a segment are ignored.
What cannot be told apart with certainty is refused with the number of its segment, never with its content.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from profiles.outcome import OperationOutcomeError

ISA: Final = "ISA"
ISA_ELEMENTS: Final = 16
REPETITION_ELEMENT: Final = 11
LONGEST_HEADER: Final = 256
"""A header has 106 characters; one whose elements are padded otherwise is still read."""
LONGEST_ID: Final = 3
BLANK: Final = " \t\r\n\ufeff"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four signs that no datum may contain."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"

    @property
    def all(self) -> str:
        """Every delimiter."""
        return self.element + self.component + self.repetition + self.segment


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; elements and components count from 1, as the standard writes them (``CLM05-03``).

    Parameters
    ----------
    id : str
    elements : tuple of tuple of str
        Every element as its components; a simple element has one.
    number : int
        Place in the file, from 1; not part of what it says.
    """

    id: str
    elements: tuple[tuple[str, ...], ...]
    number: int = 0

    def at(self, element: int, component: int = 1) -> str:
        """A component, empty where the segment ends before it."""
        found = self.components(element)
        return found[component - 1] if component <= len(found) else ""

    def components(self, element: int) -> tuple[str, ...]:
        """The components of an element; none where the segment ends before it."""
        return self.elements[element - 1] if element <= len(self.elements) else ()


def segment(name: str, *elements: str | tuple[str, ...]) -> Segment:
    """A segment of plain and composite elements; what is empty at an end is left out (X12.6 3.5)."""
    made = [(one,) if isinstance(one, str) else _trimmed(one) for one in elements]
    while made and not any(made[-1]):
        made.pop()
    return Segment(name, tuple(made))


def _trimmed(components: tuple[str, ...]) -> tuple[str, ...]:
    kept = list(components)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return tuple(kept)


def written(segments: Iterable[Segment], delimiters: Delimiters) -> str:
    """Segments as characters; whoever makes a Segment keeps delimiters out of it."""
    return "".join(_written(one, delimiters) for one in segments)


def _written(one: Segment, delimiters: Delimiters) -> str:
    elements = (delimiters.component.join(components) for components in one.elements)
    return delimiters.element.join([one.id, *elements]) + delimiters.segment


def read_segments(text: str) -> Iterator[Segment]:
    """Every segment of a file.

    Raises
    ------
    OperationOutcomeError
        ``structure``: no interchange header, delimiters that cannot be delimiters, a segment without an end.
    """
    at, number = _past_blank(text, 0), 0
    delimiters = Delimiters()
    if not text.startswith(ISA, at):
        raise OperationOutcomeError("structure", "this is no X12: it does not begin with ISA")
    while at < len(text):
        number += 1
        if text.startswith(ISA, at) and not text[at + len(ISA) : at + len(ISA) + 1].isalnum():
            delimiters, header, at = _header(text, at, number)
            yield header
        else:
            end = text.find(delimiters.segment, at)
            if end < 0:
                raise OperationOutcomeError("structure", f"segment {number} does not end")
            yield _read(text[at:end], delimiters, number)
            at = end + 1
        at = _past_blank(text, at)


def _past_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANK:
        at += 1
    return at


def _header(text: str, at: int, number: int) -> tuple[Delimiters, Segment, int]:
    """The interchange header: its delimiters stand at places that do not depend on them (X12.5)."""
    element = text[at + len(ISA) : at + len(ISA) + 1]
    parts = text[at : at + LONGEST_HEADER].split(element or BLANK, ISA_ELEMENTS)
    last = parts[-1]
    if len(parts) <= ISA_ELEMENTS or len(last) < 2:
        raise OperationOutcomeError("structure", f"segment {number}: the ISA header is incomplete")
    repetition = parts[REPETITION_ELEMENT]
    if len(repetition) != 1 or repetition.isalnum():
        repetition = ""  # before version 00402 this element named a standard
    delimiters = Delimiters(element, last[0], repetition, last[1])
    signs = delimiters.all
    if len(set(signs)) < len(signs) or any(sign.isalnum() or sign == " " for sign in signs):
        raise OperationOutcomeError(
            "structure", f"segment {number}: the delimiters of the ISA header are no delimiters"
        )
    if any(sign in part for part in parts[1:-1] for sign in (last[0], last[1])):
        raise OperationOutcomeError("structure", f"segment {number}: the ISA header is malformed")
    elements = tuple((part,) for part in [*parts[1:-1], last[0]])
    length = sum(map(len, parts[:-1])) + ISA_ELEMENTS + 2
    return delimiters, Segment(ISA, elements, number), at + length


def _read(content: str, delimiters: Delimiters, number: int) -> Segment:
    name, *elements = content.split(delimiters.element)
    if not (0 < len(name) <= LONGEST_ID and name.isascii() and name.isalnum()):
        raise OperationOutcomeError("structure", f"segment {number} has no segment id")
    components = (tuple(element.split(delimiters.component)) for element in elements)
    return Segment(name, tuple(components), number)
