"""Every search parameter of R4 finds what has its value, and nothing else (R4 searchparameter-registry)."""

from collections.abc import Iterator

import pytest

from adapters.store import Store, open_store
from profiles.definitions.r4 import definitions
from profiles.fhirpath.engine import compile_expression
from profiles.search.parameters import ASSOCIATED_ENCOUNTER, SearchParameter, parameters_of
from profiles.search.request import understand
from tests.make_searchable import Case, cases

OTHERWISE = {"_id", "_lastUpdated", "_text", "_content", "_list", "_query", ASSOCIATED_ENCOUNTER}
"""Parameters that no element has, and the one that is ours."""
NO_PATH = {("Patient", "deceased")}


def _parameters() -> Iterator[tuple[str, SearchParameter]]:
    """By type; those of every type for one of them."""
    for kind in sorted(definitions().resources):
        for code, parameter in parameters_of(kind).items():
            if code not in OTHERWISE and (kind == "Patient" or not code.startswith("_")):
                yield kind, parameter


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[tuple[Store, list[tuple[str, Case]]]]:
    """A store with two resources for each path of each parameter."""
    listed = [case for kind, parameter in _parameters() for case in cases(kind, parameter)]
    made = [(f"c{at}", case) for at, case in enumerate(listed)]
    store = open_store(tmp_path_factory.mktemp("every") / "store", tends=False)
    for start in range(0, len(made), 300):
        batch = [
            {**resource, "id": key}
            for own, case in made[start : start + 300]
            for key, resource in ((own, case.found), (f"{own}-other", case.other))
        ]
        store.transact(lambda tx, batch=batch: [tx.put(one) for one in batch])
    yield store, made
    store.close()


def test_every_parameter_has_a_resource_to_find():
    """None of R4 is left out of this table, but for one that says whether there is a value at all."""
    without = {(kind, one.code) for kind, one in _parameters() if not list(cases(kind, one))}
    assert without == NO_PATH


def test_every_parameter_finds_its_value_and_no_other(filled):
    """By each path of its expression, and not the resource with another value at the same place."""
    store, made = filled
    wrong = []
    for key, case in made:
        pairs = [("_id", f"{key},{key}-other"), (case.code, case.query)]
        page = store.run(understand((case.kind,), pairs, store.registry.searchable))
        if [match.id for match in page.matches] != [key]:
            wrong.append((case.kind, case.code, case.query))
    assert wrong == []


def test_every_expression_has_a_value_in_what_is_found(filled):
    """As FHIRPath evaluates it, which knows nothing of how values are indexed."""
    _, made = filled
    wrong = []
    for key, case in made:
        expression = parameters_of(case.kind)[case.code].expression
        if not list(compile_expression(expression).evaluate({**case.found, "id": key})):
            wrong.append((case.kind, case.code, expression))
    assert wrong == []
