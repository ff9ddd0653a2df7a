"""``isthmus bench fhir``: the FHIR endpoint over HTTP, durable, with the load generator on the same machine.

Peers that are measured in the same run: ``fhir.resources`` for admission, ``fhirpathpy`` for extraction, each
where it is installed.
"""

import importlib
import json
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.store import Store, open_store
from conformance.load import Load, request, run
from conformance.running import RunningGateway
from profiles.admission import issues
from profiles.fast_schema import passes
from profiles.search.extract import Extractor
from profiles.search.parameters import parameters_of
from profiles.strict_json import parse_resource

WORKERS_S: Final = 60.0
PATIENTS: Final = 4000
OBSERVATIONS: Final = 200_000
CODES: Final = [f"{number}-{number % 10}" for number in range(8000, 8040)]
FAMILIES: Final = ("Smith", "Jones", "Garcia", "Müller", "Rossi", "Novak", "Silva", "Tanaka")
FHIR: Final = "/fhir"

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


def run_bench(rounds: int) -> dict[str, Any]:
    """Every number of the endpoint; ``rounds`` times a hundred requests of each shape."""
    with tempfile.TemporaryDirectory(prefix="isthmus-bench-") as folder:
        root = Path(folder)
        result: dict[str, Any] = {"library": _ratios()}
        result["fill_per_s"] = round(_fill(root / "store", PATIENTS, OBSERVATIONS))
        gateway = RunningGateway(root, {"ISTHMUS_LOG_LEVEL": "WARNING"})
        started = time.perf_counter()
        gateway.start()
        try:
            result["start_s"] = round(time.perf_counter() - started, 2)
            _until_workers_rest(gateway)
            result["search"] = _searches(gateway.http_port, rounds * 100)
            result["read"] = _reads(gateway.http_port).record()
            result["create Observation"] = _creates(gateway.http_port).record()
            result["transaction import"] = _imports(gateway.http_port)
            result["crud of nine types"] = _crud(gateway.http_port).record()
            result["rss_mb"] = _rss(gateway)
        finally:
            gateway.stop()
    return result


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


def _fill(folder: Path, patients: int, observations: int) -> float:
    """Put the record into a store; resources per second."""
    chance = random.Random(11)  # noqa: S311 - test data
    store = open_store(folder)
    started = time.perf_counter()
    for start in range(0, patients, 1000):
        _put(store, [patient(number, chance) for number in range(start, start + 1000)])
    for start in range(0, observations, 1000):
        _put(store, [observation(n, n % patients, chance) for n in range(start, start + 1000)])
    took = time.perf_counter() - started
    store.close()
    return (patients + observations) / took


def _put(store: Store, batch: list[dict[str, Any]]) -> None:
    store.transact(lambda tx: [tx.put(one) for one in batch])


def _searches(port: int, count: int) -> dict[str, Any]:
    """Each shape alone, one client: half and 95 % of the times in milliseconds."""
    found = {}
    for name, query in SHAPES.items():
        address = f"{FHIR}/{query}".replace("ü", "%C3%BC").replace(" ", "%20")
        load = run(port, [request("GET", address)] * count, 1)
        found[name] = {"p50_ms": round(load.p50_ms, 2), "p95_ms": round(load.p95_ms, 2)}
    return found


def _reads(port: int) -> Load:
    addresses = [f"{FHIR}/Observation/o{number * 37 % OBSERVATIONS}" for number in range(30_000)]
    return run(port, [request("GET", address) for address in addresses], 16)


def _creates(port: int) -> Load:
    chance = random.Random(12)  # noqa: S311 - test data
    bodies = [orjson.dumps(observation(n, n % PATIENTS, chance)) for n in range(6000)]
    return run(port, [request("POST", f"{FHIR}/Observation", body) for body in bodies], 64)


def _imports(port: int) -> dict[str, Any]:
    """Transactions of a hundred entries, four at a time."""
    chance = random.Random(13)  # noqa: S311 - test data
    bundles = []
    for number in range(120):
        owner = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
        entries = [(owner, {**patient(number, chance), "id": None})]
        for at in range(99):
            made = {**observation(at, 0, chance), "id": None, "subject": {"reference": owner}}
            entries.append((f"{owner[:-12]}{number:06d}{at:06d}x", made))
        bundles.append(_transaction(entries))
    load = run(port, [request("POST", FHIR, bundle) for bundle in bundles], 4)
    return {**load.record(), "resources_per_s": round(load.per_second * 100)}


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


def _crud(port: int) -> Load:
    """Create, read, update and delete of nine types."""
    kinds: dict[str, dict[str, Any]] = {
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
    requests = []
    for number in range(400):
        for kind, members in kinds.items():
            body = orjson.dumps({"resourceType": kind, "id": f"c{number}", **members})
            address = f"{FHIR}/{kind}/c{number}"
            requests += [
                request("PUT", address, body),
                request("GET", address),
                request("PUT", address, body),
                request("DELETE", address),
            ]
    # Four requests of one resource stay in their order on one connection.
    groups = [requests[at : at + 4] for at in range(0, len(requests), 4)]
    lanes = [[one for group in groups[lane::16] for one in group] for lane in range(16)]
    woven = [
        lanes[at % 16][at // 16] for at in range(len(requests)) if at // 16 < len(lanes[at % 16])
    ]
    return run(port, woven, 16)


def _until_workers_rest(gateway: RunningGateway) -> None:
    """Wait until the processes of the lanes have loaded: what is measured is the endpoint."""
    before, deadline = -1, time.monotonic() + WORKERS_S
    while gateway.process is not None and time.monotonic() < deadline:
        used = sum(_tenths(child) for child in _below(gateway.process.pid))
        if used == before:
            return
        before = used
        time.sleep(1)


def _below(pid: int) -> list[int]:
    """The processes that one has started, and theirs (proc(5))."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found += [child, *_below(child)]
    return found


def _tenths(pid: int) -> int:
    """Processor time of a process in tenths of a second; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) // 10


def _rss(gateway: RunningGateway) -> int:
    """Peak memory of the gateway process in megabytes (proc(5), VmHWM)."""
    if gateway.process is None:
        return 0
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def _ratios() -> dict[str, Any]:
    """Admission and extraction of one Observation against the libraries that do the same.

    The peer of admission judges the structure alone; ours is given with the structure alone and whole, both
    from the bytes.
    """
    one = observation(1, 1, random.Random(14))  # noqa: S311 - test data
    extractor = Extractor("Observation", parameters_of("Observation"))
    text = orjson.dumps(one)
    found: dict[str, Any] = {
        "structure_per_s": round(_rate(lambda: passes(parse_resource(text)))),
        "admission_per_s": round(_rate(lambda: issues(parse_resource(text), warnings=False))),
        "extraction_per_s": round(_rate(lambda: extractor.rows(one))),
    }
    for name, peer, ours in (
        ("fhir.resources", _admission_peer, ("structure", "admission")),
        ("fhirpathpy", _extraction_peer, ("extraction",)),
    ):
        try:
            rate = _rate(peer(one))
        except ModuleNotFoundError:
            found[name] = "not installed"
            continue
        found[f"{name}_per_s"] = round(rate)
        for what in ours:
            found[f"{what}_ratio"] = round(found[f"{what}_per_s"] / rate, 1)
    return found


def _admission_peer(one: dict[str, Any]) -> Callable[[], Any]:
    model = importlib.import_module("fhir.resources.R4B.observation").Observation
    text = json.dumps(one)
    return lambda: model.model_validate_json(text)


def _extraction_peer(one: dict[str, Any]) -> Callable[[], Any]:
    library = importlib.import_module("fhirpathpy")
    expressions = [
        library.compile(parameter.expression)
        for parameter in parameters_of("Observation").values()
        if parameter.expression and "resolve()" not in parameter.expression
    ]
    return lambda: [expression(one, {}) for expression in expressions]


def _rate(work: Callable[[], Any], seconds: float = 0.2) -> float:
    """Runs per second of processor time, the best of five turns: other processes take none of it."""
    work()
    best = 0.0
    for _ in range(5):
        count, started = 0, time.process_time()
        while time.process_time() - started < seconds:
            for _ in range(10):
                work()
            count += 10
        best = max(best, count / (time.process_time() - started))
    return best
