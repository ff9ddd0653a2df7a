"""Whether a resource certainly has the structure of its type, said by a compiled JSON Schema (R4 json.html).

The walker of ``profiles.structure`` is the authority and names what is wrong. This is the quick way past it
for the resources that have nothing wrong, which are nearly all.
"""

import functools
from collections.abc import Iterator
from typing import Any, Final

import orjson
from jsonschema_rs import Draft4Validator, RegexOptions

from profiles.definitions.r4 import definitions
from profiles.exact_json import Number
from profiles.schema.texts import NARRATIVE, Schema
from profiles.schema.types import is_bounded, resource_schema
from profiles.xhtml import is_narrative

HOLDING: Final = ("Bundle", "Parameters")
"""Types whose parts hold resources of their own."""
_RARE: Final = frozenset({"contained", "extension", "modifierExtension"})


def passes(resource: dict[str, Any], *, plain: bool = False) -> bool:
    """Whether a resource certainly has no structural problem (R4 validation.html).

    Parameters
    ----------
    resource : dict
        A JSON object as it was parsed.
    plain : bool
        Whether it is known that orjson can write it: no number that keeps its text, no endless depth.

    Returns
    -------
    bool
        ``False`` says nothing: the walker knows whether there is a problem.
    """
    try:
        known = resource if plain else _plain(resource)
        if "contained" not in known and known.get("resourceType") not in HOLDING:
            return _passes(known, nested=False)
        return all(_passes(each, nested=nested) for each, nested in _resources(known))
    except (ValueError, TypeError, RecursionError):
        return False


def is_usual(resource: dict[str, Any]) -> bool:
    """Whether a resource certainly has the structure of its type and none of what is rare.

    That is, no extension, nothing contained, no id of an element, no local and no logical reference. Types
    that hold resources, or that hold themselves in any depth, are never called usual.
    """
    kind = resource.get("resourceType")
    if type(kind) is not str or kind not in definitions().resources:
        return False
    if not _RARE.isdisjoint(resource):
        return False
    validator = _usual_validator(kind)
    try:
        return validator is not None and validator.is_valid(resource)
    except (ValueError, TypeError, RecursionError):
        return False


def _plain(resource: dict[str, Any]) -> Any:
    """The resource with numbers that the validator knows.

    Writing also refuses what is nested so deeply that a check would exhaust the stack, and what is no JSON.
    """
    try:
        orjson.dumps(resource)
    except orjson.JSONEncodeError:
        return orjson.loads(orjson.dumps(resource, default=_number))
    return resource


def _number(value: Any) -> float:
    """A number that keeps its text (``profiles.exact_json``), as any other number with a fraction."""
    if isinstance(value, Number):
        return float(value)
    raise TypeError(type(value).__name__)


@functools.cache
def _validator(kind: str) -> Draft4Validator:
    """Compiled once, when the first resource of a type arrives: most sites see a dozen of the 146."""
    return _compiled(resource_schema(kind))


@functools.cache
def _usual_validator(kind: str) -> Draft4Validator | None:
    schema = resource_schema(kind, usual=True)
    return _compiled(schema) if kind not in HOLDING and is_bounded(schema) else None


def _compiled(schema: Schema) -> Draft4Validator:
    return Draft4Validator(
        schema,
        formats={NARRATIVE: is_narrative},
        validate_formats=True,
        pattern_options=RegexOptions(),
    )


def _passes(resource: Any, *, nested: bool) -> bool:
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in definitions().resources:
        return False
    if nested and "contained" in resource:
        return False
    return _validator(kind).is_valid(resource)


def _resources(outer: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """The resource and those within, each before its own parts are read; with whether it is contained."""
    waiting = [(outer, False)]
    while waiting:
        resource, nested = waiting.pop()
        yield resource, nested
        waiting += [(each, True) for each in resource.get("contained", ())]
        if resource["resourceType"] == "Bundle":
            waiting += [(each, False) for each in _entries(resource)]
        elif resource["resourceType"] == "Parameters":
            waiting += [(each, False) for each in _parameters(resource)]


def _entries(bundle: dict[str, Any]) -> Iterator[Any]:
    for entry in bundle.get("entry", ()):
        if "resource" in entry:
            yield entry["resource"]
        if "outcome" in entry.get("response", ()):
            yield entry["response"]["outcome"]


def _parameters(outer: dict[str, Any]) -> Iterator[Any]:
    waiting = list(outer.get("parameter", ()))
    while waiting:
        parameter = waiting.pop()
        waiting += parameter.get("part", ())
        if "resource" in parameter:
            yield parameter["resource"]
