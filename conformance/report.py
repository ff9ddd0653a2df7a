"""``isthmus conformance``: what third parties say of what the gateway writes.

A phantom study and a defective one go through the running product; every object and resource that it wrote
is then handed to the judges that are installed. A judge that is not there is named, never passed over.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from adapters.store import open_store
from conformance.running import ENDED, RunningGateway, wait_until
from ml.imaging.phantom_study import PhantomStudy, write_defective_study, write_phantom_study

OUT: Final = Path("conformance/report.json")
TYPES: Final = (
    "BodyStructure",
    "Composition",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "ImagingStudy",
    "Media",
    "Observation",
    "Patient",
    "Provenance",
    "ServiceRequest",
    "Task",
)
NEWER_CODES: Final = ("AIAST", "PROCESSINLINELABEL")
"""Codes of HL7 AI Transparency that came into HL7's code systems after R4 and its validators' tables."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge said: ``passed``, ``failed`` or ``absent``, over how many things, with its words."""

    judge: str
    verdict: str
    judged: int
    said: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Run every judge; 1 when one of them finds an error."""
    parser = argparse.ArgumentParser(prog="isthmus conformance", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--out", type=Path, default=OUT, help="file of the report")
    parser.add_argument("--validator", type=Path, help="jar of a FHIR instance validator")
    chosen = parser.parse_args(arguments)
    verdicts = judge(chosen.validator)
    content = json.dumps([asdict(verdict) for verdict in verdicts], indent=1)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(content + "\n", encoding="utf-8")
    if chosen.json:
        sys.stdout.write(content + "\n")
    else:
        for verdict in verdicts:
            sys.stdout.write(f"{verdict.verdict:<8}{verdict.judge:<16}{verdict.judged} judged\n")
            sys.stdout.writelines(f"        {line}\n" for line in verdict.said[:10])
    return int(any(verdict.verdict == "failed" for verdict in verdicts))


def judge(validator: Path | None = None) -> list[Verdict]:
    """Run the journey and collect every verdict."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        gateway = RunningGateway(folder, {"ISTHMUS_LOG_LEVEL": "WARNING"})
        gateway.start()
        try:
            study = write_phantom_study(folder / "sent", seed=1)
            defective = write_defective_study(folder / "defective", seed=2)
            echoed = _run_tool("echoscu", "-aec", "ISTHMUS", "127.0.0.1", str(gateway.dicom_port))
            sent = _store_with_dcmtk(gateway, study)
            _finish(gateway, [study, defective])
            resources = [r for kind in TYPES for r in gateway.search(f"{kind}?_count=1000")]
        finally:
            gateway.stop()
        objects = _objects(gateway.data, study.study_uid)
        return [
            echoed,
            sent,
            _tool_over(objects, "dciodvfy", lambda file: ["-new", str(file)]),
            _tool_over(objects, "dsrdump", lambda file: [str(file)], only="SR"),
            _second_opinion(resources),
            _validated(resources, folder, validator),
        ]


def _store_with_dcmtk(gateway: RunningGateway, study: PhantomStudy) -> Verdict:
    """DCMTK sends the study where it is installed; otherwise our own SCU does, so that others can judge."""
    target = ("127.0.0.1", str(gateway.dicom_port), *map(str, study.files))
    sent = _run_tool("storescu", "-aec", "ISTHMUS", *target)
    if sent.verdict == "absent":
        gateway.send(study.files)
    return sent


def _finish(gateway: RunningGateway, studies: Sequence[PhantomStudy]) -> None:
    gateway.send(studies[1].files)
    for study in studies:
        wait_until(
            lambda uid=study.study_uid: (  # type: ignore[misc]
                (tasks := gateway.tasks(uid)) and all(t["status"] in ENDED for t in tasks)
            ),
            "a Task to end",
        )


def _objects(store_folder: Path, study_uid: str) -> dict[str, Path]:
    store = open_store(store_folder)
    try:
        series = store.study_ref(study_uid).series
    finally:
        store.close()
    return {s.modality: Path(s.instances[-1].path) for s in series if s.ours}


def _program(name: str) -> str | None:
    """The system's program: an environment may hold a Python script of the same name."""
    return shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")


def _run_tool(name: str, *arguments: str) -> Verdict:
    program = _program(name)
    if program is None:
        return Verdict(name, "absent", 0)
    ran = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    said = _errors(ran)
    return Verdict(name, "failed" if ran.returncode or said else "passed", 1, said)


def _tool_over(
    objects: dict[str, Path], name: str, arguments: Callable[[Path], list[str]], only: str = ""
) -> Verdict:
    judged = [file for modality, file in objects.items() if only in ("", modality)]
    verdicts = [_run_tool(name, *arguments(file)) for file in judged]
    if not verdicts or verdicts[0].verdict == "absent":
        return Verdict(name, "absent" if verdicts else "failed", 0)
    said = tuple(line for verdict in verdicts for line in verdict.said)
    # dciodvfy ends with 1 on warnings too: its error lines decide.
    return Verdict(name, "failed" if said else "passed", len(judged), said)


def _errors(ran: subprocess.CompletedProcess[str]) -> tuple[str, ...]:
    lines = (ran.stdout + ran.stderr).splitlines()
    return tuple(line for line in lines if line.startswith(("Error", "E:", "F:")))


def _second_opinion(resources: Sequence[dict[str, Any]]) -> Verdict:
    """Models of fhir.resources (R4B): another reading of the same specification."""
    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError:
        return Verdict("fhir.resources", "absent", 0)
    said = []
    for resource in resources:
        try:
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        except ValueError as error:
            said.append(f"{resource['resourceType']}: {str(error).splitlines()[0]}")
    verdict = "failed" if said else "passed"
    return Verdict("fhir.resources", verdict, len(resources), tuple(said))


def _validated(
    resources: Sequence[dict[str, Any]], folder: Path, validator: Path | None
) -> Verdict:
    """HL7's validator, where a jar and a Java are there; what it does not know yet is named, not hidden."""
    java = _program("java")
    if validator is None or java is None:
        return Verdict("validator", "absent", 0)
    file = folder / "resources.ndjson"
    file.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    ran = subprocess.run(
        [java, "-Xmx2g", "-jar", str(validator), str(file)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    errors = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    newer = [line for line in errors if any(f"#{code}'" in line for code in NEWER_CODES)]
    said = tuple(line for line in errors if line not in newer)
    verdict = "failed" if said else "passed"
    if newer:
        codes = " and ".join(NEWER_CODES)
        said = (*said, f"{len(newer)} uses of {codes}, which its code systems do not have yet")
    return Verdict("validator", verdict, len(resources), said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
