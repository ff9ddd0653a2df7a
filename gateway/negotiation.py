"""Formats and preferences of a request (R4 http.html#mime-type, #version-parameter; RFC 9110 12.5; RFC 7240).

What a header says is worked out once for each text of it: clients repeat themselves.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from starlette.requests import Request

from profiles.outcome import OperationOutcomeError
from profiles.search.request import SUMMARIES

FHIR_JSON: Final = "application/fhir+json"
OFFERED: Final = (FHIR_JSON, "application/json", "text/json")
"""What an answer may be declared as, the best first; the generic types to who asks for them."""
JSON_TYPES: Final = frozenset(OFFERED)
FHIR_VERSIONS: Final = frozenset({"4.0", "4.0.1"})
GENERAL: Final = frozenset({"_format", "_pretty", "_summary", "_elements"})
"""Parameters of every interaction (R4 http.html#parameters)."""

_FIELDS: Final = "isthmus.fields"
_LONGEST: Final = 512
"""Longest header that is remembered."""
_QUOTED: Final = r'"(?:[^"\\]|\\.)*(?:"|\\?$)'
"""A quoted string; one that does not end goes on to the end, so that it is read once."""
_MEMBER: Final = re.compile(rf'(?:[^,"]|{_QUOTED})+', re.DOTALL)
_PART: Final = re.compile(rf'(?:[^;"]|{_QUOTED})+', re.DOTALL)
_WEIGHT: Final = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range with its parameters, names in lower case."""

    name: str
    parameters: Mapping[str, str]

    @property
    def weight(self) -> float:
        """How much it is wanted (RFC 9110 12.4.2); a malformed weight says nothing."""
        text = self.parameters.get("q", "1")
        return float(text) if _WEIGHT.fullmatch(text) else 1.0

    @property
    def version(self) -> str:
        """The FHIR version that it names, empty when it names none."""
        return self.parameters.get("fhirversion", "")

    def covers(self, name: str) -> int:
        """How closely this range names a type: 3 for the type itself, 0 for not at all."""
        if self.name == name:
            return 3
        if self.name == f"{name.partition('/')[0]}/*":
            return 2
        return 1 if self.name == "*/*" else 0


def _remembered(work: Callable[[str], T]) -> Callable[[str], T]:
    """Remember what the usual texts of a header mean; an endless variety costs no memory."""
    cached = lru_cache(maxsize=256)(work)
    return lambda text: cached(text) if len(text) <= _LONGEST else work(text)


def media_type(header: str) -> str:
    """Type and subtype of a header, without parameters."""
    return header.partition(";")[0].strip().lower()


def fields(request: Request) -> Mapping[bytes, bytes]:
    """The headers of a request by name; a repeated one is one list (RFC 9110 5.3)."""
    scope = request.scope
    found: dict[bytes, bytes] | None = scope.get(_FIELDS)
    if found is None:
        found = scope[_FIELDS] = {}
        for key, value in scope["headers"]:
            found[key] = found[key] + b", " + value if key in found else value
    return found


def field(request: Request, name: bytes) -> str:
    """A header, empty when it is not given."""
    return fields(request).get(name, b"").decode("latin-1")


def require_json_body(request: Request) -> None:
    """Refuse a body that is not declared as JSON of R4 in UTF-8 (``media-type``)."""
    _json_declared(content_type(request))


def content_type(request: Request) -> str:
    """What the body is declared as."""
    return field(request, b"content-type")


def require_declared(header: str, known: frozenset[str]) -> str:
    """The media type of a Content-Type, which must be one of those that are known (``media-type``)."""
    declared = _media_type(header)
    if "," in declared.name:
        raise OperationOutcomeError("invalid", "there are several Content-Type headers")
    if declared.name not in known:
        raise OperationOutcomeError("media-type", f"send {' or '.join(sorted(known))}")
    if declared.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise OperationOutcomeError("media-type", "send UTF-8")
    if declared.version and declared.version not in FHIR_VERSIONS:
        raise OperationOutcomeError("media-type", "this endpoint speaks FHIR 4.0")
    return declared.name


def require_json_accepted(request: Request) -> None:
    """Answer 406 to who wants anything but JSON of R4; ``_format`` wins over ``Accept``."""
    if answer_type(request) is None:
        raise OperationOutcomeError("not-acceptable", "this endpoint answers application/fhir+json")


def answer_type(request: Request) -> str | None:
    """What the answer is declared as; None when nothing that is served is wanted."""
    wanted = named_format(request)
    return _formatted(wanted) if wanted else _accepted(field(request, b"accept"))


def named_format(request: Request) -> str:
    """What ``_format`` asks for, empty when it does not."""
    if not request.scope["query_string"]:
        return ""
    # A "+" in the query may have become a space.
    return request.query_params.get("_format", "").strip().replace(" ", "+")


@_remembered
def accepted(header: str) -> tuple[MediaType, ...]:
    """The ranges of an ``Accept`` header."""
    return tuple(_media_type(member) for member in _MEMBER.findall(header) if member.strip())


def wanted_as(ranges: tuple[MediaType, ...], name: str) -> tuple[float, str]:
    """Weight of a type among ranges, by the closest of them, and the FHIR version it names."""
    found = [
        (one.covers(name), one.weight, one.version)
        for one in ranges
        if one.covers(name) and (not one.version or one.version in FHIR_VERSIONS)
    ]
    _, weight, version = max(found, default=(0, 0.0, ""))
    return weight, version


@_remembered
def accepts_gzip(header: str) -> bool:
    """Whether ``Accept-Encoding`` takes gzip; a weight of zero refuses it (RFC 9110 12.5.3)."""
    weights = {one.name: one.weight for one in accepted(header)}
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def require_parameters(request: Request, *, condition: bool = False) -> None:
    """Refuse general parameters that are malformed, and those that mean nothing to who asks for that.

    Parameters
    ----------
    condition : bool
        The other parameters are a condition, which is understood elsewhere.
    """
    if not request.scope["query_string"]:
        return
    query = request.query_params
    if (query.get("_summary") or "false") not in SUMMARIES:
        raise OperationOutcomeError(
            "invalid", "_summary is true, false, text, data or count", "_summary"
        )
    if condition or preference(request, "handling") != "strict":
        return
    if any(name not in GENERAL for name in query):
        raise OperationOutcomeError("invalid", "the address has a parameter that is not known here")


def preference(request: Request, name: str) -> str:
    """One preference of the ``Prefer`` header (RFC 7240), empty when it is not given."""
    header = field(request, b"prefer")
    return _preferences(header).get(name, "") if header else ""


@_remembered
def _preferences(header: str) -> Mapping[str, str]:
    """Preferences by name; what follows a semicolon belongs to one, and the first of a name counts."""
    found: dict[str, str] = {}
    for member in _MEMBER.findall(header):
        name, _, value = next(iter(_PART.findall(member)), "").partition("=")
        found.setdefault(name.strip().lower(), _unquoted(value) or "true")
    return found


@_remembered
def _json_declared(header: str) -> str:
    return require_declared(header, JSON_TYPES)


@_remembered
def _formatted(text: str) -> str | None:
    wanted = _media_type(text)
    if wanted.name not in JSON_TYPES | {"json"}:
        return None
    if wanted.version and wanted.version not in FHIR_VERSIONS:
        return None
    return _with_version(FHIR_JSON, wanted.version)


@_remembered
def _accepted(header: str) -> str | None:
    ranges = accepted(header)
    if not ranges:
        return FHIR_JSON
    weighed = [(*wanted_as(ranges, name), name) for name in OFFERED]
    best = max(weight for weight, _, _ in weighed)
    if best == 0:
        return None
    return next(_with_version(name, version) for weight, version, name in weighed if weight == best)


def _with_version(name: str, version: str) -> str:
    return f"{name}; fhirVersion={version}" if version else name


def _media_type(text: str) -> MediaType:
    parts = _PART.findall(text)
    return MediaType(parts[0].strip().lower() if parts else "", dict(_parameters(parts[1:])))


def _parameters(parts: list[str]) -> Iterator[tuple[str, str]]:
    for part in reversed(parts):  # of two with the same name, the first counts
        name, _, value = part.partition("=")
        yield name.strip().lower(), _unquoted(value)


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
