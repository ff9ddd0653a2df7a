"""What a search finds, and in which order, does not depend on how it is run."""

from itertools import product

import pytest

from adapters.store import Store
from profiles.search.request import understand
from tests.contracts.search_plans import PLANS, force

UCUM = "http://unitsofmeasure.org"
CONDITIONS = (
    "",
    "code=b",
    "code=http://a.example|b",
    "code=a,b",
    "status=final",
    "status:not=final",
    "date=ge2020-06&date=lt2021-03",
    "date=lt2021",
    "value-quantity=gt3",
    "value-quantity=gt3&code=b",
    "combo-value-quantity=lt4",
    "date=ge2020-06&status=final",
    "patient.family=smi",
    "patient.family=smi&code=b",
    "patient.birthdate=ge1960&date=ge2020-06",
    "performer=Patient/p1&status=final",
    "_lastUpdated=ge2000&code=b",
    "patient:missing=false&date=ge2021",
)
SORTS = (
    "",
    "date",
    "-date",
    "_id",
    "-_lastUpdated",
    "value-quantity",
    "performer",
    "status",
    "-date,_id",
)
PATIENTS = (
    "family=smi",
    "birthdate=lt1970",
    "_has:Observation:patient:code=b",
    "gender=male&family=jon",
)


@pytest.fixture
def filled(store: Store) -> Store:
    """Observations with several values, with none, deleted and updated ones, and their patients."""
    people = [
        {
            "resourceType": "Patient",
            "id": f"p{at}",
            "name": [{"family": ("Smith", "Smilla", "Jones")[at % 3]}, {"family": "Jonas"}][
                : 1 + at % 2
            ],
            "gender": ("male", "female")[at % 2],
            "birthDate": f"19{50 + 7 * at % 40}-05-01",
        }
        for at in range(8)
    ]
    made = [_observation(at) for at in range(40)]
    for start in range(0, 40, 10):
        batch = [*people[start // 5 : start // 5 + 2], *made[start : start + 10]]
        store.transact(lambda tx, batch=batch: [tx.put(one) for one in batch])
    store.transact(lambda tx: [tx.put({**made[at], "status": "amended"}) for at in (3, 20)])
    store.transact(lambda tx: [tx.delete("Observation", f"o{at:02d}") for at in (7, 8, 39)])
    return store


def _observation(at: int) -> dict:
    """One of forty, each a little different."""
    codes = [
        {"system": f"http://{one}.example", "code": "ab"[at % 2]} for one in "ab"[: 1 + at % 3 % 2]
    ]
    parts = [{"code": {"text": "part"}, "valueQuantity": _grams(n)} for n in range(at % 4)]
    made = {
        "resourceType": "Observation",
        "id": f"o{at:02d}",
        "status": ("final", "amended", "preliminary")[at % 7 % 3],
        "code": {"coding": codes},
        "component": parts,
        "performer": [{"reference": f"Patient/p{at * n % 8}"} for n in range(1, at % 3 + 1)],
    }
    if at % 7:
        made["subject"] = {"reference": f"Patient/p{at % 8}"}
    if at % 5:
        made["effectiveDateTime"] = f"202{at % 3}-0{1 + at % 9}-01"
    elif at % 2:
        made["effectivePeriod"] = {"start": "2020-01-01", "end": f"202{at % 3}-12-01"}
    if at % 4:
        made["valueQuantity"] = _grams(at % 6)
    return {name: value for name, value in made.items() if value != []}


def _grams(value: float) -> dict:
    return {"value": value, "unit": "g", "system": UCUM, "code": "g"}


def _pages(store: Store, kind: str, asked: str, count: str) -> tuple[list[str], list[int]]:
    """Ids through all pages, and the totals that were given."""
    pairs = [tuple(part.split("=", 1)) for part in asked.split("&") if part]
    found, totals, after = [], [], None
    while True:
        request = understand((kind,), [*pairs, ("_count", count)], store.registry)
        page = store.run(request, after=after)
        found += [match.id for match in page.matches]
        totals += [] if page.total is None else [page.total]
        after = page.after
        if after is None:
            return found, totals


@pytest.mark.parametrize("sort", SORTS)
def test_observations_are_the_same_in_every_way(filled, monkeypatch, sort):
    """With any condition, order and size of page: each once, in one order, and no total is wrong."""
    asked = [f"{one}&_sort={sort}" if sort else one for one in CONDITIONS]
    expected = {}
    for plan, count in product(PLANS, ("50", "3")):
        force(monkeypatch, plan)
        for one in asked:
            found, totals = _pages(filled, "Observation", one, count)
            assert found == expected.setdefault(one, found), (one, plan, count)
            assert len(set(found)) == len(found)
            assert set(totals) <= {len(found)}, (one, plan, count)
    assert [one for one in asked if not expected[one]] == []


def test_patients_are_the_same_in_every_way(filled, monkeypatch):
    """By their names, their birth, and by what refers to them."""
    expected = {}
    for plan, count in product(PLANS, ("50", "1")):
        force(monkeypatch, plan)
        for one, sort in product(PATIENTS, ("", "&_sort=family", "&_sort=-birthdate")):
            found, totals = _pages(filled, "Patient", one + sort, count)
            assert found == expected.setdefault(one + sort, found), (one, sort, plan, count)
            assert set(totals) <= {len(found)}
    assert all(expected.values())
