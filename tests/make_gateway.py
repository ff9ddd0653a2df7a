"""A gateway of its own process that a test may kill, and what a client waits for."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.running import ENDED, RunningGateway, wait_until
from profiles.admission import require_admissible
from terminology.store_folder import FOLDER
from tests.make_terminology import compiled_folder

ROOT = Path(__file__).resolve().parent.parent

__all__ = ["ROOT", "GatewayProcess", "wait_until"]


class GatewayProcess(RunningGateway):
    """``isthmus serve`` on free ports; survives being killed and started again.

    Parameters
    ----------
    folder : Path
        Holds its store and its log.
    light : bool
        Whether its workers are those of the tests.
    compiled : bool
        Whether it finds the code systems of the installed packages made, as at any start but the first.
    settings : object
        By their names; ``lanes`` names those that the test needs.
    """

    def __init__(
        self, folder: Path, *, light: bool, compiled: bool = True, **settings: object
    ) -> None:
        environment = {f"ISTHMUS_{name.upper()}": str(value) for name, value in settings.items()}
        if light:
            path = [str(light_worker_path(folder / "plug-in")), str(ROOT)]
            environment["PYTHONPATH"] = os.pathsep.join(path)
        super().__init__(folder, environment)
        self._compiled = compiled

    def start(self) -> None:
        """Start and wait until it answers."""
        made = Path(self.environment["ISTHMUS_DATA"]) / FOLDER
        if self._compiled and not made.exists():
            share_compiled(made)
        super().start()

    def kill(self) -> None:
        """SIGKILL the gateway process alone: its lanes must notice by themselves."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def kill_lanes(self) -> None:
        """SIGKILL the lane processes alone."""
        for pid in self.lane_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop_and_judge(self) -> None:
        """Stop it; every version that it has written obeys what a resource of a client has to."""
        written = list(self._written())
        self.stop()
        for resource in written:
            require_admissible(resource)

    def _written(self) -> Iterator[dict[str, Any]]:
        address = "/fhir/_history?_count=100"
        while address:
            status, bundle, *_ = self.request("GET", address)
            assert status == 200, bundle
            yield from (one["resource"] for one in bundle.get("entry", ()) if "resource" in one)
            more = [one["url"] for one in bundle["link"] if one["relation"] == "next"]
            address = more[0].removeprefix(self.base) if more else ""

    def report(self, study_uid: str) -> dict[str, Any]:
        """Wait until every Task of a study has ended; its one report."""

        def ended() -> dict[str, Any] | None:
            tasks = self.tasks(study_uid)
            if not tasks or any(task["status"] not in ENDED for task in tasks):
                return None
            found = self.reports(study_uid)
            assert len(found) < 2, "a study has one report"
            return found[0] if found else None

        return wait_until(ended, "the report")


def share_compiled(folder: Path) -> None:
    """Fill a folder with the code systems that are made once per machine.

    A finished file is never written again, so a second name for it is enough; another file system, which
    knows no such name, gets the way to it.
    """
    shared = compiled_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.parent.stat().st_dev != shared.stat().st_dev:
        folder.symlink_to(shared)
        return
    shutil.copytree(shared, folder, copy_function=os.link, ignore=shutil.ignore_patterns(".*"))


def light_worker_path(folder: Path) -> Path:
    """A folder that, on the path of a process, makes the workers of the tests its own."""
    return plug_in(folder, light="tests.light_worker", words="tests.word_coder")


def plug_in(folder: Path, **workers: str) -> Path:
    """A folder that, on the path of a process, adds workers to it or replaces those of the same name."""
    distribution = folder / "light_worker-1.dist-info"
    distribution.mkdir(parents=True, exist_ok=True)
    (distribution / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: light-worker\nVersion: 1\n"
    )
    lines = [f"{name}={module}\n" for name, module in workers.items()]
    (distribution / "entry_points.txt").write_text("[isthmus.workers]\n" + "".join(lines))
    return folder
