"""Log lines: one event, fixed keys, never patient data.

An event name and its keys are written by us; nothing that a peer sent is ever put into a line. JSON
unless a terminal reads along.
"""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Final, TextIO

QUOTING: Final = ("pydicom", "pynetdicom", "dicomweb_client", "highdicom", "pypdf")
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


class EventFormatter(logging.Formatter):
    """Formats a record as one line: JSON, or ``time level event key=value`` for people."""

    def __init__(self, *, for_people: bool) -> None:
        super().__init__()
        self._for_people = for_people

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        keys = {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            # The type and the place, not the message: a message may quote what was sent.
            error, trace = record.exc_info[1], record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            keys["error"] = type(error).__name__
            if trace is not None:
                keys["at"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        if self._for_people:
            pairs = " ".join(f"{key}={value}" for key, value in keys.items())
            return f"{moment} {record.levelname:<7} {record.getMessage()} {pairs}".rstrip()
        line = {"time": moment, "level": record.levelname, "event": record.getMessage(), **keys}
        return json.dumps(line, default=str)


def configure_logging(level: str) -> None:
    """Send our events to standard error; of the libraries only where something was remarkable.

    Their messages quote the values they stumble over, and those may be a patient's.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter(for_people=sys.stderr.isatty()))
    ours = logging.getLogger("isthmus")
    ours.handlers[:] = [handler]
    ours.setLevel(level)
    ours.propagate = False
    for library in QUOTING:
        quiet = logging.getLogger(library)
        quiet.handlers[:] = [logging.NullHandler()]
        quiet.propagate = False
    warnings.showwarning = _without_message


def _without_message(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as an event: its kind and place, not its text."""
    del message, file, line
    at = f"{filename}:{lineno}"
    logging.getLogger("isthmus").info("warning", extra={"kind": category.__name__, "at": at})
