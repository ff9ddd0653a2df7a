"""A gateway of its own process, as a hospital runs it, and what a client sees of it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.dimse.scu import send_instances
from gateway.serve import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 90.0


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until the condition is true; its value."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {patience_s} s for {what}")


def light_worker_path(folder: Path) -> Path:
    """A folder that, on the path of a process, makes ``tests.light_worker`` its imaging worker."""
    distribution = folder / "light_worker-1.dist-info"
    distribution.mkdir(parents=True, exist_ok=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: light-worker\nVersion: 1\n")
    (distribution / "entry_points.txt").write_text("[isthmus.workers]\nlight=tests.light_worker\n")
    return folder


class GatewayProcess:
    """``isthmus serve`` on free ports; survives being killed and started again."""

    def __init__(self, data: Path, *, light: bool, **settings: object) -> None:
        self.data = data
        self.http_port, self.dicom_port = free_port(), free_port()
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")},
            "ISTHMUS_DATA": str(data / "store"),
            "ISTHMUS_HTTP_PORT": str(self.http_port),
            "ISTHMUS_DICOM_PORT": str(self.dicom_port),
            "ISTHMUS_RESERVE_BYTES": "0",
            "ISTHMUS_LOG_LEVEL": "INFO",
            **{f"ISTHMUS_{name.upper()}": str(value) for name, value in settings.items()},
        }
        if light:
            path = [str(light_worker_path(data / "plug-in")), str(ROOT)]
            self._environment["PYTHONPATH"] = os.pathsep.join(path)
        self.base = f"http://127.0.0.1:{self.http_port}"
        self.log = data / "gateway.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it takes instances."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._alive, "the gateway to answer")

    def stop(self) -> None:
        """End it as an operator does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=30)
            self._process = None

    def kill(self) -> None:
        """SIGKILL the gateway process alone: its lanes must notice by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def kill_lanes(self) -> None:
        """SIGKILL the lane processes alone."""
        for pid in self.lane_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def lane_pids(self) -> list[int]:
        """Process ids of the lanes of this gateway."""
        if self._process is None:
            return []
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        threads = children.parent.parent
        found = [c.read_text() for c in threads.glob("*/children") if c.exists()]
        return [int(pid) for text in found for pid in text.split()]

    def send(self, files: tuple[Path, ...], **options: Any) -> list[int]:
        """C-STORE files in one association; their statuses."""
        statuses = send_instances(
            files, "127.0.0.1", self.dicom_port, calling_ae="TESTER", called_ae="ISTHMUS", **options
        )
        return list(statuses)

    def get(self, path: str) -> Any:
        """JSON at an address below ``/fhir/``."""
        return self.request("GET", f"/fhir/{path}")[1]

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, parsed body and headers of a request."""
        content = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/fhir+json", **(headers or {})}
        request = urllib.request.Request(self.base + path, content, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None, dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                return error.code, json.loads(text) if text else None, dict(error.headers)

    def search(self, query: str) -> list[dict[str, Any]]:
        """Resources of a search's first page."""
        bundle = self.get(query)
        return [entry["resource"] for entry in bundle.get("entry", ())]

    def imaging_study(self, study_uid: str) -> dict[str, Any] | None:
        """ImagingStudy of a study, once it is there."""
        found = self.search(f"ImagingStudy?identifier=urn:dicom:uid|urn:oid:{study_uid}")
        assert len(found) < 2, "a study has one ImagingStudy"
        return found[0] if found else None

    def tasks(self, study_uid: str) -> list[dict[str, Any]]:
        """Analysis Tasks of a study, the newest first."""
        study = self.imaging_study(study_uid)
        return self.search(f"Task?focus=ImagingStudy/{study['id']}&code=analyze") if study else []

    def report(self, study_uid: str, version: str = "") -> dict[str, Any]:
        """Wait until every Task of a study has ended; its one report."""

        def ended() -> dict[str, Any] | None:
            tasks = self.tasks(study_uid)
            if not tasks or any(t["status"] not in ("completed", "failed", "cancelled") for t in tasks):
                return None
            study = self.imaging_study(study_uid)
            assert study is not None
            found = self.search(f"DiagnosticReport?imaging-study=ImagingStudy/{study['id']}")
            assert len(found) < 2, "a study has one report"
            if not found or (version and found[0]["meta"]["versionId"] != version):
                return None
            return found[0]

        result: dict[str, Any] = wait_until(ended, "the report")
        return result

    def _alive(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.request("GET", "/livez")[0] == 200
        except OSError:
            return False
