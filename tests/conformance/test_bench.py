"""``isthmus bench`` prints every figure on a line of its own, or one JSON object."""

import json

import pytest

from conformance import bench


@pytest.fixture
def measured(monkeypatch):
    """A benchmark whose result is known."""
    monkeypatch.setitem(bench.BENCHES, "coding", ("tests.conformance.test_bench:run", "known"))


def run(rounds):
    """A nested result."""
    return {"rounds": rounds, "speed": {"median": 0.5, "of": {"p95": 0.9}}}


@pytest.mark.usefixtures("measured")
def test_figures_stand_under_the_path_of_their_names(capsys):
    """People read one figure a line, however deep it stands in the result."""
    assert bench.main(["coding", "--rounds", "3"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["rounds", "3"], ["speed.median", "0.5"], ["speed.of.p95", "0.9"]]


@pytest.mark.usefixtures("measured")
def test_a_script_reads_json(capsys):
    """--json prints the result as it is."""
    bench.main(["coding", "--json"])
    assert json.loads(capsys.readouterr().out)["speed"]["of"] == {"p95": 0.9}
