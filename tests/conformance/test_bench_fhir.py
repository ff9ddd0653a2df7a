"""``isthmus bench fhir`` measures running gateways, the small one and the large one in turns."""

import json

import pytest

from conformance import bench, fhir_growth, fhir_load
from conformance.fhir_record import lives

SHAPES = ("patient", "_has, rare code", "sort by name")


@pytest.fixture
def short(monkeypatch):
    """A record of 80 patients beside one of 160, and loads of a few requests."""
    monkeypatch.setattr(fhir_growth, "PATIENTS", 80)
    monkeypatch.setattr(fhir_growth, "EACH", 2)
    monkeypatch.setattr(fhir_growth, "SCALE", 2)
    monkeypatch.setattr(fhir_growth, "SHAPES", {name: fhir_load.SHAPES[name] for name in SHAPES})
    loads = {
        "create Observation": lambda port, _: fhir_load.writing(port, 20),
        "transaction import": lambda port, _: fhir_load.importing(port, 2),
        "crud of nine types": lambda port, _: fhir_load.crud(port, 2),
    }
    monkeypatch.setattr(fhir_growth, "LOADS", loads)


@pytest.mark.usefixtures("short")
def test_growth_compares_two_gateways_that_answer_every_request(capsys):
    """Each figure has both sides and their ratio; no request fails on either."""
    assert bench.main(["fhir", "--json", "--part", "growth", "--rounds", "1"]) == 0
    growth = json.loads(capsys.readouterr().out)["growth"]
    assert set(growth["search"]) == set(SHAPES)
    figures = [one for shape in growth["search"].values() for one in shape.values()]
    for name in fhir_growth.LOADS:
        assert growth[name]["failed"] == 0
        figures.append(growth[name]["ms"])
    assert all(one["small"] > 0 and one["large"] > 0 and one["ratio"] > 0 for one in figures)
    assert len(growth["rss_mb"]) == 2


def test_requests_of_a_resource_stay_in_order_on_one_connection():
    """Create, read, update, delete: each lane of the load has the four of a resource one after another."""
    lanes = 16
    sent = [one.split(b" ", 2)[:2] for one in lives(20, lanes)]
    for lane in range(lanes):
        mine = sent[lane::lanes]
        for at in range(0, len(mine), 4):
            assert [method for method, _ in mine[at : at + 4]] == [
                b"PUT",
                b"GET",
                b"PUT",
                b"DELETE",
            ]
            assert len({path for _, path in mine[at : at + 4]}) == 1
