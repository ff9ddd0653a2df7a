"""A total counts resources; pages without an order go from the newest on (R4 search.html#count)."""

import pytest

from adapters.store import Store
from tests.contracts.search_plans import PLANS, force, pages

SYSTEMS = ("http://a.example", "http://b.example", None)


def _observation(number: int) -> dict:
    """One whose code stands in several systems, and whose components have a quantity each."""
    codings = [{"code": "x", **({"system": one} if one else {})} for one in SYSTEMS]
    parts = [{"code": {"text": "part"}, "valueQuantity": {"value": 5 + at}} for at in range(3)]
    fixed = {"status": "final", "code": {"coding": codings}, "component": parts}
    return {"resourceType": "Observation", "id": f"o{number}", **fixed}


@pytest.fixture(params=PLANS)
def filled(request, store: Store, monkeypatch) -> Store:
    """Five of them, in the order of their numbers; one is deleted."""
    force(monkeypatch, request.param)
    for number in range(6):
        store.transact(lambda tx, n=number: tx.put(_observation(n)))
    store.transact(lambda tx: tx.delete("Observation", "o2"))
    return store


@pytest.mark.parametrize(
    "condition",
    [
        ("code", "x"),
        ("code", "|x"),
        ("code", "http://a.example|x"),
        ("code", "http://a.example|x,http://b.example|x"),
        ("code", "http://a.example|"),
        ("component-value-quantity", "gt4"),
        ("component-value-quantity", "gt4,lt9"),
    ],
)
@pytest.mark.parametrize("more", [[], [("status", "final")]], ids=["alone", "with another"])
def test_a_resource_that_matches_in_several_ways_is_counted_once(filled, condition, more):
    """As an accurate total, as a total that is cheap, and by a summary that only counts."""
    asked = [condition, *more]
    for extra in ([("_summary", "count")], [("_total", "accurate"), ("_count", "1")], []):
        assert filled.search("Observation", [*asked, *extra]).total == 5, extra
    cheap = filled.search("Observation", [*asked, ("_count", "1")]).total
    assert cheap in (5, None)


@pytest.mark.parametrize("count", ["1", "2", "5", "50"])
@pytest.mark.parametrize(
    "asked",
    [
        [],
        [("code", "x")],
        [("component-value-quantity", "gt4")],
        [("component-value-quantity", "gt4"), ("component-value-quantity", "lt6")],
        [("component-value-quantity", "gt4"), ("status", "final")],
    ],
)
def test_pages_without_an_order_go_from_the_newest_on_and_say_each_once(filled, asked, count):
    """Also when the resource at the end of a page is deleted before the next one is asked for."""
    found: list[str] = []
    for page in pages(filled, ("Observation",), [*asked, ("_count", count)]):
        first = not found
        found += [match.id for match in page.matches]
        if first and page.after is not None:
            filled.transact(lambda tx, last=found[-1]: tx.delete("Observation", last))
    assert found == ["o5", "o4", "o3", "o1", "o0"]
