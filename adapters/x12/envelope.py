"""The three envelopes of X12: interchange (ISA/IEA), functional group (GS/GE), transaction set (ST/SE).

Reading holds the sender to its own counts and control numbers; writing puts them in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.x12.segments import ISA, Delimiters, Segment, read_segments, segment, written
from profiles.outcome import OperationOutcomeError

VERSION: Final = "00501"
MOST: Final = 999_999_999
"""Largest interchange control number: nine digits."""


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """One transaction set: its header and what stands between header and trailer."""

    header: Segment
    body: tuple[Segment, ...]

    @property
    def kind(self) -> str:
        """Number of the transaction set, such as ``835``."""
        return self.header.at(1)

    @property
    def control(self) -> str:
        """Its control number."""
        return self.header.at(2)


@dataclass(frozen=True, slots=True)
class Group:
    """One functional group."""

    header: Segment
    sets: tuple[TransactionSet, ...]

    @property
    def version(self) -> str:
        """Implementation guide, such as ``005010X221A1``."""
        return self.header.at(8)


@dataclass(frozen=True, slots=True)
class Interchange:
    """One interchange."""

    header: Segment
    groups: tuple[Group, ...]

    @property
    def sender(self) -> str:
        """Who sent it, with the qualifier of the id."""
        return f"{self.header.at(5)}:{self.header.at(6).strip()}"

    @property
    def control(self) -> str:
        """Its control number."""
        return self.header.at(13)


@dataclass(frozen=True, slots=True)
class Addressing:
    """Who sends an interchange to whom.

    Parameters
    ----------
    sender, receiver : (str, str)
        Qualifier (X12 data element I05) and id, at most 15 characters.
    control : int
        Interchange control number, from 1.
    moment : datetime
        When it was made.
    test : bool
        Whether the receiver must not act on it (ISA15).
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: int
    moment: datetime
    test: bool = True


def interchange(
    bodies: Sequence[tuple[str, str, Sequence[Segment]]],
    addressing: Addressing,
    delimiters: Delimiters,
) -> str:
    """An interchange of one functional group of health care claims (``HC``).

    Parameters
    ----------
    bodies : sequence of (str, str, segments)
        Number of the transaction set, its implementation guide, and its segments without header and trailer;
        all of one guide.
    """
    control = f"{addressing.control:09d}"
    guide = bodies[0][1]
    segments = [_isa(addressing, control, delimiters), _gs(addressing, guide)]
    for number, (kind, version, body) in enumerate(bodies, 1):
        own = f"{number:04d}"
        segments.append(segment("ST", kind, own, version))
        segments += body
        segments.append(segment("SE", str(len(body) + 2), own))
    segments.append(segment("GE", str(len(bodies)), str(addressing.control)))
    segments.append(segment("IEA", "1", control))
    return written(segments, delimiters)


def _isa(addressing: Addressing, control: str, delimiters: Delimiters) -> Segment:
    (sender_kind, sender), (receiver_kind, receiver) = addressing.sender, addressing.receiver
    elements = [
        *("00", " " * 10, "00", " " * 10),
        *(sender_kind, f"{sender:<15}", receiver_kind, f"{receiver:<15}"),
        *(f"{addressing.moment:%y%m%d}", f"{addressing.moment:%H%M}"),
        *(delimiters.repetition, VERSION, control, "0", "T" if addressing.test else "P"),
        delimiters.component,
    ]
    return Segment(ISA, tuple((element,) for element in elements))


def _gs(addressing: Addressing, guide: str) -> Segment:
    moment = addressing.moment
    return segment(
        "GS",
        "HC",
        addressing.sender[1],
        addressing.receiver[1],
        f"{moment:%Y%m%d}",
        f"{moment:%H%M}",
        str(addressing.control),
        "X",
        guide,
    )


def read_interchanges(text: str) -> list[Interchange]:
    """Every interchange of a file.

    Raises
    ------
    OperationOutcomeError
        ``structure``: an envelope does not close, or its trailer has another count or control number.
    """
    walk = _Walk(list(read_segments(text)))
    found = []
    while walk.more():
        found.append(_interchange(walk))
    return found


class _Walk:
    """Segments one after the other, with the one that comes next."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._segments)

    def next_id(self) -> str:
        return self._segments[self._at].id if self.more() else ""

    def take(self, wanted: str) -> Segment:
        if self.next_id() != wanted:
            raise OperationOutcomeError("structure", f"segment {self._at + 1} is not {wanted}")
        self._at += 1
        return self._segments[self._at - 1]

    def until_trailer(self) -> Iterator[Segment]:
        while self.more() and self.next_id() not in ("ST", "SE", "GE", "IEA", "GS", "ISA"):
            self._at += 1
            yield self._segments[self._at - 1]


def _interchange(walk: _Walk) -> Interchange:
    header = walk.take("ISA")
    while walk.next_id() == "TA1":
        walk.take("TA1")
    groups = []
    while walk.next_id() == "GS":
        groups.append(_group(walk))
    _require_closed(header, walk.take("IEA"), len(groups), header.at(13))
    return Interchange(header, tuple(groups))


def _group(walk: _Walk) -> Group:
    header = walk.take("GS")
    sets = []
    while walk.next_id() == "ST":
        sets.append(_set(walk))
    _require_closed(header, walk.take("GE"), len(sets), header.at(6))
    return Group(header, tuple(sets))


def _set(walk: _Walk) -> TransactionSet:
    header = walk.take("ST")
    body = tuple(walk.until_trailer())
    _require_closed(header, walk.take("SE"), len(body) + 2, header.at(2))
    return TransactionSet(header, body)


def _require_closed(header: Segment, trailer: Segment, count: int, control: str) -> None:
    """Hold a trailer to the count and the control number of what it closes (X12.5)."""
    said = trailer.at(1)
    if not said.isdecimal() or int(said) != count:
        raise OperationOutcomeError(
            "structure", f"segment {trailer.number}: {trailer.id} counts otherwise than is there"
        )
    if trailer.at(2).strip() != control.strip():
        raise OperationOutcomeError(
            "structure",
            f"segment {trailer.number}: {trailer.id} has another control number than {header.id}",
        )
