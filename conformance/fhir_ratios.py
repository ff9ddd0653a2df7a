"""Admission and extraction of one Observation against the libraries that do the same.

Peers that are measured in the same run: ``fhir.resources`` for admission, ``fhirpathpy`` for extraction, each
where it is installed.
"""

import importlib
import json
import random
import time
from collections.abc import Callable
from typing import Any

import orjson

from conformance.fhir_record import observation
from profiles.admission import issues
from profiles.fast_schema import passes
from profiles.search.extract import Extractor
from profiles.search.parameters import parameters_of
from profiles.strict_json import parse_resource


def ratios() -> dict[str, Any]:
    """Admission and extraction of one Observation against the libraries that do the same.

    The peer of admission judges the structure alone; ours is given with the structure alone and whole, both
    from the bytes.
    """
    one = observation(1, 1, random.Random(14))  # noqa: S311 - test data
    extractor = Extractor("Observation", parameters_of("Observation"))
    text = orjson.dumps(one)
    found: dict[str, Any] = {
        "structure_per_s": round(_rate(lambda: passes(parse_resource(text)))),
        "admission_per_s": round(_rate(lambda: issues(parse_resource(text), warnings=False))),
        "extraction_per_s": round(_rate(lambda: extractor.rows(one))),
    }
    for name, peer, ours in (
        ("fhir.resources", _admission_peer, ("structure", "admission")),
        ("fhirpathpy", _extraction_peer, ("extraction",)),
    ):
        try:
            rate = _rate(peer(one))
        except ModuleNotFoundError:
            found[name] = "not installed"
            continue
        found[f"{name}_per_s"] = round(rate)
        for what in ours:
            found[f"{what}_ratio"] = round(found[f"{what}_per_s"] / rate, 1)
    return found


def _admission_peer(one: dict[str, Any]) -> Callable[[], Any]:
    model = importlib.import_module("fhir.resources.R4B.observation").Observation
    text = json.dumps(one)
    return lambda: model.model_validate_json(text)


def _extraction_peer(one: dict[str, Any]) -> Callable[[], Any]:
    library = importlib.import_module("fhirpathpy")
    expressions = [
        library.compile(parameter.expression)
        for parameter in parameters_of("Observation").values()
        if parameter.expression and "resolve()" not in parameter.expression
    ]
    return lambda: [expression(one, {}) for expression in expressions]


def _rate(work: Callable[[], Any], seconds: float = 0.2) -> float:
    """Runs per second of processor time, the best of five turns: other processes take none of it."""
    work()
    best = 0.0
    for _ in range(5):
        count, started = 0, time.process_time()
        while time.process_time() - started < seconds:
            for _ in range(10):
                work()
            count += 10
        best = max(best, count / (time.process_time() - started))
    return best
