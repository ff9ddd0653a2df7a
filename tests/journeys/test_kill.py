"""SIGKILL all over the way from acknowledgement to report: nothing acknowledged is lost or doubled."""

import contextlib
import math
import random
import threading
from pathlib import Path

import pytest

from profiles.outcome import OperationOutcomeError
from tests.make_gateway import GatewayProcess, wait_until
from tests.make_study import BLOCK_ML, SmallStudy, small_study

KILLS = {"gateway": 12, "lanes": 6, "both": 6}
"""How often each is killed."""
MEAN_S = 0.25
FILES = 8


def _kills() -> list[tuple[str, float]]:
    """Who is killed, and how long after the first acknowledgement, in an order of the dice.

    The moments of a victim are the middles of equally likely parts of an exponential distribution: twelve of
    them leave a smaller gap than twenty-five that are drawn, one of which is expected to be ln(25)/25 wide.
    """
    kills = [
        (victim, -MEAN_S * math.log(1 - (part + 0.5) / count))
        for victim, count in KILLS.items()
        for part in range(count)
    ]
    random.Random(20260102).shuffle(kills)  # noqa: S311 - repeatable dice
    return kills


def _send_and_be_killed(
    gateway: GatewayProcess, study: SmallStudy, victim: str, after_s: float
) -> set[Path]:
    """Send a study and kill something meanwhile; the files that were acknowledged."""
    acknowledged: set[Path] = set()
    first = threading.Event()

    def on_sent(file: Path, status: int) -> None:
        if status == 0:
            acknowledged.add(file)
            first.set()

    def kill() -> None:
        first.wait(10)
        pause.wait(after_s)  # the moment is the experiment: nothing is waited for
        if victim in ("lanes", "both"):
            gateway.kill_lanes()
        if victim in ("gateway", "both"):
            gateway.kill()

    pause = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    # The association may break: what was acknowledged counts, the rest is sent again.
    with contextlib.suppress(OperationOutcomeError):
        gateway.send(study.files, on_sent=on_sent)
    killer.join()
    if victim != "lanes":
        gateway.start()
    return acknowledged


@pytest.mark.kill
def test_acknowledged_instances_and_their_one_report_survive_kills(tmp_path: Path):
    """After every kill each acknowledged instance is there, and each study has exactly one current report."""
    gateway = GatewayProcess(tmp_path, light=True, lanes="imaging", quiet_open_s=0.3)
    gateway.start()
    acknowledged: dict[str, set[Path]] = {}
    try:
        for number, (victim, after_s) in enumerate(_kills()):
            study = small_study(tmp_path / str(number), f"kill-{number}", slices=FILES)
            first = _send_and_be_killed(gateway, study, victim, after_s)
            assert gateway.send(study.files) == [0] * FILES, "a resend is accepted"
            acknowledged[study.uid] = first | set(study.files)
        wait_until(
            lambda: (
                gateway.request("GET", "/readyz")[1]["jobs_waiting"] == 0
                and gateway.request("GET", "/readyz")[1]["jobs_running"] == 0
            ),
            "every job to end",
        )
        for uid, files in acknowledged.items():
            study = gateway.imaging_study(uid)
            images = [s for s in study["series"] if s["modality"]["code"] == "MR"]
            assert len(files) == sum(s["numberOfInstances"] for s in images)
            report = gateway.report(uid)
            assert report["status"] == "preliminary"
            assert f"volume {BLOCK_ML:.2f} mL" in report["conclusion"]
    finally:
        gateway.stop()
