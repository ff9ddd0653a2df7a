"""A trial payer in a process of its own, and a Claim with everything that it refers to."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INSURER = "https://payer.example/ids"


class TrialPayer:
    """What a test sees of ``isthmus payer``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._control = address.removesuffix("/fhir") + "/_payer"

    def next(self, **todo: list[str]) -> None:
        """Say what it is to do with the next requests: ``next(submit=["cut"])``."""
        self._tell({"next": todo})

    def decide(self, identifier: str, outcome: str) -> None:
        """Decide a Claim that it has queued."""
        self._tell({"decide": {identifier: outcome}})

    def release(self) -> None:
        """Let it answer what it holds back."""
        self._tell({"release": True})

    def forget(self) -> None:
        """Forget what it was to do next."""
        self._tell({"forget": True})

    def revoke(self) -> None:
        """Let no token be good any more."""
        self._tell({"revoke": True})

    def state(self) -> dict[str, Any]:
        """What it has received."""
        with urllib.request.urlopen(self._control, timeout=30) as answer:  # noqa: S310 - our own
            found: dict[str, Any] = json.load(answer)
        return found

    def claims(self) -> list[str]:
        """Identifiers of the Claims that it has taken, each as often as it was taken."""
        return [claim["identifier"] for claim in self.state()["claims"]]

    def queued(self) -> list[str]:
        """Identifiers of the Claims that it has not decided."""
        found: list[str] = self.state()["queued"]
        return found

    def _tell(self, told: Any) -> None:
        request = urllib.request.Request(self._control, json.dumps(told).encode(), method="POST")  # noqa: S310 - our own
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - as above


@contextmanager
def trial_payer(*options: str) -> Iterator[TrialPayer]:
    """A running trial payer; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance.payer", *options],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield TrialPayer(process.stdout.readline().split()[1])
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def payers_file(folder: Path, address: str, **more: Any) -> Path:
    """A file of payers with the one at an address."""
    file = folder / "payers.json"
    payer = {"name": "trial", "address": address, "organization": [f"{INSURER}|trial"], **more}
    file.write_text(json.dumps([payer]))
    return file


def people() -> list[dict[str, Any]]:
    """Patient, insurer, provider and coverage of every Claim here."""
    return [
        {
            "resourceType": "Patient",
            "id": "ann",
            "identifier": [{"system": "https://hospital.example/mrn", "value": "1"}],
            "name": [{"family": "Trial", "given": ["Ann"]}],
            "birthDate": "1970-01-01",
        },
        {
            "resourceType": "Organization",
            "id": "trial-payer",
            "name": "Trial Payer",
            "identifier": [{"system": INSURER, "value": "trial"}],
        },
        {
            "resourceType": "Organization",
            "id": "clinic",
            "name": "Clinic",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        },
        {
            "resourceType": "Coverage",
            "id": "cover",
            "status": "active",
            "subscriberId": "S-1",
            "beneficiary": {"reference": "Patient/ann"},
            "payor": [{"reference": "Organization/trial-payer"}],
        },
    ]


def claim(claim_id: str, **changed: Any) -> dict[str, Any]:
    """An active Claim of one visit."""
    made = {
        "resourceType": "Claim",
        "id": claim_id,
        "identifier": [{"system": "https://hospital.example/claims", "value": claim_id}],
        "status": "active",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/claim-type",
                    "code": "professional",
                }
            ]
        },
        "use": "claim",
        "patient": {"reference": "Patient/ann"},
        "created": "2026-11-26",
        "insurer": {"reference": "Organization/trial-payer"},
        "provider": {"reference": "Organization/clinic"},
        "priority": {"coding": [{"code": "normal"}]},
        "diagnosis": [
            {
                "sequence": 1,
                "diagnosisCodeableConcept": {
                    "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]
                },
            }
        ],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/cover"}}],
        "item": [
            {
                "sequence": 1,
                "diagnosisSequence": [1],
                "productOrService": {
                    "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]
                },
                "servicedDate": "2026-11-20",
                "net": {"value": 120.5, "currency": "USD"},
            }
        ],
    }
    return {**made, **changed}


def name_of(claim_id: str) -> str:
    """By which the payer knows a Claim."""
    return f"https://hospital.example/claims|{claim_id}"
