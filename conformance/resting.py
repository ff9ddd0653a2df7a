"""When a gateway has nothing left to do, and how much memory it took (proc(5))."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from conformance.running import RunningGateway

PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.5
_LOOK_SELDOM_S: Final = 20.0
_LITTLE: Final = 0.15
"""Of a processor, by each gateway: its lanes look for work."""


def until_words_are_indexed(gateway: RunningGateway, told: Callable[[str], object]) -> None:
    """Wait until a search for words has nothing to add: after a large load that takes minutes."""
    while said := [
        issue["diagnostics"]
        for entry in gateway.get("Patient?_content=nothing&_count=1").get("entry", ())
        for issue in entry["resource"].get("issue", ())
    ]:
        told(said[0])
        time.sleep(_LOOK_SELDOM_S)


def until_they_rest(*gateways: RunningGateway) -> None:
    """Wait until gateways and their lanes use little of a processor: then one load is measured alone."""
    running = [one.process.pid for one in gateways if one.process is not None]
    before, deadline = -1.0, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        used = sum(_used_s(one) for pid in running for one in (pid, *_below(pid)))
        if before >= 0 and used - before <= _LITTLE * _LOOK_S * len(running):
            return
        before = used
        time.sleep(_LOOK_S)


def _below(pid: int) -> list[int]:
    """The processes that one has started, and theirs (proc(5))."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found += [child, *_below(child)]
    return found


def _used_s(pid: int) -> float:
    """Processor time of a process in seconds; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(gateway: RunningGateway) -> int:
    """Peak memory of the gateway process in megabytes (proc(5), VmHWM)."""
    if gateway.process is None:
        return 0
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024
