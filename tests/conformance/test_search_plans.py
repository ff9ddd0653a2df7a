"""How the measured searches are run on the embedded store: a plan that turns bad costs a hundredfold."""

from urllib.parse import parse_qsl

import pytest

from adapters.store import open_store
from conformance.fhir_load import SHAPES
from conformance.fhir_record import fill

WALKS = {"sort by name", "_sort=-_lastUpdated", "_has, common code"}
"""These read their type or parameter in order and stop at the end of the page."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store whose common codes are common enough to be walked."""
    folder = tmp_path_factory.mktemp("plans")
    fill(folder, 1000, 8000)
    store = open_store(folder)
    yield store
    store.close()


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - WALKS))
def test_every_table_is_entered_by_a_value(shape, filled):
    """Nothing is read whole, and no row of a parameter without a bound on its value or its resource."""
    connection = filled._reader().connection
    asked = []
    connection.exec_trace = lambda cursor, sql, bindings: asked.append((sql, bindings)) or True
    kind, _, query = SHAPES[shape].partition("?")
    assert filled.search(kind, parse_qsl(query), base="http://h").matches
    connection.exec_trace = None
    steps = [
        row[3]
        for sql, bindings in asked
        if sql.startswith(("SELECT", "WITH"))
        for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)
    ]
    assert any(step.startswith("SEARCH") for step in steps)
    whole = ("SCAN res", "SCAN hist", "SCAN s_", "SCAN t", "SCAN r", "SCAN x", "SCAN e")
    bad = [
        step
        for step in steps
        if step.startswith(whole) or step.endswith(("(sp=?)", "(rt=?)")) or "AUTOMATIC" in step
    ]
    assert bad == []
