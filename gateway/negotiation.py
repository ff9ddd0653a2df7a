"""Formats, preferences and preconditions of a request (R4 http.html#mime-type, #concurrency; RFC 7240)."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from starlette.requests import Request

from profiles.outcome import OperationOutcomeError

JSON_TYPES: Final = frozenset({"application/fhir+json", "application/json", "text/json", "json"})
ANYTHING: Final = frozenset({"*/*", "application/*", "*"})
FHIR_VERSIONS: Final = frozenset({"4.0", "4.0.1"})


def media_type(header: str) -> str:
    """Type and subtype of a header, without parameters."""
    return header.partition(";")[0].strip().lower()


def require_json_body(request: Request) -> None:
    """Refuse a body that is not declared as JSON of R4 (``media-type``)."""
    header = request.headers.get("content-type", "")
    if media_type(header) not in JSON_TYPES:
        raise OperationOutcomeError("media-type", "send application/fhir+json")
    _require_version(header, "media-type")


def require_json_accepted(request: Request) -> None:
    """Answer 406 to who wants anything but JSON of R4; ``_format`` wins over ``Accept``."""
    wanted = request.query_params.get("_format") or request.headers.get("accept") or "*/*"
    # A "+" in the query may have become a space.
    offers = [media_type(part).replace(" ", "+") for part in wanted.split(",")]
    if not any(offer in JSON_TYPES or offer in ANYTHING for offer in offers):
        raise OperationOutcomeError("not-acceptable", "this endpoint answers application/fhir+json")
    _require_version(wanted, "not-acceptable")


def accepts_gzip(header: str) -> bool:
    """Whether ``Accept-Encoding`` takes gzip; a weight of zero refuses it (RFC 9110 12.5.3)."""
    if "gzip" not in header and "*" not in header:
        return False
    for offer in header.split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip", "*"):
            return not re.fullmatch(r"q=0(\.0*)?", weight.strip().lower())
    return False


def _require_version(header: str, kind: str) -> None:
    match = re.search(r"fhirVersion\s*=\s*\"?([\d.]+)", header)
    if match is not None and match[1] not in FHIR_VERSIONS:
        raise OperationOutcomeError(kind, "this endpoint speaks FHIR 4.0")


def preference(request: Request, name: str) -> str:
    """One preference of the ``Prefer`` header (RFC 7240), empty when it is not given."""
    for part in ",".join(request.headers.getlist("prefer")).replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key.strip() == name:
            return value.strip().strip('"') or "true"
    return ""


def version_tag(header: str | None) -> int | None:
    """Version in ``If-Match`` (``invalid`` when it is no version tag)."""
    if header is None:
        return None
    match = re.fullmatch(r'(?:W/)?"?(\d{1,18})"?', header.strip())
    if match is None:
        raise OperationOutcomeError("invalid", 'If-Match must be W/"version"')
    return int(match[1])


def not_modified(request: Request, version: int, last_updated: datetime) -> bool:
    """Whether a conditional read may answer 304 (R4 http.html#cread)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
        return "*" in known or str(version) in known
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return last_updated.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
