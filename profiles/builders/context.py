"""What the builders of one result share: who, which study, when, and the ids that never change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from profiles.records import ImagingFindings, InstanceHeader
from profiles.uids import derived_id


@dataclass(frozen=True, slots=True)
class ResultContext:
    """The setting of one imaging result.

    Parameters
    ----------
    patient_id, imaging_study_id, task_id : str
        Logical ids of the Patient, the ImagingStudy and the Task.
    header : InstanceHeader
        Of the analysed series: patient and study facts for SEG, SR and rules.
    moment : datetime
        When the result was made, aware.
    predecessor : InstanceHeader, optional
        The structured report of the result before this one.
    """

    patient_id: str
    imaging_study_id: str
    task_id: str
    header: InstanceHeader
    moment: datetime
    predecessor: InstanceHeader | None = None

    @property
    def subject(self) -> dict[str, Any]:
        """Reference to the patient."""
        return {"reference": f"Patient/{self.patient_id}"}

    @property
    def study(self) -> dict[str, Any]:
        """Reference to the study."""
        return {"reference": f"ImagingStudy/{self.imaging_study_id}"}


def result_id(findings: ImagingFindings, kind: str, *parts: str) -> str:
    """Id of a resource of a study's result: a superseding run writes its next version."""
    return derived_id(kind, findings.study_uid, *parts)


def device_id(findings: ImagingFindings) -> str:
    """Id of the model version's Device."""
    return derived_id("Device", findings.model.name, findings.model.digest)


def card_id(findings: ImagingFindings) -> str:
    """Id of the model card's DocumentReference."""
    return derived_id("ModelCard", findings.model.name, findings.model.digest)
