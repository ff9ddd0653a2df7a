"""A draft Claim under review in a store, and the calls that decide on it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from adapters.store import Store
from gateway.claim_draft import keep_draft
from gateway.http import Services, build_app
from gateway.settings import load_settings
from profiles.builders.claim import ClaimDraft, build_claim
from profiles.coding_records import CodingResult
from terminology.systems import ICD_10_CM
from tests.make_coding import COVERAGE, claim_context, coding_result
from tests.make_terminology import terminology_folder

FHIR = {"Content-Type": "application/fhir+json"}
AROUND = (
    {
        "resourceType": "Patient",
        "id": "p",
        "gender": "female",
        "birthDate": "1960-02-03",
        "name": [{"text": "Ada <Example>"}],
    },
    {"resourceType": "Organization", "id": "clinic", "name": "Clinic"},
    {"resourceType": "Organization", "id": "payer", "name": "Payer"},
    COVERAGE,
)


def review_client(store: Store, data: Path) -> TestClient:
    """A client of an endpoint that has the compiled code systems."""
    data.mkdir(exist_ok=True)
    (data / "terminology").mkdir(exist_ok=True)
    for file in terminology_folder().glob("icd10cm-*.sqlite"):
        link = data / "terminology" / file.name
        if not link.exists():
            link.symlink_to(file)
    services = Services(request_analysis=lambda *_: "", on_created=lambda *_: None)
    settings = replace(load_settings({}), data=str(data))
    return TestClient(build_app(store, settings, services), raise_server_exceptions=False)


def drafted(store: Store, result: CodingResult | None = None, **changed: Any) -> ClaimDraft:
    """A draft Claim with its review, stored with everything around it."""
    draft = build_claim(result or coding_result(), claim_context(**changed))

    def write(tx: Any) -> None:
        for resource in AROUND:
            tx.put(resource)
        keep_draft(tx, draft)

    store.transact(write)
    return draft


def icd(code: str) -> dict[str, str]:
    """A Coding of ICD-10-CM."""
    return {"system": ICD_10_CM, "code": code}


def code(decision: str, **parts: Any) -> dict[str, Any]:
    """The parameter ``code``: parts by name, ``pointer`` and ``modifier`` as lists."""
    kinds = {
        "element": "valueCode",
        "sequence": "valuePositiveInt",
        "target": "valueCoding",
        "coding": "valueCoding",
        "reason": "valueString",
        "units": "valuePositiveInt",
        "position": "valuePositiveInt",
        "modifier": "valueCode",
        "pointer": "valueString",
        "evidence": "part",
    }
    made = [{"name": "decision", "valueCode": decision}]
    for name, value in parts.items():
        values = value if name in ("modifier", "pointer") else [value]
        made += [{"name": name, kinds[name]: one} for one in values]
    return {"name": "code", "part": made}


def parameters(*codes: dict[str, Any], person: str = "Cora Coder", **given: str) -> dict[str, Any]:
    """The Parameters of ``$decide``."""
    kinds = {"decision": "valueCode"}
    made: list[dict[str, Any]] = [{"name": "performer", "valueReference": {"display": person}}]
    made += [{"name": name, kinds.get(name, "valueString"): v} for name, v in given.items()]
    return {"resourceType": "Parameters", "parameter": [*made, *codes]}
