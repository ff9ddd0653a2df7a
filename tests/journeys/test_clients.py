"""Clients that others wrote use the endpoint as their own documentation says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make_gateway import GatewayProcess


def test_fhirpy_saves_searches_pages_patches_and_deletes(clinic: GatewayProcess):
    """The resource, searchset, include and patch interface of fhirpy."""
    fhirpy = pytest.importorskip("fhirpy")
    client = fhirpy.SyncFHIRClient(f"{clinic.base}/fhir")
    patient = client.resource("Patient", name=[{"family": "Fhirpy", "given": ["Ann"]}])
    patient.save()
    for value in (1, 2, 3):
        client.resource(
            "Observation",
            status="final",
            code={"text": "count"},
            subject=patient.to_reference(),
            valueInteger=value,
        ).save()
    found = (
        client.resources("Observation").search(subject=patient.to_reference()).sort("-_lastUpdated")
    )
    assert len(found.limit(2).fetch_all()) == 3
    assert found.count() == 3
    included = client.resources("Observation").search(subject__Patient__family="fhirpy")
    assert len(included.include("Observation", "subject").fetch_raw().entry) == 4
    patient.patch(active=True)
    assert client.reference("Patient", patient.id).to_resource()["active"] is True
    found.first().delete()
    assert found.count() == 2


def test_fhirclient_reads_what_it_has_created(clinic: GatewayProcess):
    """The models and the search of the SMART client."""
    client_module = pytest.importorskip("fhirclient.client")
    models = pytest.importorskip("fhirclient.models.patient")
    smart = client_module.FHIRClient(settings={"app_id": "test", "api_base": f"{clinic.base}/fhir"})
    patient = models.Patient({"gender": "female", "name": [{"family": "Smartclient"}]})
    made = patient.create(smart.server)
    again = models.Patient.read(made["id"], smart.server)
    assert again.gender == "female"
    search = models.Patient.where({"family": "smartclient"})
    listed = list(search.perform_resources_iter(smart.server))
    assert [one.id for one in listed] == [made["id"]]


@pytest.fixture
def fhir_kit_client() -> Path:
    """Entry of the module, in a folder of NODE_PATH or beside the Python packages; skipped without it."""
    folders = [*os.environ.get("NODE_PATH", "").split(os.pathsep), f"{sys.prefix}/node_modules"]
    for folder in filter(None, folders):
        package = Path(folder) / "fhir-kit-client"
        if (package / "package.json").exists() and shutil.which("node"):
            said = json.loads((package / "package.json").read_text())
            return package / said["exports"]["."]["import"]
    pytest.skip("node or its module fhir-kit-client (2 or newer) is not installed")


@pytest.mark.peer
def test_fhir_kit_client_does_all_that_its_readme_shows(clinic: GatewayProcess, fhir_kit_client):
    """Every interaction, pages by their links, batch and transaction, operations by GET and POST."""
    script = Path(__file__).with_name("fhir_kit_client.mjs")
    command = ["node", str(script), str(fhir_kit_client), f"{clinic.base}/fhir"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "fhirVersion": "4.0.1",
        "read": "Kit",
        "updated": "female",
        "patched": "other",
        "first": "none",
        "history": ["PATCH", "PUT", "POST"],
        "typeHistory": "history",
        "systemHistory": "history",
        "transaction": ["201"] * 3,
        "batch": ["200", "404"],
        "pages": [2, 1],
        "posted": ["kit-2"],
        "compartment": 0,
        "system": 3,
        "everything": ["kit-1"],
        "validate": "OperationOutcome",
        "gone": 410,
    }
