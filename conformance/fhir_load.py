"""Loads on a running FHIR endpoint: what each comes to."""

from typing import Any, Final

from conformance.fhir_record import CODES, FHIR, creates, lives, reads, transactions
from conformance.load import Load, request, run

SHAPES: Final = {
    "identifier": "Patient?identifier=https://mrn.example|m17",
    "family prefix": "Patient?family=gar",
    "birthdate range": "Patient?birthdate=ge1960&birthdate=lt1962",
    "code, common": f"Observation?code=http://loinc.org|{CODES[0]}",
    "patient": "Observation?patient=p17",
    "patient + code, sorted": f"Observation?patient=p17&code={CODES[0]}&_sort=-date",
    "patient, sorted by date": "Observation?patient=p17&_sort=-date",
    "category + date": "Observation?category=vital-signs&date=ge2024-06-01",
    "token + quantity": f"Observation?code={CODES[1]}&value-quantity=gt195",
    "chain": f"Observation?patient.family=tanaka&code={CODES[2]}",
    "_has, common code": f"Patient?_has:Observation:patient:code={CODES[0]}",
    "_has, rare code": "Patient?_has:Observation:patient:code=rare",
    "_include": f"Observation?code={CODES[3]}&_include=Observation:patient",
    "_revinclude": "Patient?_id=p17&_revinclude=Observation:patient",
    "sort by name": "Patient?_sort=family",
    "_sort=-_lastUpdated": "Observation?_sort=-_lastUpdated",
    "_total=accurate, common code": f"Observation?code={CODES[0]}&_total=accurate&_count=1",
}


def search(port: int, shape: str, count: int) -> Load:
    """One shape of search, one client."""
    return run(port, [request("GET", f"{FHIR}/{SHAPES[shape]}")] * count, 1)


def searching(port: int, count: int) -> dict[str, Any]:
    """Each shape alone: half and 95 % of the times in milliseconds."""
    found = {}
    for name in SHAPES:
        load = search(port, name, count)
        found[name] = {"p50_ms": round(load.p50_ms, 2), "p95_ms": round(load.p95_ms, 2)}
    return found


def reading(port: int, count: int, scale: int = 1) -> Load:
    """Reads by id on 16 connections."""
    return run(port, reads(count, scale), 16)


def writing(port: int, count: int, scale: int = 1) -> Load:
    """Creates of Observations on 64 connections."""
    return run(port, creates(count, scale), 64)


def importing(port: int, count: int) -> Load:
    """Transactions of a hundred entries, four at a time."""
    return run(port, transactions(count), 4)


def imports(port: int, count: int) -> dict[str, Any]:
    """As ``importing``, with the rate in resources."""
    load = importing(port, count)
    return {**load.record(), "resources_per_s": round(load.per_second * 100)}


def crud(port: int, count: int) -> Load:
    """Create, read, update and delete of nine types on 16 connections."""
    return run(port, lives(count, 16), 16)
