"""Build the vectors of a coder's index in a process of its own, while the coder works without them.

``python -m ml.coding.vector_build MODELS TERMINOLOGY DATE`` leaves the processor to others and ends
with
the process that started it: that one holds the other end of its standard input.
"""

import atexit
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from ml.worker import Places

NICE: Final = 19
_STARTED: Final[list[subprocess.Popen[bytes]]] = []


def start_build(places: Places, service_date: str) -> None:
    """Start the build for the release of a date; it ends with this process at the latest."""
    command = [sys.executable, "-m", "ml.coding.vector_build"]
    quiet = subprocess.DEVNULL
    given = [str(places.models.absolute()), str(places.terminology.absolute()), service_date]
    started = subprocess.Popen(
        [*command, *given], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
    )
    if not _STARTED:
        atexit.register(_end_started)
    _STARTED.append(started)


def _end_started() -> None:
    for started in _STARTED:
        if started.stdin is not None:
            started.stdin.close()
        started.wait()


def main(arguments: list[str]) -> int:
    """Build, unless they are there or another process builds them."""
    os.nice(NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from ml.coding.coder import Coders  # it imports this module

    models, terminology, service_date = arguments
    coders = Coders(Places(Path(models), Path(terminology)))
    return 0 if coders.build_vectors(service_date, lambda *_: None) else 1


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
