"""The base release of ICD-10-CM at the first start: made by a process of its own, while others are served."""

import logging
import subprocess
import sys
import threading
from pathlib import Path

from gateway.settings import TERMINOLOGY
from terminology.hcc_import import installed_is_current
from terminology.icd10cm.base import base_is_current

log = logging.getLogger("isthmus.terminology")


class BaseRelease:
    """Makes the release that is installed, where it is missing or was made of other files.

    Parameters
    ----------
    data : Path
        Data folder of the gateway.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        """Look and compile in the background; returns at once."""
        threading.Thread(target=self._run, name="terminology", daemon=True).start()

    def stop(self) -> None:
        """End what is not through; the next start begins anew."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.terminate()

    def _run(self) -> None:
        folder = self._data / TERMINOLOGY
        if base_is_current(folder) and installed_is_current(folder):
            return
        command = [sys.executable, "-m", "gateway.cli", "terminology", "base", "--background"]
        quiet = subprocess.DEVNULL
        with self._lock:
            if self._stopped:
                return
            self._process = subprocess.Popen(
                [*command, "--data", str(self._data.absolute())],
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
            )
        status = self._process.wait()
        level = logging.WARNING if status else logging.INFO
        log.log(level, "terminology.base", extra={"status": status})
