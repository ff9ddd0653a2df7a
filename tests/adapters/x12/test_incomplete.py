"""Whatever a record lacks, a Claim is written so that pyx12 finds no error, or refused with places."""

import copy
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.outcome import OperationOutcomeError
from tests.adapters.x12.make_set import written
from tests.make_x12 import judged, make_claim, resources, stay

_PLACE = re.compile(r"Claim(\.[A-Za-z]+(\[\d+\])?|\.resolve\(\))*")


def _paths(value, at=()):
    """Every place in a resource."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*at, key)
        if isinstance(inner, dict | list):
            yield from _paths(inner, (*at, key))


def _without(value, path):
    """The same without what stands at a place; a text in a list leaves a null, as FHIR's JSON does."""
    *way, last = path
    inner = value
    for key in way:
        if not isinstance(inner, dict | list) or (isinstance(inner, dict) and key not in inner):
            return
        if isinstance(inner, list) and key >= len(inner):
            return
        inner = inner[key]
    if isinstance(inner, list) and last < len(inner):
        if isinstance(inner[last], str | int):
            inner[last] = None
        else:
            del inner[last]
    elif isinstance(inner, dict):
        inner.pop(last, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([make_claim, stay]), st.data())
def test_a_record_with_holes_is_written_right_or_refused(make, data):
    """No missing element makes anything but a valid transaction or an outcome with places."""
    whole = {"claim": make(), "around": resources()}
    spoilt = copy.deepcopy(whole)
    places = sorted(_paths(whole), key=str)
    for path in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=6)):
        if len(path) > 1:
            _without(spoilt, path)
    spoilt["claim"].setdefault("resourceType", "Claim")
    for kind_and_id, resource in spoilt["around"].items():
        resource.setdefault("resourceType", kind_and_id.partition("/")[0])
    text, places = _written(spoilt["claim"], spoilt["around"])
    assert bool(text) != bool(places)
    assert all(_PLACE.fullmatch(place) for place in places)
    assert not text or judged(text) == []


def _written(claim, around):
    """The interchange, or the places of what keeps it from being written."""
    try:
        return written(claim, around), []
    except OperationOutcomeError as error:
        return "", [place for *_, place in error.issues] or [error.expression]
