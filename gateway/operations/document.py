"""``Composition/$document`` (R4 composition-operation-document.html): with all that it refers to."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from adapters.store import StoredVersion, Transaction
from gateway.operations.definition import HL7, Call, Operation, Parameter
from gateway.operations.everything import references
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal

MOST: Final = 2000


def document(call: Call) -> bytes:
    """The document Bundle; kept when ``persist`` is true."""
    composition = call.store.read("Composition", call.id)
    found = {(composition.type, composition.id): composition}
    for text in references(composition.json()):
        _add(call, text, found)
    made = {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"},
        "type": "document",
        "timestamp": instant(datetime.now(UTC)),
        "entry": [
            {
                "fullUrl": f"{call.base}/{version.type}/{version.id}",
                "resource": orjson.Fragment(version.body),
            }
            for version in found.values()
        ],
    }
    content = orjson.dumps(made)
    if str(call.one("persist", "false")).lower() != "true":
        return content

    def keep(tx: Transaction) -> bytes:
        stored: dict[str, Any] = orjson.loads(content)
        return tx.create(stored).body

    kept: bytes = call.store.transact(keep)
    return kept


def _add(call: Call, text: str, found: dict[tuple[str, str], StoredVersion]) -> None:
    target = literal(text, call.base) or literal(text)
    if target is None or target in found:
        return
    version = call.store.current(*target)
    if version is None or version.deleted:
        raise OperationOutcomeError(
            "not-found", f"the Composition refers to a {target[0]} that is not here"
        )
    found[target] = version
    if len(found) > MOST:
        raise OperationOutcomeError("too-costly", "the document has too many resources")


OPERATION: Final = Operation(
    "document",
    "A document: the Composition and everything that it refers to.",
    resources=("Composition",),
    compute=document,
    methods=("GET", "POST"),
    long=True,
    base=f"{HL7}/Composition-document",
    parameters=(
        Parameter("persist", "in", 0, "1", "boolean", "Whether to store the Bundle."),
        Parameter("return", "out", 1, "1", "Bundle", "The document."),
    ),
)
