"""``isthmus demo``: a phantom MR study goes through the imaging journey on real wires.

C-STORE over a real association, Tasks followed over real HTTP, the report read back as an EHR would
read it, and its volume and long axis held against the phantom's exact truth.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.dimse.scu import send_instances
from gateway.app import Gateway, compose
from gateway.logs import configure_logging
from gateway.serve import free_port, serve_http
from gateway.settings import load_settings
from ml.imaging.phantom_study import PhantomStudy, write_defective_study, write_phantom_study
from profiles.outcome import OperationOutcomeError

VOLUME_TOLERANCE = 0.10
AXIS_TOLERANCE_MM = 3.0
PATIENCE_S = 120.0
DECISION = json.dumps(
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueCode": "accepted"},
            {"name": "performer", "valueReference": {"display": "Dr. Example"}},
        ],
    }
)


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration; 0 when the report agrees with the phantom's truth."""
    parser = argparse.ArgumentParser(prog="isthmus demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the report is shown")
    parser.add_argument("--data", type=Path, default=Path("isthmus-demo"), help="data folder")
    parser.add_argument("--seed", type=int, default=1, help="which phantom")
    chosen = parser.parse_args(arguments)
    configure_logging("WARNING")
    folder = chosen.data / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder.mkdir(parents=True, exist_ok=True)
    settings = replace(
        load_settings(),
        data=str(folder),
        http_port=free_port(),
        dicom_port=free_port(),
        log_level="WARNING",
    )
    _say(
        "This is a demonstration: no authentication, loopback only, phantom images, no patients.\n"
    )
    demo = Demo(compose(settings))
    try:
        demo.start()
        agreed = demo.play(chosen.seed)
        demo.show_ways_in()
        if not chosen.once:
            _say("\nRunning until Ctrl-C.\n")
            threading.Event().wait()
    finally:
        demo.stop()
    return 0 if agreed else 1


@dataclass
class Demo:
    """A running gateway and what is sent to it."""

    gateway: Gateway

    def __post_init__(self) -> None:
        """Prepare the web server's thread."""
        self._loop = asyncio.new_event_loop()
        self._halt = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._studies: tuple[PhantomStudy, ...] = ()
        self._report: dict[str, Any] = {}
        self.base = f"http://127.0.0.1:{self.gateway.settings.http_port}"

    def start(self) -> None:
        """Start gateway and web server, and wait until both answer."""
        self.gateway.start()
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self._get("/livez")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise OperationOutcomeError("timeout", "the web server did not start")

    def stop(self) -> None:
        """Stop everything; nothing stays behind but the data folder."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._halt.set)
            self._thread.join(timeout=10)
        self.gateway.stop()

    def play(self, seed: int) -> bool:
        """Send a good and a defective study; whether the report agrees with the truth."""
        sent = Path(self.gateway.settings.data) / "sent"
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
        settings = self.gateway.settings
        title, port = settings.ae_title, self.gateway.scp.port
        newest = "DiagnosticReport?_sort=-_lastUpdated&_pretty=true"
        _say(f"\nOpen      {self.base}/\n")
        _say(f"Read      curl -s '{self.base}/fhir/{newest}'\n")
        _say(
            f"Decide    curl -s -H 'Content-Type: application/fhir+json' "
            f"'{self.base}/fhir/Task/{self._review_task()}/$decide' -d '{DECISION}'\n"
        )
        _say(f"Send      storescu -aec {title} +sd 127.0.0.1 {port} {settings.data}/sent/whole\n")
        for study in self._studies:
            for series in self.gateway.store.study_ref(study.study_uid).series:
                if series.ours:
                    _say(f"{series.modality:<10}{series.instances[-1].path}\n")
        _say(f"Store     {settings.data}/isthmus.sqlite\n")

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve_http(self.gateway, self.gateway.settings, self._halt))

    def _send(self, what: str, study: PhantomStudy) -> None:
        total, sent = len(study.files), 0

        def count(*_: object) -> None:
            nonlocal sent
            sent += 1
            _progress(f"C-STORE {what}", sent, total)

        _say("\n")
        statuses = send_instances(
            study.files,
            "127.0.0.1",
            self.gateway.scp.port,
            calling_ae="DEMO_MODALITY",
            called_ae=self.gateway.settings.ae_title,
            on_sent=count,
        )
        refused = [status for status in statuses if status != 0]
        if refused:
            raise OperationOutcomeError("exception", f"{len(refused)} instances were refused")

    def _follow(self, study: PhantomStudy) -> dict[str, Any]:
        """Watch the Task of a study until it ends, then show its report."""
        started = time.monotonic()
        shown = ""
        while time.monotonic() - started < PATIENCE_S:
            task = self._task(study)
            state = "waiting" if task is None else task["businessStatus"]["coding"][0]["display"]
            if state != shown:
                _say(f"  {time.monotonic() - started:5.1f} s  Task: {state}\n")
                shown = state
            if task is not None and task["status"] in ("completed", "failed"):
                return self._show(task)
            time.sleep(0.05)
        raise OperationOutcomeError("timeout", "the analysis did not end in time")

    def _task(self, study: PhantomStudy) -> dict[str, Any] | None:
        uid = f"urn:dicom:uid|urn:oid:{study.study_uid}"
        studies = self._get(f"/fhir/ImagingStudy?identifier={uid}")
        if not studies.get("entry"):
            return None
        focus = f"ImagingStudy/{studies['entry'][0]['resource']['id']}"
        tasks = self._get(f"/fhir/Task?focus={focus}&code=analyze")
        return tasks["entry"][0]["resource"] if tasks.get("entry") else None

    def _show(self, task: dict[str, Any]) -> dict[str, Any]:
        outputs = {entry["type"]["text"]: entry for entry in task.get("output", ())}
        if "report" not in outputs:
            _say(f"  no report: {task.get('statusReason', {}).get('text', 'see the Task')}\n")
            return {}
        reference = outputs["report"]["valueReference"]["reference"]
        if "refusal" in outputs:
            coded = outputs["refusal"]["valueCodeableConcept"]
            _say(f"  refused: {coded['coding'][0]['code']} ({coded['text']})\n")
        report: dict[str, Any] = self._get(f"/fhir/{reference}")
        _say(f"\n  {reference}  ({report['status']})  {self.base}/reports/{report['id']}\n")
        for line in report.get("conclusion", "").splitlines():
            _say(f"  | {line}\n")
        return report

    def _compare(self, study: PhantomStudy, report: dict[str, Any]) -> bool:
        """Hold the measurements against the truth of the phantom."""
        measured = self._measurements(report)
        agreed = len(measured) == len(study.lesions)
        _say("\n  against the phantom's truth:\n")
        for truth, (volume, axis) in zip(study.lesions, measured, strict=False):
            close = (
                abs(volume - truth.volume_ml) <= VOLUME_TOLERANCE * truth.volume_ml
                and abs(axis - truth.long_axis_mm) <= AXIS_TOLERANCE_MM
            )
            agreed = agreed and close
            _say(
                f"  {'agrees' if close else 'DIFFERS':<8}volume {volume:.2f} mL "
                f"(truth {truth.volume_ml:.2f}), long axis {axis:.1f} mm "
                f"(truth {truth.long_axis_mm:.1f})\n"
            )
        if len(measured) != len(study.lesions):
            _say(f"  DIFFERS {len(measured)} lesions found, {len(study.lesions)} are there\n")
        return agreed

    def _review_task(self) -> str:
        """Id of the Task in which a person decides on the report."""
        focus = f"DiagnosticReport/{self._report.get('id', '')}"
        tasks = self._get(f"/fhir/Task?focus={focus}&code=review&status=requested")
        return str(tasks["entry"][0]["resource"]["id"]) if tasks.get("entry") else "ID"

    def _measurements(self, report: dict[str, Any]) -> list[tuple[float, float]]:
        """Volume (mL) and long axis (mm) of every lesion, largest first."""
        found = []
        for entry in report.get("result", ()):
            root = self._get(f"/fhir/{entry['reference']}")
            children = [self._get(f"/fhir/{c['reference']}") for c in root.get("hasMember", ())]
            values = {
                child["code"]["coding"][0]["code"]: child["valueQuantity"]["value"]
                for child in children
                if "valueQuantity" in child
            }
            if "118565006" in values:
                found.append((float(values["118565006"]), float(values["103339001"])))
        return sorted(found, reverse=True)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.base + path, timeout=10) as answer:  # noqa: S310 - our own loopback server
            return json.loads(answer.read() or b"{}")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _progress(what: str, done: int, total: int) -> None:
    """One quiet line on a terminal, a line at the end elsewhere."""
    if sys.stdout.isatty():
        bar = "█" * round(20 * done / total)
        _say(f"\r{what:<40} ▕{bar:<20}▏ {done}/{total}" + ("\n" if done == total else ""))
    elif done == total:
        _say(f"{what}: {done} instances stored\n")
