"""Requests and answers of the FHIR endpoint: bodies, formats, versions, preferences (R4 http.html)."""

import json
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from functools import partial
from typing import Any, Final, TypeVar

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Store, StoredVersion, Transaction
from profiles.outcome import OperationOutcomeError, outcome
from profiles.searchparams import PARAMETERS

JSON_TYPES: Final = frozenset({"application/fhir+json", "application/json", "text/json", "json"})
ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
DEEPEST: Final = 64

T = TypeVar("T")


def store_of(request: Request) -> Store:
    """The store of the running application."""
    store: Store = request.app.state.store
    return store


async def transact(request: Request, work: Callable[[Transaction], T]) -> T:
    """Run a transaction off the event loop: it waits for the disk."""
    return await anyio.to_thread.run_sync(partial(store_of(request).transact, work))


def base_of(request: Request) -> str:
    """Base address of the endpoint, as the client sees it."""
    return f"{request.url.scheme}://{request.url.netloc}/fhir"


def served_type(request: Request) -> str:
    """Resource type in the path (``not-found`` when it is not served)."""
    kind = str(request.path_params["type"])
    if kind not in PARAMETERS:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    return kind


def resource_id(request: Request) -> str:
    """Logical id in the path (R4 datatypes.html#id)."""
    found = str(request.path_params["id"])
    if ID.fullmatch(found) is None:
        raise OperationOutcomeError("invalid", "the id is not a FHIR id")
    return found


async def read_resource(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Body of a request: its bytes and the parsed resource.

    Raises
    ------
    OperationOutcomeError
        ``media-type``, ``too-costly``, ``structure`` (not UTF-8, not JSON, duplicate keys, too deep).
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in JSON_TYPES:
        raise OperationOutcomeError("media-type", "send application/fhir+json")
    limit = request.app.state.settings.max_body_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise OperationOutcomeError("too-costly", f"the body is larger than {limit} bytes")
    return bytes(body), parse_resource(bytes(body))


def parse_resource(body: bytes) -> dict[str, Any]:
    """Parse one JSON resource strictly (R4 json.html)."""
    try:
        parsed = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise OperationOutcomeError("structure", "the body is not JSON in UTF-8") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("resourceType"), str):
        raise OperationOutcomeError("structure", "the body is no FHIR resource", "resourceType")
    _require_shallow(parsed, DEEPEST)
    return parsed


def fhir_json(
    request: Request,
    resource: Mapping[str, Any] | bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a resource as JSON; ``_pretty=true`` indents it."""
    body = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    if request.query_params.get("_pretty") == "true":
        body = json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode()
    return Response(body, status, dict(headers or {}), media_type="application/fhir+json")


def require_json_accepted(request: Request) -> None:
    """Answer 406 to who wants anything but JSON (R4 http.html#mime-type)."""
    wanted = request.query_params.get("_format") or request.headers.get("accept", "*/*")
    offers = [part.partition(";")[0].strip().lower() for part in wanted.split(",")]
    if not any(offer in JSON_TYPES or offer in ("*/*", "application/*") for offer in offers):
        raise OperationOutcomeError("not-acceptable", "this endpoint answers application/fhir+json")


def versioned(
    request: Request,
    stored: StoredVersion,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a stored version, its ETag and its time."""
    tagged = {
        "ETag": f'W/"{stored.version}"',
        "Last-Modified": format_datetime(stored.last_updated, usegmt=True),
        **(headers or {}),
    }
    if request.headers.get("if-none-match") in (tagged["ETag"], f'"{stored.version}"'):
        return Response(status_code=304, headers=tagged)
    return fhir_json(request, stored.body, status, tagged)


def written(request: Request, stored: StoredVersion, status: int) -> Response:
    """Answer to a create or update, as ``Prefer: return`` wants it (R4 http.html#ops)."""
    location = f"{base_of(request)}/{stored.type}/{stored.id}/_history/{stored.version}"
    headers = {"Location": location, "ETag": f'W/"{stored.version}"'}
    wanted = preference(request, "return")
    if wanted == "minimal":
        return Response(status_code=status, headers=headers)
    if wanted == "OperationOutcome":
        said = outcome("information", "informational", "stored")
        return fhir_json(request, said, status, headers)
    return versioned(request, stored, status, headers)


def preference(request: Request, name: str) -> str:
    """One preference of the ``Prefer`` header (RFC 7240), empty when it is not given."""
    for part in ",".join(request.headers.getlist("prefer")).replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip('"') or "true"
    return ""


def if_match(request: Request) -> int | None:
    """Version that the client expects to be current (R4 http.html#concurrency)."""
    header = request.headers.get("if-match")
    if header is None:
        return None
    match = re.fullmatch(r'(?:W/)?"(\d+)"', header.strip())
    if match is None:
        raise OperationOutcomeError("invalid", 'If-Match must be W/"version"')
    return int(match[1])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OperationOutcomeError("structure", "a JSON object names a member twice")
    return found


def _constant(_: str) -> Any:
    raise OperationOutcomeError("structure", "NaN and Infinity are not JSON")


def _require_shallow(value: Any, left: int) -> None:
    if left == 0:
        raise OperationOutcomeError("too-costly", f"the resource is nested deeper than {DEEPEST}")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _require_shallow(part, left - 1)
