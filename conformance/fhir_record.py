"""The record on which the FHIR endpoint is measured, and the requests of the loads."""

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.store import Store, open_store
from conformance.load import request

PATIENTS: Final = 4000
EACH: Final = 50
"""Observations of a patient."""
CODES: Final = [f"{number}-{number % 10}" for number in range(8000, 8040)]
FAMILIES: Final = ("Smith", "Jones", "Garcia", "Müller", "Rossi", "Novak", "Silva", "Tanaka")
FHIR: Final = "/fhir"
_BATCH: Final = 1000
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "Patient": {"gender": "male"},
    "Practitioner": {"active": True},
    "Organization": {"name": "Ward"},
    "Location": {"name": "Room"},
    "Condition": {"subject": {"reference": "Patient/p1"}},
    "Procedure": {"status": "completed", "subject": {"reference": "Patient/p1"}},
    "Observation": {"status": "final", "code": {"text": "x"}},
    "Encounter": {"status": "finished", "class": {"code": "AMB"}},
    "Immunization": {
        "status": "completed",
        "vaccineCode": {"text": "x"},
        "patient": {"reference": "Patient/p1"},
        "occurrenceDateTime": "2024-01-01",
    },
}
"""A resource of each of the nine types of the mixed load."""


def observation(number: int, patient: int, chance: random.Random) -> dict[str, Any]:
    """One Observation of about a kilobyte."""
    day = date(2020, 1, 1) + timedelta(days=chance.randrange(1800))
    code = "rare" if number % 50_000 == 7 else CODES[min(int(chance.expovariate(0.25)), 39)]
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "category": [{"coding": [_coding("observation-category", "vital-signs")]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": f"Test {code}"},
        "subject": {"reference": f"Patient/p{patient}"},
        "encounter": {"reference": f"Encounter/e{patient}"},
        "effectiveDateTime": f"{day}T08:30:00+01:00",
        "issued": f"{day}T08:30:00.125+01:00",
        "valueQuantity": {
            "value": round(chance.uniform(50, 200), 1),
            "unit": "mg/dL",
            "system": "http://unitsofmeasure.org",
            "code": "mg/dL",
        },
    }


def patient(number: int, chance: random.Random) -> dict[str, Any]:
    """One Patient."""
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": "https://mrn.example", "value": f"m{number}"}],
        "name": [{"family": chance.choice(FAMILIES), "given": [f"Given{number}"]}],
        "gender": chance.choice(("male", "female")),
        "birthDate": str(date(1930, 1, 1) + timedelta(days=chance.randrange(30_000))),
    }


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}


def fill(
    folder: Path, patients: int, observations: int, told: Callable[[int], object] = lambda _: None
) -> float:
    """Put the record into a store; resources per second.

    The newest Observations are the same in a record of any size, but for their patients: how far a search
    has to look for its first page is then no matter of chance.

    Parameters
    ----------
    folder : Path
        Of the store, which is made.
    patients, observations : int
        How many.
    told : callable
        Called with how many are in, now and then.
    """
    chance = random.Random(11)  # noqa: S311 - test data
    store = open_store(folder)
    started = time.perf_counter()
    for first, end in _stretches(patients):
        _put(store, [patient(n, chance) for n in range(first, end)])
    for first, end in _stretches(observations):
        _put(store, [_counted_down(n, patients, observations) for n in range(first, end)])
        told(patients + end)
    took = time.perf_counter() - started
    store.close()
    return (patients + observations) / took


def _counted_down(number: int, patients: int, observations: int) -> dict[str, Any]:
    """An Observation as its distance from the newest makes it."""
    return observation(number, number % patients, random.Random(observations - number))  # noqa: S311 - test data


def _stretches(size: int) -> list[tuple[int, int]]:
    return list(pairwise([*range(0, size, _BATCH), size]))


def _put(store: Store, batch: list[dict[str, Any]]) -> None:
    store.transact(lambda tx: [tx.put(one) for one in batch])


def reads(count: int, scale: int) -> list[bytes]:
    """Reads of Observations by id, from everywhere in the record."""
    size = PATIENTS * EACH * scale
    return [request("GET", f"{FHIR}/Observation/o{n * 37 % size}") for n in range(count)]


def creates(count: int, scale: int) -> list[bytes]:
    """New Observations, of all patients in turns."""
    chance = random.Random(12)  # noqa: S311 - test data
    made = [observation(n, n % (PATIENTS * scale), chance) for n in range(count)]
    return [request("POST", f"{FHIR}/Observation", orjson.dumps(one)) for one in made]


def transactions(count: int) -> list[bytes]:
    """Transactions of a hundred entries: a new patient and its Observations."""
    chance = random.Random(13)  # noqa: S311 - test data
    made = []
    for number in range(count):
        owner = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
        entries = [(owner, {**patient(number, chance), "id": None})]
        for at in range(99):
            one = {**observation(at, 0, chance), "id": None, "subject": {"reference": owner}}
            entries.append((f"{owner[:-12]}{number:06d}{at:06d}x", one))
        made.append(request("POST", FHIR, _transaction(entries)))
    return made


def _transaction(entries: list[tuple[str, dict[str, Any]]]) -> bytes:
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": url,
                    "resource": {k: v for k, v in one.items() if v is not None},
                    "request": {"method": "POST", "url": one["resourceType"]},
                }
                for url, one in entries
            ],
        }
    )


def lives(count: int, lanes: int) -> list[bytes]:
    """Create, read, update and delete of each of nine types, for so many resources of each.

    They are for ``lanes`` connections: four requests of one resource stay in their order on one of them.
    """
    groups = []
    for number in range(count):
        for kind, members in _KINDS.items():
            body = orjson.dumps({"resourceType": kind, "id": f"c{number}", **members})
            address = f"{FHIR}/{kind}/c{number}"
            put = request("PUT", address, body)
            groups.append([put, request("GET", address), put, request("DELETE", address)])
    whole = len(groups) - len(groups) % lanes
    by_lane = [
        [one for group in groups[lane:whole:lanes] for one in group] for lane in range(lanes)
    ]
    return [one for row in zip(*by_lane, strict=True) for one in row]
