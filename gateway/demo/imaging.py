"""A phantom MR study goes through the imaging journey.

C-STORE over a real association, Tasks followed over real HTTP, the report read back as an EHR would
read it, and its volume and long axis held against the phantom's exact truth.
"""

import json
from pathlib import Path
from typing import Any

from adapters.dimse.scu import send_instances
from gateway.demo.console import say, show_progress
from gateway.demo.running import Running
from ml.imaging.phantom_study import PhantomStudy, write_defective_study, write_phantom_study
from profiles.outcome import OperationOutcomeError

VOLUME_TOLERANCE = 0.10
AXIS_TOLERANCE_MM = 3.0
DECISION = json.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueCode": "accepted"},
            {"name": "performer", "valueReference": {"display": "Dr. Example"}},
        ],
    }
)


class ImagingJourney:
    """What is sent by DICOM, and what becomes of it.

    Parameters
    ----------
    running : Running
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._gateway = running.gateway
        self._studies: tuple[PhantomStudy, ...] = ()
        self._report: dict[str, Any] = {}

    def play(self, seed: int) -> bool:
        """Send a good and a defective study; whether the report agrees with the truth."""
        sent = Path(self._gateway.settings.data) / "sent"
        good = write_phantom_study(sent / "whole", seed=seed)
        self._send("phantom MR study", good)
        report = self._follow(good)
        agreed = self._compare(good, report)
        defective = write_defective_study(sent / "defective", seed=seed)
        self._send("the same anatomy with slices missing", defective)
        self._follow(defective)
        self._studies = (good, defective)
        self._report = report
        return agreed

    def show_ways_in(self) -> None:
        """Links, ready-made command lines, and the files that were written."""
        settings = self._gateway.settings
        title, port = settings.ae_title, self._gateway.scp.port
        newest = "DiagnosticReport?_sort=-_lastUpdated&_pretty=true"
        say(f"Read      curl -s '{self._running.base}/fhir/{newest}'\n")
        say(
            f"Decide    curl -s -H 'Content-Type: application/fhir+json' "
            f"'{self._running.base}/fhir/Task/{self._review_task()}/$decide' -d '{DECISION}'\n"
        )
        say(f"Send      storescu -aec {title} +sd 127.0.0.1 {port} {settings.data}/sent/whole\n")
        for study in self._studies:
            for series in self._gateway.store.study_ref(study.study_uid).series:
                if series.ours:
                    say(f"{series.modality:<10}{series.instances[-1].path}\n")

    def _send(self, what: str, study: PhantomStudy) -> None:
        total, sent = len(study.files), 0

        def count(*_: object) -> None:
            nonlocal sent
            sent += 1
            show_progress(f"C-STORE {what}", sent, total)

        say("\n")
        statuses = send_instances(
            study.files,
            "127.0.0.1",
            self._gateway.scp.port,
            calling_ae="DEMO_MODALITY",
            called_ae=self._gateway.settings.ae_title,
            on_sent=count,
        )
        refused = [status for status in statuses if status != 0]
        if refused:
            raise OperationOutcomeError("exception", f"{len(refused)} instances were refused")

    def _follow(self, study: PhantomStudy) -> dict[str, Any]:
        """Watch the Task of a study until it ends, then show its report."""
        uid = f"urn:dicom:uid|urn:oid:{study.study_uid}"
        task = self._running.follow(f"Task?focus:ImagingStudy.identifier={uid}&code=analyze")
        return self._show(task)

    def _show(self, task: dict[str, Any]) -> dict[str, Any]:
        outputs = {entry["type"]["text"]: entry for entry in task.get("output", ())}
        if "report" not in outputs:
            say(f"  no report: {task.get('statusReason', {}).get('text', 'see the Task')}\n")
            return {}
        reference = outputs["report"]["valueReference"]["reference"]
        if "refusal" in outputs:
            coded = outputs["refusal"]["valueCodeableConcept"]
            say(f"  refused: {coded['coding'][0]['code']} ({coded['text']})\n")
        report: dict[str, Any] = self._running.get(f"/fhir/{reference}")
        say(f"\n  {reference}  ({report['status']})  {self._running.base}/reports/{report['id']}\n")
        for line in report.get("conclusion", "").splitlines():
            say(f"  | {line}\n")
        return report

    def _compare(self, study: PhantomStudy, report: dict[str, Any]) -> bool:
        """Hold the measurements against the truth of the phantom."""
        measured = self._measurements(report)
        agreed = len(measured) == len(study.lesions)
        say("\n  against the phantom's truth:\n")
        for truth, (volume, axis) in zip(study.lesions, measured, strict=False):
            close = (
                abs(volume - truth.volume_ml) <= VOLUME_TOLERANCE * truth.volume_ml
                and abs(axis - truth.long_axis_mm) <= AXIS_TOLERANCE_MM
            )
            agreed = agreed and close
            say(
                f"  {'agrees' if close else 'DIFFERS':<8}volume {volume:.2f} mL "
                f"(truth {truth.volume_ml:.2f}), long axis {axis:.1f} mm "
                f"(truth {truth.long_axis_mm:.1f})\n"
            )
        if len(measured) != len(study.lesions):
            say(f"  DIFFERS {len(measured)} lesions found, {len(study.lesions)} are there\n")
        return agreed

    def _review_task(self) -> str:
        """Id of the Task in which a person decides on the report."""
        focus = f"DiagnosticReport/{self._report.get('id', '')}"
        tasks = self._running.found(f"Task?focus={focus}&code=review&status=requested")
        return str(tasks[0]["id"]) if tasks else "ID"

    def _measurements(self, report: dict[str, Any]) -> list[tuple[float, float]]:
        """Volume (mL) and long axis (mm) of every lesion, largest first."""
        found = []
        for entry in report.get("result", ()):
            root = self._running.get(f"/fhir/{entry['reference']}")
            children = [
                self._running.get(f"/fhir/{c['reference']}") for c in root.get("hasMember", ())
            ]
            values = {
                child["code"]["coding"][0]["code"]: child["valueQuantity"]["value"]
                for child in children
                if "valueQuantity" in child
            }
            if "118565006" in values:
                found.append((float(values["118565006"]), float(values["103339001"])))
        return sorted(found, reverse=True)
