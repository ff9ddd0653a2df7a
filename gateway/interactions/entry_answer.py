"""What an entry has come to, as the entry of the answer (R4 http.html#transaction-response)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from adapters.store import StoredVersion
from gateway.fhir_answer import stored_outcome
from profiles.fhir_time import instant_of
from profiles.outcome import OperationOutcomeError, outcome


@dataclass(slots=True)
class Outcome:
    """What an entry has come to.

    Parameters
    ----------
    stored : StoredVersion, optional
        What a write has left, or what a create under a condition has found.
    body : bytes, optional
        Resource that was asked for.
    etag, last_modified, address : str
        Of that resource, where it is one of this server.
    location : str
        Where an operation has left its result, or will.
    outcome : dict, optional
        OperationOutcome of an entry that was refused.
    """

    status: int
    stored: StoredVersion | None = None
    body: bytes | None = None
    outcome: dict[str, Any] | None = None
    etag: str = ""
    last_modified: str = ""
    address: str = ""
    location: str = ""

    def entry(self, base: str, wanted: str) -> dict[str, Any]:
        """Entry of the response Bundle; ``wanted`` is the preference ``return``."""
        response: dict[str, Any] = {"status": f"{self.status} {HTTPStatus(self.status).phrase}"}
        made: dict[str, Any] = {}
        if self.stored is not None:
            made = self._written(response, base, wanted)
        if self.address:
            made["fullUrl"] = self.address
        if self.body is not None:
            made["resource"] = orjson.Fragment(self.body)
        if self.location:
            response["location"] = self.location
        if self.etag:
            response["etag"] = self.etag
        if self.last_modified:
            response["lastModified"] = self.last_modified
        if self.outcome is not None:
            response["outcome"] = self.outcome
        return {**made, "response": response}

    def _written(self, response: dict[str, Any], base: str, wanted: str) -> dict[str, Any]:
        """What there is to say of a write; the resource itself where it is wanted."""
        stored = self.stored
        if stored is None:
            return {}
        address = f"{base}/{stored.type}/{stored.id}"
        if not stored.deleted:
            response["location"] = f"{address}/_history/{stored.version}"
        response["etag"] = f'W/"{stored.version}"'
        response["lastModified"] = instant_of(stored.stamp)
        if wanted == "OperationOutcome":
            gone = outcome("information", "informational", "deleted")
            response["outcome"] = gone if stored.deleted else stored_outcome(stored)
        if wanted != "representation" or stored.deleted:
            return {}
        return {"fullUrl": address, "resource": orjson.Fragment(stored.body)}


def said(error: OperationOutcomeError) -> Outcome:
    """Outcome of an entry that was refused."""
    return Outcome(error.kind.http, outcome=error.to_resource())
