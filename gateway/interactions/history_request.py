"""What a history asks for, from the pairs of its URL (R4 http.html#history).

``_since``, ``_at`` and ``_count`` select; what is malformed is refused, and what is not known is kept apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import EARLIEST, LATEST, date_range
from profiles.search.request import LARGEST_PAGE, SUMMARIES, Pair

DEFAULT_COUNT: Final = 50
NEWEST_FIRST: Final = "-_lastUpdated"
"""The one order of a history (R4 http.html#history)."""
_FORMAT: Final = frozenset({"_format", "_pretty"})
_PREFIXES: Final = frozenset({"eq", "gt", "ge", "lt", "le", "sa", "eb"})


@dataclass(slots=True)
class HistoryRequest:
    """A history that has been understood.

    Parameters
    ----------
    since : int
        Milliseconds UTC.
    at : tuple of (int, int), optional
        Half-open range of milliseconds.
    used, ignored : list of (str, str)
        Pairs that count, and those that mean nothing here.
    """

    since: int = EARLIEST
    at: tuple[int, int] | None = None
    count: int = DEFAULT_COUNT
    summary: str = "false"
    elements: tuple[str, ...] = ()
    cursor: str = ""
    used: list[Pair] = field(default_factory=list)
    ignored: list[Pair] = field(default_factory=list)


def understand_history(pairs: Sequence[Pair]) -> HistoryRequest:
    """Read the pairs of a history's URL.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for what is malformed, ``not-supported`` for ``_list``.
    """
    request = HistoryRequest()
    for name, text in pairs:
        if name in _FORMAT:
            continue
        if name == "_cursor":
            request.cursor = text
        elif text and name in _READERS:
            _READERS[name](request, text)
            request.used.append((name, text))
        else:
            request.ignored.append((name, text))
    return request


def _take_since(request: HistoryRequest, text: str) -> None:
    request.since = max(request.since, _range(text, "_since")[0])


def _take_at(request: HistoryRequest, text: str) -> None:
    """A date is the period that it covers; with a prefix it is a bound (R4 search.html#date)."""
    prefix = text[:2] if text[:2] in _PREFIXES else ""
    low, high = _range(text.removeprefix(prefix), "_at")
    bounds = {
        "ge": (low, LATEST),
        "gt": (high, LATEST),
        "sa": (high, LATEST),
        "le": (EARLIEST, high),
        "lt": (EARLIEST, low),
        "eb": (EARLIEST, low),
    }
    low, high = bounds.get(prefix, (low, high))
    if request.at is not None:
        low, high = max(low, request.at[0]), min(high, request.at[1])
    request.at = (low, high)


def _range(text: str, name: str) -> tuple[int, int]:
    try:
        # A "+" in the query may have become a space.
        return date_range(text.replace(" ", "+"))
    except OperationOutcomeError as error:
        raise OperationOutcomeError("invalid", f"{name}: {error.diagnostics}", name) from None


def _take_count(request: HistoryRequest, text: str) -> None:
    if not text.isascii() or not text.isdecimal():
        raise OperationOutcomeError("invalid", "_count is a whole number", "_count")
    request.count = min(int(text[:9]), LARGEST_PAGE)


def _take_sort(request: HistoryRequest, text: str) -> None:
    if text != NEWEST_FIRST:
        raise OperationOutcomeError("invalid", "a history has the newest version first", "_sort")


def _take_list(request: HistoryRequest, text: str) -> None:
    raise OperationOutcomeError("not-supported", "a history by _list is not served here", "_list")


def _take_summary(request: HistoryRequest, text: str) -> None:
    if text not in SUMMARIES:
        allowed = ", ".join(sorted(SUMMARIES))
        raise OperationOutcomeError("invalid", f"_summary is one of {allowed}", "_summary")
    request.summary = text


def _take_elements(request: HistoryRequest, text: str) -> None:
    request.elements += tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: Final = {
    "_since": _take_since,
    "_at": _take_at,
    "_count": _take_count,
    "_sort": _take_sort,
    "_list": _take_list,
    "_summary": _take_summary,
    "_elements": _take_elements,
}
