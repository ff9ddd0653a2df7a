"""The product as a hospital runs it: ``isthmus serve`` in a process of its own, seen from outside only."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.dimse.scu import send_instances
from gateway.ports import free_ports

T = TypeVar("T")
ENDED: Final = frozenset({"completed", "failed", "cancelled"})
PATIENCE_S: Final = 90.0


def wait_until(
    condition: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S
) -> T:
    """Poll until the condition gives something; that.

    Raises
    ------
    TimeoutError
        It gave nothing in time.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise TimeoutError(f"waited {patience_s:g} s for {what}")


class RunningGateway:
    """A gateway on free loopback ports.

    Parameters
    ----------
    folder : Path
        Holds its store and its log.
    environment : mapping of str to str
        Added to the process's variables; settings among them as ``ISTHMUS_...``.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = folder / "store"
        self.log = folder / "gateway.log"
        self.http_port, self.dicom_port = free_ports(2)
        self.base = f"http://127.0.0.1:{self.http_port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")},
            "ISTHMUS_DATA": str(self.data),
            "ISTHMUS_HTTP_PORT": str(self.http_port),
            "ISTHMUS_DICOM_PORT": str(self.dicom_port),
            "ISTHMUS_RESERVE_BYTES": "0",
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "serve"],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, "the gateway to answer")

    def stop(self) -> None:
        """End it as an operator does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None

    def lane_pids(self) -> list[int]:
        """Process ids of its lanes (proc(5), children)."""
        if self.process is None:
            return []
        threads = Path(f"/proc/{self.process.pid}/task")
        found = [c.read_text() for c in threads.glob("*/children") if c.exists()]
        return [int(pid) for text in found for pid in text.split()]

    def send(self, files: Sequence[Path], **options: Any) -> list[int]:
        """C-STORE files in one association; their statuses."""
        options = {"calling_ae": "TESTER", "called_ae": "ISTHMUS", **options}
        return list(send_instances(files, "127.0.0.1", self.dicom_port, **options))

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, parsed body and headers of an HTTP request."""
        content = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/fhir+json", **(headers or {})}
        request = urllib.request.Request(self.base + path, content, given, method=method)  # noqa: S310 - our own loopback server
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
                return _parsed(answer.status, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _parsed(error.code, error)

    def get(self, path: str) -> Any:
        """JSON at an address below ``/fhir/``."""
        return self.request("GET", f"/fhir/{path}")[1]

    def search(self, query: str) -> list[dict[str, Any]]:
        """Resources on the first page of a search."""
        bundle = self.get(query)
        return [entry["resource"] for entry in bundle.get("entry", ())]

    def imaging_study(self, study_uid: str) -> dict[str, Any] | None:
        """The ImagingStudy of a study, once it is there."""
        found = self.search(f"ImagingStudy?identifier=urn:dicom:uid|urn:oid:{study_uid}")
        return found[0] if found else None

    def tasks(self, study_uid: str) -> list[dict[str, Any]]:
        """Analysis Tasks of a study, the newest first."""
        study = self.imaging_study(study_uid)
        return self.search(f"Task?focus=ImagingStudy/{study['id']}&code=analyze") if study else []

    def reports(self, study_uid: str) -> list[dict[str, Any]]:
        """Current reports of a study: there must never be two."""
        study = self.imaging_study(study_uid)
        if study is None:
            return []
        return self.search(f"DiagnosticReport?imaging-study=ImagingStudy/{study['id']}")

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"the gateway ended: {self.log.read_text()[-2000:]}")
        try:
            return self.request("GET", "/livez")[0] == 200
        except OSError:
            return False


def _parsed(status: int, answer: Any) -> tuple[int, Any, dict[str, str]]:
    text = answer.read()
    return status, json.loads(text) if text else None, dict(answer.headers)
