"""Whatever Claim arrives: it is stored and answered, or refused; never an internal error."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from adapters.store import Store, Transaction, open_store
from gateway.arrivals import arrivals
from gateway.http import Services, build_app
from gateway.interactions.write import Writes
from gateway.settings import load_settings
from profiles.admission import issues, require_admissible
from profiles.builders.claim_response import response_id
from tests.make_any_claim import CLAIMS, FRAME, whole
from tests.make_claim import COVERAGE, INSURER, PATIENT, PROVIDER
from tests.make_terminology import terminology_folder

STATUS = st.sampled_from(("active", "active", "active", "cancelled", "entered-in-error", "draft"))
IDENTIFIERS = st.lists(
    st.fixed_dictionaries(
        {"system": st.just("http://test.example/x|,$"), "value": st.sampled_from(("1", "a,b|c\\d"))}
    ),
    max_size=1,
)


@pytest.fixture(scope="module")
def payer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path, TestClient]]:
    """A store with the parties of the Claims, a data folder with ICD-10-CM, and a browser."""
    folder: Path = tmp_path_factory.mktemp("payer")
    (folder / "terminology").symlink_to(terminology_folder())
    store = open_store(folder / "store")
    for one in (PATIENT, COVERAGE, INSURER, PROVIDER):
        store.transact(lambda tx, one=one: tx.put(one))
    site = replace(load_settings({}), data=str(folder))
    services = Services(request_analysis=lambda *_: "", on_created=arrivals(site))
    with TestClient(build_app(store, site, services), raise_server_exceptions=False) as browser:
        yield store, folder, browser
    store.close()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(CLAIMS, FRAME, STATUS, IDENTIFIERS, st.sampled_from(("a", "b", "c")))
def test_any_claim_is_answered_or_refused(
    payer: tuple[Store, Path, TestClient],
    claim: dict[str, Any],
    frame: dict[str, Any],
    status: str,
    identifiers: list[dict[str, Any]],
    key: str,
) -> None:
    """Claims of any shape, again and again under a few ids, leave valid answers that have a page."""
    store, folder, browser = payer
    arrived = arrivals(replace(load_settings({}), data=str(folder)))
    made = {**whole(claim, frame), "status": status, "id": key}
    if identifiers:
        made["identifier"] = identifiers
    if any(one[0] == "error" for one in issues(made, warnings=False)):
        return

    def work(tx: Transaction) -> None:
        Writes(tx, "http://test.example/fhir", arrived).update(made)

    store.transact(work)
    answer = store.current("ClaimResponse", response_id(key))
    if answer is not None:
        assert browser.get(f"/received/{response_id(key)}").status_code == 200
    if status == "active":
        assert answer is not None
        require_admissible(answer.json())
        assert answer.json()["status"] == "active"
    elif answer is not None and status in ("cancelled", "entered-in-error"):
        assert answer.json()["status"] == status
