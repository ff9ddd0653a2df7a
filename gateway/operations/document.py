"""``Composition/$document`` (R4 composition-operation-document.html, documents.html)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from adapters.store import StoredVersion, Transaction
from gateway.operations.definition import HL7, Call, Operation, Parameter
from gateway.operations.record import references
from profiles.exact_json import dumps_exact
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal
from profiles.strict_json import parse

MOST: Final = 2000
_VERSION: Final = re.compile(r"/_history/(\d{1,18})$")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def document(call: Call) -> bytes | StoredVersion:
    """The document Bundle; stored, and answered with its address, when ``persist`` is true."""
    if "graph" in call.given:
        raise OperationOutcomeError("not-supported", "a GraphDefinition is not followed", "graph")
    composition: StoredVersion = call.store.read("Composition", _wanted(call))
    found = {_key(composition): composition}
    for text in _referred(composition.json()):
        _add(call, text, found)
    made = {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"},
        "type": "document",
        "timestamp": instant(datetime.now(UTC)),
        "entry": [
            {"fullUrl": f"{call.base}/{v.type}/{v.id}", "resource": parse(v.body)}
            for v in found.values()
        ],
    }
    if not call.one("persist", False):
        return dumps_exact(made)

    def keep(tx: Transaction) -> StoredVersion:
        return tx.create(made)

    kept: StoredVersion = call.store.transact(keep)
    return kept


def _wanted(call: Call) -> str:
    """Id of the Composition: of the URL, or the parameter ``id`` where the URL has none."""
    given = call.one("id")
    if call.id and given is not None:
        raise OperationOutcomeError("invalid", "the URL names the Composition already", "id")
    if call.id:
        return call.id
    if given is None:
        raise OperationOutcomeError("required", "the parameter id is required", "id")
    target = literal(given, call.base) or ("Composition", given)
    if target[0] != "Composition" or _ID.fullmatch(target[1]) is None:
        raise OperationOutcomeError("invalid", "id names no Composition of this server", "id")
    return target[1]


def _referred(composition: dict[str, Any]) -> Iterator[str]:
    """References of the Composition, but not to documents that it replaces or amends."""
    yield from references({k: v for k, v in composition.items() if k != "relatesTo"})


def _key(version: StoredVersion) -> tuple[str, str, int]:
    return version.type, version.id, version.version


def _add(call: Call, text: str, found: dict[tuple[str, str, int], StoredVersion]) -> None:
    if text.startswith("#"):
        return
    version = _target(call, text)
    found.setdefault(_key(version), version)
    if len(found) > MOST:
        raise OperationOutcomeError("too-costly", "the document has too many resources")


def _target(call: Call, text: str) -> StoredVersion:
    """What a reference leads to, in the version that it names (``not-found`` where it is not here)."""
    target = literal(text, call.base)
    if target is None:
        raise OperationOutcomeError(
            "not-found", "the Composition refers to a resource of another server"
        )
    number = _VERSION.search(text)
    wanted = int(number[1]) if number is not None else None
    try:
        return _read(call, *target, wanted)
    except OperationOutcomeError:
        raise OperationOutcomeError(
            "not-found", f"the Composition refers to a {target[0]} that is not here"
        ) from None


def _read(call: Call, kind: str, key: str, version: int | None) -> StoredVersion:
    store = call.store
    found: StoredVersion = (
        store.read(kind, key) if version is None else store.vread(kind, key, version)
    )
    return found


OPERATION: Final = Operation(
    "document",
    "A document: the Composition and everything that it refers to.",
    resources=("Composition",),
    levels=("type", "instance"),
    compute=document,
    methods=("GET", "POST"),
    long=True,
    base=f"{HL7}/Composition-document",
    parameters=(
        Parameter("id", "in", 0, "1", "uri", "The Composition, where the URL names none."),
        Parameter("persist", "in", 0, "1", "boolean", "Whether to store the Bundle."),
        Parameter("graph", "in", 0, "1", "uri", "A GraphDefinition; refused, as none is followed."),
        Parameter("return", "out", 1, "1", "Bundle", "The document."),
    ),
)
