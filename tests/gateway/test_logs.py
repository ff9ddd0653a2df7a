"""Log lines hold events and keys, and never what a patient or a peer has said."""

import json
import subprocess
import sys

from tests.make_gateway import ROOT

SPEAKS = """
import logging, warnings
from gateway.logs import configure_logging
configure_logging("INFO")
log = logging.getLogger("isthmus.test")
log.info("task.done", extra={"task": "t1", "ms": 5})
try:
    raise ValueError("Doe^Jane")
except ValueError:
    log.exception("task.exception")
warnings.warn("Invalid value for VR LO: 'Doe^Jane'")
logging.getLogger("pydicom").warning("Doe^Jane")
logging.getLogger("pynetdicom.acse").error("Doe^Jane")
"""


def _lines() -> list[str]:
    spoken = subprocess.run(
        [sys.executable, "-c", SPEAKS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return spoken.stderr.splitlines()


def test_nothing_that_was_sent_is_in_a_line():
    """Messages of exceptions, warnings and libraries are left out; their kind and place stay."""
    lines = _lines()
    assert "Doe" not in "".join(lines)
    assert {"ValueError", "UserWarning"} <= {
        json.loads(line).get("error") or json.loads(line).get("kind") for line in lines
    }


def test_a_line_is_one_event_with_its_keys():
    """Every line is JSON with time, level, event and the keys that were given."""
    first = json.loads(_lines()[0])
    assert (
        first["level"],
        first["event"],
        first["task"],
        first["ms"],
    ) == ("INFO", "task.done", "t1", 5)
