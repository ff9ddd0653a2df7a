"""Value sets over any composition: what is listed is in them, and what is in them is listed."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from profiles.code_systems.known import KnownCodes
from profiles.code_systems.resource import ResourceCodeSystem
from profiles.code_systems.value_set import ValueSetContent

URL = "https://example.org/letters"
CODES = ("a", "a1", "a2", "a21", "b", "b1", "c")
LETTERS: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "url": URL,
    "status": "active",
    "content": "complete",
    "concept": [
        {
            "code": "a",
            "concept": [{"code": "a1"}, {"code": "a2", "concept": [{"code": "a21"}]}],
        },
        {"code": "b", "concept": [{"code": "b1", "display": "Bee one"}]},
        {"code": "c", "property": [{"code": "parent", "valueCode": "b"}]},
    ],
}
INSIDE = "https://example.org/inside"

FILTERS = st.fixed_dictionaries(
    {
        "property": st.just("concept"),
        "op": st.sampled_from(["is-a", "descendent-of", "is-not-a", "generalizes", "=", "in"]),
        "value": st.sampled_from(CODES),
    }
)
PARTS = st.one_of(
    st.fixed_dictionaries({"system": st.just(URL)}),
    st.builds(
        lambda codes: {"system": URL, "concept": [{"code": code} for code in codes]},
        st.lists(st.sampled_from(CODES), min_size=1, max_size=4),
    ),
    st.builds(
        lambda rules: {"system": URL, "filter": rules}, st.lists(FILTERS, min_size=1, max_size=2)
    ),
    st.just({"valueSet": [INSIDE]}),
    st.just({"system": URL, "valueSet": [INSIDE]}),
)


class _Nothing:
    """A store without resources."""

    matches = ()

    def search(self, kind: str, parameters: Any, *, count: int | None = None) -> "_Nothing":
        del kind, parameters, count
        return self

    def current(self, kind: str, resource_id: str) -> None:
        del kind, resource_id


def _known() -> KnownCodes:
    inside = {
        "resourceType": "ValueSet",
        "url": INSIDE,
        "compose": {"include": [{"system": URL, "concept": [{"code": "a2"}, {"code": "c"}]}]},
    }
    return KnownCodes(_Nothing(), Path("none"), "2026-05-01", [LETTERS, inside])


@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(PARTS, max_size=2))
def test_listing_and_membership_agree(
    include: list[dict[str, Any]], exclude: list[dict[str, Any]]
) -> None:
    """Each code is listed once, and exactly when it is in the value set."""
    compose = {"include": include, "exclude": exclude}
    content = ValueSetContent(_known(), {"url": "https://example.org/x", "compose": compose})
    listed = [entry.code for entry in content.entries()]
    assert len(listed) == len(set(listed))
    assert set(listed) == {code for code in CODES if content.contains(URL, code)}


@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_below_and_above_are_one_relation(one: str, other: str) -> None:
    """A code is below another exactly when that is above it, whichever way its parent is stated."""
    system = ResourceCodeSystem(LETTERS)
    below = other in set(system.below(one))
    assert below == (one in set(system.above(other))) == system.subsumes(one, other)


def test_parents_in_a_circle_end() -> None:
    """A code system whose parents go round is walked once."""
    concepts = [
        {"code": "x", "property": [{"code": "parent", "valueCode": "y"}]},
        {"code": "y", "property": [{"code": "parent", "valueCode": "x"}]},
    ]
    system = ResourceCodeSystem({**LETTERS, "concept": concepts})
    assert list(system.below("x")) == ["y"]
    assert system.subsumes("x", "y")
    assert system.subsumes("y", "x")
