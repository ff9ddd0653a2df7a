"""What a search finds, and in which order, does not depend on how it is run."""

from itertools import product

import pytest

from adapters.store import Store
from tests.contracts.search_plans import PLANS, force, pages

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


def _pages(store: Store, kinds: str, asked: str, count: str) -> tuple[list[str], list[int]]:
    """Ids through all pages, and the totals that were given."""
    pairs = [tuple(part.split("=", 1)) for part in asked.split("&") if part]
    found, totals = [], []
    for page in pages(store, kinds.split(","), [*pairs, ("_count", count)]):
        found += [match.id for match in page.matches]
        totals += [] if page.total is None else [page.total]
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


def test_a_composite_orders_by_its_parts_one_after_another(filled, monkeypatch):
    """Both ways, page by page."""
    for plan, down, count in product(PLANS, ("", "-"), ("50", "3")):
        force(monkeypatch, plan)
        whole, _ = _pages(filled, "Observation", f"_sort={down}code-value-quantity", count)
        parts = f"_sort={down}code,{down}value-quantity"
        assert whole == _pages(filled, "Observation", parts, count)[0]
        twice = f"_sort={down}code,{down}code-value-quantity"
        assert whole == _pages(filled, "Observation", twice, count)[0]
        assert len(set(whole)) == 37


SEVERAL_TYPES = (
    "",
    "subject=Patient/p",
    "subject=Patient/p&status=active,final",
    "_lastUpdated=ge2000",
    "code:missing=false",
    "code:not=z",
)


def test_several_types_are_the_same_in_every_way(store, monkeypatch):
    """The newest of all types first, also where those of one type lie between and below those of another."""

    def made(kind: str, start: int, subject: str) -> list[dict]:
        status = {"Observation": "final", "ServiceRequest": "active"}[kind]
        fixed = {"resourceType": kind, "status": status, "code": {"text": "a"}}
        ids = [f"{kind[0]}{at:02d}" for at in range(start, start + 20)]
        return [{**fixed, "id": one, "subject": {"reference": f"Patient/{subject}"}} for one in ids]

    for kind, start, subject in (
        ("ServiceRequest", 0, "p"),
        ("Observation", 0, "p"),
        ("Observation", 20, "q"),
        ("ServiceRequest", 20, "p"),
    ):
        some = made(kind, start, subject)
        store.transact(lambda tx, some=some: [tx.put(one) for one in some])
    parts = (("S", 20), ("O", 0), ("S", 0))
    mine = [f"{kind}{at:02d}" for kind, low in parts for at in reversed(range(low, low + 20))]
    expected = {"subject=Patient/p": mine, "subject=Patient/p&status=active,final": mine}
    for plan, count, sort in product(
        PLANS, ("50", "3"), ("", "&_sort=-_lastUpdated", "&_sort=_id")
    ):
        force(monkeypatch, plan)
        for one in SEVERAL_TYPES:
            asked = f"{one}{sort}".removeprefix("&")
            found, totals = _pages(store, "Observation,ServiceRequest", asked, count)
            assert found == expected.setdefault(asked, found), (asked, plan, count)
            assert set(totals) <= {len(found)}
    assert len(expected[""]) == 80


@pytest.mark.parametrize("system", ["", "http://a.example"])
def test_an_identifier_whose_type_has_several_codings_is_found_once(store, monkeypatch, system):
    """By its type and value, with a system and with none (R4 search.html#modifiers)."""
    codings = [{"system": f"http://{one}.example", "code": "MR"} for one in "ab"]
    for at in range(4):
        one = {"resourceType": "Composition", "id": f"c{at}", "status": "final"}
        one["identifier"] = {"value": str(at % 2), "type": {"coding": codings}}
        store.transact(lambda tx, one=one: tx.put(one))
    asked = f"identifier:of-type={system}|MR|1"
    for plan, count, more in product(PLANS, ("50", "1"), ("", "&status=final")):
        force(monkeypatch, plan)
        found, totals = _pages(store, "Composition", asked + more, count)
        assert found == ["c3", "c1"]
        assert set(totals) <= {2}
        assert (
            store.search("Composition", [tuple(asked.split("=")), ("_summary", "count")]).total == 2
        )


def test_what_is_below_an_address_is_the_same_in_every_way(store, monkeypatch):
    """The address itself, with and without a slash at its end, and what begins with it and a slash."""
    sources = (
        "http://s/7",
        "http://s/7/",
        "http://s/7/a",
        "http://s/70",
        "http://s/7/a/b",
        "http://s",
    )
    for at, source in enumerate(sources):
        one = {"resourceType": "Patient", "id": f"p{at}", "meta": {"source": source}}
        store.transact(lambda tx, one=one: tx.put(one))
    for plan, text in product(PLANS, ("http://s/7", "http://s/7/")):
        force(monkeypatch, plan)
        for more in ("", "&_lastUpdated=ge2000", "&_sort=_id"):
            found, totals = _pages(store, "Patient", f"_source:below={text}{more}", "2")
            assert set(found) == ({"p0", "p1", "p2", "p4"})
            assert len(found) == 4
            assert set(totals) <= {4}
