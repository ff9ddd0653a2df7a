"""Preconditions of a request, in their order (RFC 9110 13.2.2; R4 http.html#concurrency, #cread).

The version of a resource is its entity tag. FHIR compares weak tags as if they were strong, because
``W/"1"`` is all it has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request

from adapters.store import StoredVersion
from profiles.outcome import OperationOutcomeError

_TAG: Final = re.compile(
    r'[ \t]*(?:(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"|([1-9][0-9]{0,17}))?[ \t]*(?:,|$)'
)
"""An entity tag, or the bare version id that fhirpy sends: it can mean nothing else."""
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DATES: Final = (
    re.compile(rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(rf"[A-Z][a-z]+day, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)
"""IMF-fixdate, RFC 850 and asctime (RFC 9110 5.6.7)."""


@dataclass(frozen=True, slots=True)
class EntityTags:
    """What a header lists: any current version at all, or some of them."""

    anything: bool
    versions: frozenset[str]

    def match(self, current: StoredVersion | None) -> bool:
        """Whether the current version, if there is one, is listed."""
        if current is None or current.deleted:
            return False
        return self.anything or str(current.version) in self.versions


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditions of one request; each is None when it is not given."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None
    modified_since: datetime | None = None
    unmodified_since: datetime | None = None

    def require(self, current: StoredVersion | None) -> None:
        """Refuse a write whose conditions the current version does not meet (``precondition``)."""
        self._require_unchanged(current)
        if self.if_none_match is not None and self.if_none_match.match(current):
            raise OperationOutcomeError("precondition", "If-None-Match: there is such a version")

    def not_modified(self, stored: StoredVersion) -> bool:
        """Whether a read may answer 304; ``precondition`` when it may not answer at all."""
        self._require_unchanged(stored)
        if self.if_none_match is not None:
            return self.if_none_match.match(stored)
        return self.modified_since is not None and _second(stored) <= self.modified_since

    def _require_unchanged(self, current: StoredVersion | None) -> None:
        if self.if_match is not None:
            if not self.if_match.match(current):
                raise OperationOutcomeError("precondition", "If-Match: no such version is current")
            return
        since = self.unmodified_since
        if since is None or current is None or current.deleted:
            return
        if _second(current) > since:
            raise OperationOutcomeError("precondition", "If-Unmodified-Since: it was modified")


NONE: Final = Preconditions()


def preconditions(request: Request) -> Preconditions:
    """The conditions of a request (``invalid`` for what is no list of entity tags)."""
    given: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        if name.startswith(b"if-"):
            text = value.decode("latin-1")
            key = name.decode("latin-1")
            given[key] = f"{given[key]}, {text}" if key in given else text
    return conditions(given) if given else NONE


def conditions(given: Mapping[str, str | None]) -> Preconditions:
    """Conditions from their headers by name, in lower case."""
    made = Preconditions(
        _tags(given.get("if-match"), "If-Match"),
        _tags(given.get("if-none-match"), "If-None-Match"),
        http_date(given.get("if-modified-since")),
        http_date(given.get("if-unmodified-since")),
    )
    return NONE if made == NONE else made


def version_number(text: str) -> int | None:
    """The version that a text names as this server writes it; None when it can be none."""
    return int(text) if _VERSION.fullmatch(text) else None


def http_date(text: str | None) -> datetime | None:
    """A date of RFC 9110 5.6.7; None for what is none, which has to be ignored."""
    if text is None:
        return None
    found = next((m for m in (form.fullmatch(text.strip()) for form in _DATES) if m), None)
    if found is None:
        return None
    day, hour, minute = (int(found[name]) for name in ("day", "hour", "minute"))
    second = min(int(found["second"]), 59)  # a leap second
    month = _MONTHS.index(found["month"]) + 1
    try:
        return datetime(_year(found["year"]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _year(text: str) -> int:
    """Two digits that would be more than 50 years ahead are of the century before."""
    year = int(text)
    if len(text) == 4:
        return year
    today = datetime.now(UTC)
    year += today.year // 100 * 100
    return year - 100 if year > (today + timedelta(days=50 * 365.25)).year else year


def _tags(header: str | None, name: str) -> EntityTags | None:
    if header is None:
        return None
    if header.strip() == "*":
        return EntityTags(True, frozenset())
    found, at = set(), 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            raise OperationOutcomeError("invalid", f'{name} must be * or a list of W/"version"')
        if match.lastindex is not None:
            found.add(match[match.lastindex])
        at = match.end()
    if not found:
        raise OperationOutcomeError("invalid", f'{name} must be * or a list of W/"version"')
    return EntityTags(False, frozenset(found))


def _second(stored: StoredVersion) -> datetime:
    """Time of a version as ``Last-Modified`` says it."""
    return stored.last_updated.replace(microsecond=0)
