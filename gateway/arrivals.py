"""What the arrival of a resource starts, by its type: one table.

A row is called in the transaction that stores the resource, by create, update, patch, batch and
transaction alike, so what it queues is as durable as the resource itself. What a lane or an operation of
ours writes does not come this way: no result starts anything.
"""

from collections.abc import Mapping
from typing import Any

from adapters.store import Transaction
from gateway.adjudication import answer_on_arrival
from gateway.coding_arrival import code_on_arrival
from gateway.fetch import fetch_on_arrival
from gateway.interactions.write import OnCreated
from gateway.note_rendering import outdate_rendering
from gateway.operations.reindex import index_on_arrival
from gateway.payers import Payers
from gateway.response_decision import settle_on_arrival
from gateway.settings import Settings
from gateway.transcription_arrival import transcribe_on_arrival
from profiles.clinical_document import KINDS
from profiles.recording import Recording


def arrivals(settings: Settings, payers: Payers | None = None) -> OnCreated:
    """What starts the work that an arriving resource asks for; most types ask for none."""
    code = code_on_arrival(settings)
    transcribe = transcribe_on_arrival(settings)

    def document(tx: Transaction, resource: dict[str, Any]) -> None:
        """A document is a recorded visit, or a note."""
        spoken = Recording(resource, settings.transcript_types).content is not None
        (transcribe if spoken else code)(tx, resource)

    def composition(tx: Transaction, resource: dict[str, Any]) -> None:
        """A note is coded; files of an earlier version of it are not in force any more."""
        outdate_rendering(tx, resource)
        code(tx, resource)

    table: Mapping[str, OnCreated] = {
        **dict.fromkeys(KINDS, code),
        "Composition": composition,
        "DocumentReference": document,
        "Media": transcribe,
        "Claim": answer_on_arrival(settings, payers),
        "ClaimResponse": settle_on_arrival,
        "ImagingStudy": fetch_on_arrival,
        "SearchParameter": index_on_arrival,
    }

    def arrived(tx: Transaction, resource: dict[str, Any]) -> None:
        start = table.get(resource["resourceType"])
        if start is not None:
            start(tx, resource)

    return arrived
