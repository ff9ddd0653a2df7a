"""The command ``isthmus demo``: makes a gateway on a fresh folder and plays the journeys."""

import argparse
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gateway.demo
from gateway.app import compose
from gateway.demo.coding import CodingJourney, TrialPayer, load_site_list
from gateway.demo.console import say
from gateway.demo.running import Running
from gateway.demo.visit import VisitJourney
from gateway.logs import configure_logging
from gateway.ports import free_ports
from gateway.settings import load_settings
from ml.worker import missing, workers


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration; 0 when every journey came to what is known of its input."""
    parser = argparse.ArgumentParser(prog="isthmus demo", description=gateway.demo.__doc__)
    parser.add_argument("--once", action="store_true", help="end after the results are shown")
    parser.add_argument("--data", type=Path, default=Path("isthmus-demo"), help="data folder")
    parser.add_argument("--seed", type=int, default=1, help="which phantom")
    chosen = parser.parse_args(arguments)
    configure_logging("WARNING")
    folder = chosen.data / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder.mkdir(parents=True, exist_ok=True)
    say(
        "This is a demonstration: no authentication, loopback only, phantom images and an invented\n"
        "patient.\n"
    )
    load_site_list(folder)
    with TrialPayer(folder) as payer:
        http_port, dicom_port = free_ports(2)
        settings = replace(
            load_settings(),
            data=str(folder),
            http_port=http_port,
            dicom_port=dicom_port,
            log_level="WARNING",
            payers=str(payer.file),
            claim_submission="auto",
        )
        running = Running(compose(settings))
        try:
            running.start()
            agreed = _play(running, chosen.seed)
            if not chosen.once:
                say("\nRunning until Ctrl-C.\n")
                threading.Event().wait()
        finally:
            running.stop()
    return 0 if agreed else 1


def _play(running: Running, seed: int) -> bool:
    """Play every journey whose worker can run here; whether each came out right."""
    here = {name for name, worker in workers().items() if not missing(worker.SPEC)}
    agreed, ways_in = [], []
    if "analyze" in here:
        from gateway.demo.imaging import ImagingJourney

        imaging = ImagingJourney(running)
        agreed.append(imaging.play(seed))
        ways_in.append(imaging.show_ways_in)
    if "code" in here:
        agreed.append(CodingJourney(running).play())
    if "scribe" in here:
        agreed.append(VisitJourney(running).play())
    say(f"\nOpen      {running.base}/\n")
    for show in ways_in:
        show()
    say(f"Store     {running.gateway.settings.data}/isthmus.sqlite\n")
    return all(agreed) and bool(agreed)
