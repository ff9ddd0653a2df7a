"""Clients that others wrote use the endpoint as their own documentation says."""

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
