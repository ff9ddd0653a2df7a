"""An EHR posts an ImagingStudy with an Endpoint: its instances are fetched and take the usual way.

Trigger: a create or update of an ImagingStudy whose ``endpoint`` (or ``series.endpoint``) is an active
DICOMweb server. The fetch Task is written in the same transaction as the resource (R4
imagingstudy-definitions.html#endpoint, endpoint-connection-type ``dicom-wado-rs``).
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from adapters.dicom_header import read_header
from adapters.dicomweb import fetch_study
from adapters.store import Job, Store, Transaction
from gateway.addresses import is_below
from gateway.intake import Intake, dicom_uid_of
from profiles.outcome import OperationOutcomeError
from profiles.task import FETCH, item, moved, new_task
from terminology.systems import ENDPOINT_CONNECTION

FETCH_LANE = "fetch"
CONNECTIONS = frozenset({"dicom-wado-rs", "dicom-qido-rs", "dicom-wado-uri"})


def fetch_on_arrival(tx: Transaction, resource: dict[str, Any]) -> None:
    """Queue the fetch of a posted ImagingStudy that says where its instances are."""
    if resource["resourceType"] != "ImagingStudy" or not endpoint_references(resource):
        return
    study_uid = dicom_uid_of(resource)
    study = tx.study(study_uid)
    announced = resource.get("numberOfInstances")
    complete = study is not None and (announced is None or study.instances >= announced)
    if complete or tx.pending(f"fetch:{study_uid}") is not None:
        return
    task = new_task(
        str(uuid4()),
        FETCH,
        f"ImagingStudy/{resource['id']}",
        tx.moment,
        patient=resource.get("subject", {}).get("reference"),
    )
    tx.enqueue(task, lane=FETCH_LANE, ready_at=tx.moment, key=f"fetch:{study_uid}")


def endpoint_references(imaging_study: dict[str, Any]) -> list[str]:
    """Every endpoint reference of the study and its series, the study's first."""
    levels = [imaging_study, *imaging_study.get("series", ())]
    entries = [entry for level in levels for entry in level.get("endpoint", ())]
    return list(dict.fromkeys(entry["reference"] for entry in entries if "reference" in entry))


class Fetch:
    """The handler of a ``fetch`` job.

    Parameters
    ----------
    store : Store
        The record.
    intake : Intake
        The way in that every instance takes.
    allowed : sequence of str
        URL prefixes of DICOMweb servers that may be asked; loopback always may.
    """

    def __init__(self, store: Store, intake: Intake, allowed: Sequence[str]) -> None:
        self._store = store
        self._intake = intake
        self._allowed = tuple(allowed)

    def __call__(self, job: Job) -> None:
        """Fetch the study of a job and store its instances."""
        kind, _, study_id = job.task["focus"]["reference"].partition("/")
        imaging_study = self._store.read(kind, study_id).json()
        url = self._address(imaging_study)
        association = f"fetch-{job.task_id}"
        stored = 0
        try:
            for part10 in fetch_study(url, dicom_uid_of(imaging_study)):
                header = read_header(part10)
                self._intake.store_instance(
                    header, part10, sender="DICOMweb", association=association
                )
                stored += 1
        finally:
            self._intake.association_ended(association, aborted=False)
        outputs = (item("instances", valueInteger=stored),)
        self._store.transact(
            lambda tx: tx.finish(
                job, moved(job.task, "completed", "done", tx.moment, outputs=outputs)
            )
        )

    def _address(self, imaging_study: dict[str, Any]) -> str:
        for reference in endpoint_references(imaging_study):
            endpoint = self._endpoint(imaging_study, reference)
            connection = endpoint.get("connectionType", {})
            if (
                endpoint.get("status") == "active"
                and connection.get("system") == ENDPOINT_CONNECTION
                and connection.get("code") in CONNECTIONS
            ):
                return self._allow(str(endpoint["address"]))
        raise OperationOutcomeError(
            "business-rule",
            "none of the endpoints is an active DICOMweb server",
            "ImagingStudy.endpoint",
        )

    def _endpoint(self, imaging_study: dict[str, Any], reference: str) -> dict[str, Any]:
        if reference.startswith("#"):
            contained = imaging_study.get("contained", ())
            return next((entry for entry in contained if entry.get("id") == reference[1:]), {})
        kind, _, resource_id = reference.partition("/")
        if kind != "Endpoint":
            return {}
        return self._store.read("Endpoint", resource_id).json()

    def _allow(self, address: str) -> str:
        """Only loopback and the site's own list are asked: a posted URL must not steer the gateway."""
        if is_below(address, self._allowed):
            return address
        if urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1"):
            return address
        raise OperationOutcomeError(
            "forbidden",
            "the endpoint's address is not in the setting dicomweb_servers",
            "Endpoint.address",
        )
