"""A whole gateway that runs inside the demonstration, and what an EHR would see of it over HTTP."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Final

from gateway.app import Gateway
from gateway.demo.console import say
from gateway.serve import serve_http
from profiles.outcome import OperationOutcomeError

PATIENCE_S: Final = 120.0
FHIR: Final = {"Content-Type": "application/fhir+json"}


class Running:
    """A gateway with its web server on a thread.

    Parameters
    ----------
    gateway : Gateway
        Composed, not yet started.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.base = f"http://127.0.0.1:{gateway.settings.http_port}"
        self._loop = asyncio.new_event_loop()
        self._halt = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Start gateway and web server, and wait until both answer."""
        self.gateway.start()
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.get("/livez")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise OperationOutcomeError("timeout", "the web server did not start")

    def stop(self) -> None:
        """Stop everything; nothing stays behind but the data folder."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._halt.set)
            self._thread.join(timeout=10)
        self.gateway.stop()

    def get(self, path: str) -> Any:
        """What a GET answers."""
        return self._ask(urllib.request.Request(self.base + path))  # noqa: S310 - our own loopback server

    def post(self, path: str, resource: dict[str, Any]) -> Any:
        """What a POST answers."""
        body = json.dumps(resource).encode()
        return self._ask(urllib.request.Request(self.base + path, body, FHIR))  # noqa: S310 - as above

    def found(self, query: str) -> list[dict[str, Any]]:
        """The resources that a search finds."""
        return [entry["resource"] for entry in self.get(f"/fhir/{query}").get("entry", ())]

    def follow(self, query: str, *, awaited: str = "") -> dict[str, Any]:
        """Watch the Task that a search finds until it ends or is in an awaited state; the Task."""
        started, shown = time.monotonic(), ""
        while time.monotonic() - started < PATIENCE_S:
            task = next(iter(self.found(query)), None)
            state = "Waiting" if task is None else task["businessStatus"]["coding"][0]["display"]
            if state != shown:
                say(f"  {time.monotonic() - started:5.1f} s  Task: {state}\n")
                shown = state
            if task is not None and (
                task["status"] in ("completed", "failed") or state_of(task) == awaited
            ):
                return task
            time.sleep(0.05)
        raise OperationOutcomeError("timeout", "a Task did not end in time")

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(serve_http(self.gateway, self.gateway.settings, self._halt))

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = json.loads(error.read() or b"{}")
            texts = [issue.get("diagnostics", "") for issue in said.get("issue", ())]
            raise OperationOutcomeError(
                "exception", " ".join(texts) or f"HTTP {error.code}"
            ) from None


def state_of(task: dict[str, Any]) -> str:
    """The code of a Task's business status."""
    return str(task["businessStatus"]["coding"][0]["code"])
