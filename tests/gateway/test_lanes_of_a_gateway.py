"""A site chooses which lanes of AI workers run in a gateway."""

from dataclasses import replace

import pytest

from gateway.app import compose
from gateway.doctor import CHECKS
from gateway.settings import Settings, load_settings
from profiles.outcome import OperationOutcomeError


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a gateway that is composed and never started."""
    return replace(load_settings({}), data=str(tmp_path / "store"), dicom_port=0)


def _lanes(settings: Settings) -> set[str]:
    gateway = compose(settings)
    gateway.store.close()
    return {process.lane for process in gateway.runner.lanes}


def test_the_lanes_that_are_named_run_and_no_others(settings):
    """Without the setting every lane runs."""
    assert _lanes(replace(settings, lanes=("scribe", "coding"))) == {"scribe", "coding"}
    assert _lanes(settings) > {"scribe", "coding"}


def test_a_lane_that_no_worker_has_stops_the_start(settings):
    """A typing error would leave jobs undone."""
    with pytest.raises(OperationOutcomeError, match="scribe") as refused:
        compose(replace(settings, lanes=("scrib",)))
    assert refused.value.kind.code == "value"


def test_doctor_says_which_workers_the_setting_leaves_out(settings):
    """Their Tasks wait, unless another gateway does them."""
    check = next(check for check in CHECKS if check.__name__ == "_workers")
    found = {one.subject: one for one in check(replace(settings, lanes=("coding",)))}
    assert found["worker code"].state == "ok"
    assert found["worker scribe"].state == "off"
    assert "setting lanes" in found["worker scribe"].text
