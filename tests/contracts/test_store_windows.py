"""Several bounds of one parameter find together what each of them finds alone (R4 search.html#combining)."""

from itertools import product

import pytest

from adapters.store import Store
from tests.contracts.search_plans import PLANS, force, pages

UCUM = "http://unitsofmeasure.org"
DATES = (
    *(
        "2020",
        "2020-02",
        "2020-02-28",
        "2020-02-28T10:00:00Z",
        "2020-03-01T00:00:00Z",
        "2021-06-30",
    ),
    {"start": "2020-02-27", "end": "2020-02-29"},
    {"start": "2019-01-01", "end": "2020-02-28T12:00:00Z"},
    {"start": "2020-02-28"},
    {"end": "2020-02-28"},
    {"start": "2018-01-01"},
)
AMOUNTS = ((5.4, "mg"), (5.5, "mg"), (0.0054, "g"), (6, "mg"), (4, "mg"), (-1, "mg"), (5.4, "s"))


def _observation(key: str, **elements: object) -> dict:
    fixed = {"status": "final", "code": {"text": "a"}}
    return {"resourceType": "Observation", "id": key, **fixed, **elements}


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with ranges of every length, quantities in several units, and goals with several dates."""
    made = []
    for at, date in enumerate(DATES):
        name = "effectivePeriod" if isinstance(date, dict) else "effectiveDateTime"
        made.append(_observation(f"d{at}", **{name: date}))
    for at, (value, unit) in enumerate(AMOUNTS):
        quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
        made.append(_observation(f"q{at}", valueQuantity=quantity))
    targets = [{"dueDate": "2020-01-01"}, {"dueDate": "2022-01-01"}]
    made.append({"resourceType": "Goal", "id": "g", "target": targets})
    store.transact(lambda tx: [tx.put(one) for one in made])
    return store


def _found(store: Store, pairs: list[tuple[str, str]], kind: str = "Observation") -> set[str]:
    return {match.id for match in store.search(kind, pairs).matches}


@pytest.mark.parametrize("plan", PLANS)
def test_bounds_of_a_date_hold_together(filled, monkeypatch, plan):
    """Every pair of prefixes, listed and walked: what both searches find on their own."""
    force(monkeypatch, plan)
    prefixes = ("", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
    first = {one: _found(filled, [("date", f"{one}2020-02-28")]) for one in prefixes}
    second = {one: _found(filled, [("date", f"{one}2020-03")]) for one in prefixes}
    for low, high in product(prefixes, repeat=2):
        pairs = [("date", f"{low}2020-02-28"), ("date", f"{high}2020-03")]
        assert _found(filled, pairs) == first[low] & second[high], pairs
        assert _found(filled, [*pairs, ("_sort", "-date")]) == first[low] & second[high], pairs
    three = [("date", "ge2020-02-28"), ("date", "lt2020-03"), ("date", "ne2020-02-28")]
    assert _found(filled, three) == first["ge"] & second["lt"] & first["ne"]


def test_an_order_by_the_bounded_date_is_walked_as_it_is_listed(filled, monkeypatch):
    """From where the window begins, long ranges at their place, page by page."""
    asked = [
        [("date", low), ("date", high), ("_sort", sort)]
        for low, high in product(
            ("ge2020-02-28", "gt2019", "ap2020-02-28"), ("lt2020-03", "le2021")
        )
        for sort in ("date", "-date", "-date,_id", "date,-status")
    ]
    asked += [
        [("date", "lt2020-03"), ("_sort", "-date")],
        [("date", "ge2020-03"), ("_sort", "date")],
    ]
    listed = [_walk(filled, pairs, "50") for pairs in asked]
    assert all(listed)
    force(monkeypatch, "walked")
    monkeypatch.setattr("adapters.sql.search.groups.NEAR", 0)
    for count in ("1", "2", "50"):
        for pairs, expected in zip(asked, listed, strict=True):
            assert _walk(filled, pairs, count) == expected, pairs


def _walk(store: Store, pairs: list[tuple[str, str]], count: str) -> list[str]:
    every = pages(store, ("Observation",), [*pairs, ("_count", count)])
    return [match.id for page in every for match in page.matches]


def test_bounds_of_a_quantity_hold_together(filled):
    """In whatever unit the bounds and the amounts are."""
    bounds = [
        f"{one}{text}" for one in ("gt", "le", "ne", "") for text in ("5.4", f"5.4|{UCUM}|mg")
    ]
    found = {one: _found(filled, [("value-quantity", one)]) for one in bounds}
    for low, high in product(bounds, repeat=2):
        pairs = [("value-quantity", low), ("value-quantity", high)]
        assert _found(filled, pairs) == found[low] & found[high], pairs
    either = [("value-quantity", "gt5.4,lt0"), ("value-quantity", "lt5.5")]
    assert _found(filled, either) == {"q5"}


def test_bounds_may_be_met_by_different_values(filled):
    """A goal with one date before and one after a window satisfies both bounds, each by another date."""
    assert _found(filled, [("target-date", "gt2021"), ("target-date", "lt2021")], "Goal") == {"g"}
