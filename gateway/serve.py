"""``isthmus serve``: the gateway in one process, its lanes in processes of their own."""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from gateway.app import Gateway, compose
from gateway.logs import configure_logging
from gateway.ports import require_free_ports
from gateway.settings import Settings, load_settings, require_loopback
from gateway.terminology_base import BaseRelease


def main(arguments: Sequence[str]) -> int:
    """Serve until interrupted; the exit status of the process."""
    parser = argparse.ArgumentParser(
        prog="isthmus serve",
        description="Run the gateway. Every setting is an ISTHMUS_ variable: see `isthmus settings`.",
    )
    parser.parse_args(arguments)
    settings = load_settings()
    require_loopback(settings.host)
    require_free_ports(settings)
    configure_logging(settings.log_level)
    # Parsed Bundles are many objects and no cycles: the default thresholds search them over and over.
    gc.set_threshold(200_000, 50, 100)
    gateway = compose(settings)
    gateway.start()
    base = BaseRelease(Path(settings.data))
    base.start()
    say = sys.stderr.write
    say(f"FHIR   http://{settings.host}:{settings.http_port}/fhir\n")
    say(f"DICOM  {settings.ae_title}@{settings.host}:{gateway.scp.port}\n")
    try:
        # A quarter more creates per second than on the loop of asyncio (decision 0020).
        uvloop.run(serve_http(gateway, settings, asyncio.Event()))
    finally:
        base.stop()
        gateway.stop()
    return 0


async def serve_http(gateway: Gateway, settings: Settings, stop: asyncio.Event) -> None:
    """Serve HTTP on the embedded granian until SIGINT, SIGTERM or ``stop``."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ValueError, RuntimeError):  # not the main thread: the caller stops us
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    server = Server(
        gateway.http,
        address=settings.host,
        port=settings.http_port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=True,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
        return
    server.stop()  # type: ignore[no-untyped-call]
    await serving
