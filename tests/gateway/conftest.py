"""The FHIR endpoint on a real store, without lanes: what HTTP alone promises."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.store import Store, open_store
from gateway.arrivals import arrivals
from gateway.http import Services, build_app
from gateway.settings import load_settings


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of the endpoint."""
    limits = {"max_body_bytes": 100_000, "max_content_bytes": 4_000_000}
    settings = replace(load_settings({}), data=str(tmp_path / "store"), **limits)
    services = Services(request_analysis=lambda *_: "", on_created=arrivals(settings))
    with TestClient(
        build_app(store, settings, services), raise_server_exceptions=False
    ) as connected:
        yield connected


@pytest.fixture
def send_bundle(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Send entries as a batch or transaction; the answer, whose status is what was expected."""

    def send(kind: str, *entries: Any, status: int = 200, **headers: str) -> dict[str, Any]:
        bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
        sent = {"Content-Type": "application/fhir+json", **headers}
        answer = client.post("/fhir", json=bundle, headers=sent)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return send
