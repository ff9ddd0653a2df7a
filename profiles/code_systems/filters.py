"""The filters of a value set (R4 valueset-filter-operator.html), each a question about one code."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from profiles.fhirpath.regex import found_in
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem

Holds = Callable[[str], bool]

_CODE: Final = frozenset({"concept", "code"})


def holds(system: CodeSystem, rule: dict[str, Any]) -> Holds:
    """Whether a code passes a filter.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` for an operator or property that is not applied here.
    """
    make = _OPERATORS.get(rule["op"])
    if make is None:
        raise _unsupported()
    return make(system, rule["property"], str(rule["value"]))


def candidates(
    system: CodeSystem, rules: list[dict[str, Any]]
) -> tuple[Iterator[str], list[Holds]]:
    """Codes among which those that pass all filters are, and the filters that are left to ask.

    The codes are those below the first filter on the hierarchy, where there is one.
    """
    for at, rule in enumerate(rules):
        if rule["property"] in _CODE and rule["op"] in ("is-a", "descendent-of"):
            rest = [holds(system, other) for other in (*rules[:at], *rules[at + 1 :])]
            return _below(system, str(rule["value"]), rule["op"] == "is-a"), rest
    return system.codes(), [holds(system, rule) for rule in rules]


def _below(system: CodeSystem, code: str, itself: bool) -> Iterator[str]:
    concept = system.concept(code)
    if itself and concept is not None:
        yield concept.code
    yield from system.below(code)


def _unsupported() -> OperationOutcomeError:
    return OperationOutcomeError(
        "not-supported", "the value set has a filter that cannot be applied here"
    )


def _on_code(name: str) -> None:
    if name not in _CODE:
        raise _unsupported()


def _is_a(system: CodeSystem, name: str, value: str) -> Holds:
    _on_code(name)
    return lambda code: code == value or system.subsumes(value, code)


def _descendent_of(system: CodeSystem, name: str, value: str) -> Holds:
    _on_code(name)
    return lambda code: system.subsumes(value, code)


def _is_not_a(system: CodeSystem, name: str, value: str) -> Holds:
    inside = _is_a(system, name, value)
    return lambda code: not inside(code)


def _generalizes(system: CodeSystem, name: str, value: str) -> Holds:
    _on_code(name)
    return lambda code: code == value or system.subsumes(code, value)


def _equals(system: CodeSystem, name: str, value: str) -> Holds:
    if name in _CODE:
        return lambda code: code == value
    if name == "display":
        return lambda code: any(text == value for text in _values(system, code, name))
    _require_property(system, name)
    return lambda code: system.has(code, name, value)


def _among(system: CodeSystem, name: str, value: str) -> Holds:
    each = [_equals(system, name, one.strip()) for one in value.split(",")]
    return lambda code: any(one(code) for one in each)


def _not_among(system: CodeSystem, name: str, value: str) -> Holds:
    inside = _among(system, name, value)
    return lambda code: not inside(code)


def _matches(system: CodeSystem, name: str, value: str) -> Holds:
    _require_property(system, name)
    return lambda code: any(
        found_in(text, value, "", whole=True) for text in _values(system, code, name)
    )


def _exists(system: CodeSystem, name: str, value: str) -> Holds:
    _require_property(system, name)
    wanted = value == "true"
    return lambda code: any(True for _ in _values(system, code, name)) == wanted


def _require_property(system: CodeSystem, name: str) -> None:
    if name not in _CODE and name != "display" and name not in system.property_codes:
        raise _unsupported()


def _values(system: CodeSystem, code: str, name: str) -> Iterator[str]:
    if name in _CODE:
        yield code
        return
    concept = system.concept(code)
    if concept is None:
        return
    if name == "display":
        yield concept.display
    for one in concept.properties:
        if one.code == name:
            yield str(one.value.get("code", "") if isinstance(one.value, dict) else one.value)


_OPERATORS: Final[dict[str, Callable[[CodeSystem, str, str], Holds]]] = {
    "=": _equals,
    "is-a": _is_a,
    "descendent-of": _descendent_of,
    "is-not-a": _is_not_a,
    "regex": _matches,
    "in": _among,
    "not-in": _not_among,
    "generalizes": _generalizes,
    "exists": _exists,
}
