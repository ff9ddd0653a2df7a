"""The composition root: the only place where the parts meet.

Settings are read once, here; every room below gets plain arguments.
"""

import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from adapters.dimse.peers import Peers
from adapters.dimse.scp import Received, StorageScp
from adapters.payer.payers import load_payers
from adapters.store import Store, open_store
from gateway.arrivals import arrivals
from gateway.claim_x12 import site_of
from gateway.coding_arrival import CODING_LANE
from gateway.fetch import FETCH_LANE, Fetch
from gateway.http import Services, build_app
from gateway.inquire_job import Inquire
from gateway.intake import Intake, Settle
from gateway.lane import IMAGING_LANE, Handler, Lane, Retry
from gateway.live.engine import listener
from gateway.live.sessions import Sessions
from gateway.operations.job import OPERATION_LANE, RunOperation
from gateway.payers import Payers
from gateway.runner import Runner, lane_command
from gateway.settings import Settings
from gateway.submission import PAYER_LANE, require_setting
from gateway.submission_end import Waits
from gateway.submit_job import Submit
from ml.worker import missing, workers
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.gateway")

PAYER_LANES = 4
PAYER_JOB_S = 3600.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """The running parts of one gateway process."""

    settings: Settings
    store: Store
    intake: Intake
    scp: StorageScp
    runner: Runner
    lanes: tuple[Lane, ...]
    live: Sessions
    http: ASGIApp

    def start(self) -> None:
        """Start the SCP, the lanes of processes and threads; the web server is started by its caller."""
        self.store.blobs.sweep()
        self.runner.start()
        for lane in self.lanes:
            threading.Thread(target=lane.run, name="lane", daemon=True).start()
        self.live.start()
        self.scp.start()
        log.info("gateway.started", extra={"dicom_port": self.scp.port})

    def stop(self) -> None:
        """Stop taking in, then end the lanes, then close the store."""
        self.scp.stop()
        self.live.stop()
        for lane in self.lanes:
            lane.stop()
        self.runner.stop()
        self.store.close()


def compose(settings: Settings) -> Gateway:
    """Build every part of the gateway from its settings."""
    lanes = _lane_commands(settings)
    store = open_store(
        Path(settings.data), database=settings.database, reserve_bytes=settings.reserve_bytes
    )
    site_of(settings)  # a malformed X12 address stops the start, not the first Claim
    require_setting(settings.claim_submission)
    payers = Payers(store, load_payers(settings.payers), settings.payer_servers)
    arrived = arrivals(settings, payers)
    intake = Intake(
        store,
        Settle(
            released_min=settings.quiet_released_s,
            open_min=settings.quiet_open_s,
            open_max=max(settings.quiet_open_s, settings.quiet_max_s),
            count_wait=settings.count_wait_s,
        ),
        on_audio=arrived,
    )
    fetch = Fetch(store, intake, settings.dicomweb_servers)
    runner = Runner(store, lanes, settings.database)

    def received(instance: Received) -> None:
        intake.store_instance(
            instance.header,
            instance.part10,
            sender=instance.calling_ae,
            association=instance.association,
        )

    scp = StorageScp(
        settings.host,
        settings.dicom_port,
        settings.ae_title,
        on_instance=received,
        on_association_end=intake.association_ended,
        peers=Peers(
            called_ae_titles=frozenset(settings.called_ae_titles),
            calling_ae_titles=frozenset(settings.calling_ae_titles),
            addresses=frozenset(settings.peer_addresses),
        ),
    )
    live = Sessions(store, settings, arrived)
    services = Services(
        request_analysis=lambda study_id, parameters: intake.request_analysis(
            store.read("ImagingStudy", study_id).json(), parameters
        ),
        on_created=arrived,
        call_lane=runner.call,
        lanes_alive=lambda: all(lane.pid is not None for lane in runner.lanes),
        payers=payers,
        live=live,
        listen=listener(settings, runner.call),
    )
    return Gateway(
        settings=settings,
        store=store,
        intake=intake,
        scp=scp,
        runner=runner,
        lanes=(
            Lane(
                store,
                FETCH_LANE,
                {"fetch": fetch},
                timeout_s=settings.fetch_timeout_s,
                rest_s=0.05,
            ),
            Lane(
                store,
                OPERATION_LANE,
                {"operation": RunOperation(store)},
                timeout_s=settings.fetch_timeout_s,
                rest_s=0.05,
            ),
            *_payer_lanes(store, payers, settings),
        ),
        live=live,
        http=build_app(store, settings, services),
    )


def _payer_lanes(store: Store, payers: Payers, settings: Settings) -> list[Lane]:
    """Several where there are payers: one that is slow does not hold up the Claims of the others."""
    waits = Waits(settings.payer_retry_s, settings.payer_poll_s)
    handlers: dict[str, Handler] = {
        "submit": Submit(store, payers, waits),
        "inquire": Inquire(store, payers, waits),
    }
    # The job itself says when it is due again; what is meant here is a fault of ours.
    retry = Retry(attempts=1000, deaths=10_000, first_s=30.0, factor=1.0)
    return [
        Lane(store, PAYER_LANE, handlers, timeout_s=PAYER_JOB_S, retry=retry, rest_s=0.2)
        for _ in range(PAYER_LANES if settings.payers or settings.payer_servers else 1)
    ]


def _lane_commands(settings: Settings) -> list[tuple[str, tuple[str, ...]]]:
    """One process per lane that is to run here and has a worker which can.

    Raises
    ------
    OperationOutcomeError
        ``value`` for a lane that no worker has: nobody would do its jobs.
    """
    specs = [worker.SPEC for worker in workers().values()]
    known = {spec.lane for spec in specs}
    wanted = set(settings.lanes) or known
    if wanted - known:
        raise OperationOutcomeError(
            "value",
            f"setting lanes names one that no worker has; there are {sorted(known)}",
            "lanes",
        )
    runnable = {spec.lane for spec in specs if not missing(spec)} & wanted
    for lane in sorted(({IMAGING_LANE, CODING_LANE} & wanted) - runnable):
        log.warning("lane.off", extra={"lane": lane, "see": f"{sys.argv[0]} doctor"})
    return [
        (lane, lane_command(settings.data, lane, settings.models, settings.log_level))
        for lane in sorted(runnable)
        for _ in range(settings.lane_processes)
    ]
