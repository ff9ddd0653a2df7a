"""Where a coding finds what belongs to a note: the store, or what was sent along and is not stored."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson

from adapters.store import Store
from profiles.clinical_document import KINDS
from profiles.outcome import OperationOutcomeError
from profiles.uids import derived_id

MOST: Final = 200
"""Documents of one encounter that are looked at."""

Resource = Mapping[str, Any]


class Sources(Protocol):
    """What is asked about a note's surroundings."""

    def read(self, reference: str) -> Resource | None:
        """The resource of a relative reference."""

    def documents(self, encounter: str) -> list[Resource]:
        """Everything that may hold a note of an encounter."""

    def coverages(self, patient: str) -> list[Resource]:
        """The coverages of a patient."""

    def seen_before(self, patient: str, provider: str, since: str, until: str) -> bool:
        """Whether an encounter of a patient with a provider is known that began in these days."""


class StoredSources:
    """The record."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, reference: str) -> Resource | None:
        """The current version; None when there is none."""
        kind, _, key = reference.partition("/")
        try:
            return self._store.read(kind, key).json()
        except OperationOutcomeError:
            return None

    def documents(self, encounter: str) -> list[Resource]:
        """By the search parameter ``encounter`` of each type."""
        return [
            match.json()
            for kind in KINDS
            for match in self._store.search(kind, [("encounter", encounter)], count=MOST).matches
        ]

    def coverages(self, patient: str) -> list[Resource]:
        """By ``Coverage.beneficiary``."""
        page = self._store.search("Coverage", [("beneficiary", patient)], count=MOST)
        return [match.json() for match in page.matches]

    def seen_before(self, patient: str, provider: str, since: str, until: str) -> bool:
        """By the date of encounters with the same service provider."""
        wanted = [("subject", patient), ("service-provider", provider)]
        days = [("date", f"ge{since}"), ("date", f"lt{until}")]
        return bool(self._store.search("Encounter", [*wanted, *days], count=1).matches)


class SentSources:
    """Resources of a request, in front of the record: what was sent is seen first and never stored.

    Parameters
    ----------
    sent : resource
        A document, or a Bundle with documents and what they refer to.
    behind : Sources
        The record.
    """

    def __init__(self, sent: Resource, behind: Sources) -> None:
        self._behind = behind
        self._sent = {f"{r['resourceType']}/{r['id']}": r for r in _named(sent)}

    def read(self, reference: str) -> Resource | None:
        """What was sent, else what is stored."""
        return self._sent.get(reference) or self._behind.read(reference)

    def documents(self, encounter: str) -> list[Resource]:
        """The documents that were sent, of whatever encounter."""
        del encounter
        return [one for one in self._sent.values() if one["resourceType"] in KINDS]

    def coverages(self, patient: str) -> list[Resource]:
        """The coverages that were sent, else those that are stored."""
        sent = [one for one in self._sent.values() if one["resourceType"] == "Coverage"]
        return sent or self._behind.coverages(patient)

    def seen_before(self, patient: str, provider: str, since: str, until: str) -> bool:
        """As stored."""
        return self._behind.seen_before(patient, provider, since, until)


def _named(sent: Resource) -> list[Resource]:
    """The resources that were sent, each with an id, and their references to one another by it."""
    if sent["resourceType"] != "Bundle":
        return [_identified(sent)]
    entries = [e for e in sent.get("entry", ()) if "resource" in e]
    named = [(e.get("fullUrl", ""), _identified(e["resource"])) for e in entries]
    places = {url: f"{r['resourceType']}/{r['id']}" for url, r in named if url}
    found: list[Resource] = [_linked(resource, places) for _, resource in named]
    return found


def _identified(resource: Resource) -> Resource:
    """A resource with an id: its own, else one that its content gives."""
    if "id" in resource:
        return resource
    content = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS).decode()
    return {**resource, "id": derived_id("sent", content)}


def _linked(value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_linked(one, places) for one in value]
    if not isinstance(value, dict):
        return value
    linked = {name: _linked(one, places) for name, one in value.items()}
    for name in ("reference", "url"):
        if isinstance(linked.get(name), str):
            linked[name] = places.get(linked[name], linked[name])
    return linked
