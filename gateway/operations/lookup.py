"""``CodeSystem/$lookup`` (R4 codesystem-operation-lookup.html): all that is known of one code."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.operations.codes import (
    CODING,
    DATE,
    LANGUAGE,
    asked_codes,
    known_of,
    of_instance,
    parameters,
    shown,
    texts,
)
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.code_systems.resource import ResourceCodeSystem
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem, Concept, Designation, Property

_NAMED: Final = frozenset({"url", "name", "version", "display", "definition", "designation"})
"""Properties with parameters of their own, besides those that are properties of the concept."""


def lookup(call: Call) -> dict[str, Any]:
    """Name and version of the code system, displays and properties of the code."""
    system, code = _wanted(call)
    concept = system.concept(code)
    if concept is None:
        raise OperationOutcomeError("not-found", "the code system has no such code", "code")
    wanted = frozenset(call.given.get("property", ()))
    shows = _Shows(wanted)
    named = {"name": system.name, "version": system.version}
    language = call.one("displayLanguage") or ""
    found = [*texts(**named, display=shown(concept, language))]
    if shows("definition") and concept.definition:
        found.append(_property(Property("definition", "string", concept.definition)))
    if shows("designation"):
        found += map(_designation, concept.designations)
    if "url" in wanted:
        found.append(_property(Property("url", "uri", system.system)))
    found += [_property(one) for one in _properties(concept) if shows(one.code)]
    return parameters(found)


class _Shows:
    """Whether a property is wanted: all are when none is named (R4 leaves that to the server)."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted

    def __call__(self, name: str) -> bool:
        return not self._wanted or name in self._wanted


def _wanted(call: Call) -> tuple[CodeSystem, str]:
    """The code system and the code."""
    if call.id:
        (asked,) = asked_codes(call, call.one("system") or "")
        system = ResourceCodeSystem(of_instance(call))
        if asked.system not in ("", system.system):
            raise OperationOutcomeError(
                "invalid", "the code is of another code system than that of the address", "system"
            )
        return system, asked.code
    (asked,) = asked_codes(call, call.one("system") or "")
    if not asked.system:
        raise OperationOutcomeError("required", "the parameter system is required", "system")
    return known_of(call).require_system(asked.system, asked.version), asked.code


def _properties(concept: Concept) -> Iterator[Property]:
    yield from concept.properties
    if concept.abstract:
        yield Property("notSelectable", "boolean", True)


def _designation(one: Designation) -> dict[str, Any]:
    part: list[dict[str, Any]] = []
    if one.language:
        part.append({"name": "language", "valueCode": one.language})
    if one.use_coding or one.use:
        part.append({"name": "use", "valueCoding": one.use_coding or {"display": one.use}})
    return {"name": "designation", "part": [*part, {"name": "value", "valueString": one.value}]}


def _property(one: Property) -> dict[str, Any]:
    kind = f"value{one.type[0].upper()}{one.type[1:]}"
    part = [{"name": "code", "valueCode": one.code}, {"name": "value", kind: one.value}]
    if one.description:
        part.append({"name": "description", "valueString": one.description})
    return {"name": "property", "part": part}


OPERATION: Final = Operation(
    "lookup",
    "Display, designations and properties of a code: parents, children, whether it is billable, notes.",
    resources=("CodeSystem",),
    levels=("type", "instance"),
    compute=lookup,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/CodeSystem-lookup",
    parameters=(
        Parameter("code", "in", 0, "1", "code", "The code; system is needed with it."),
        Parameter("system", "in", 0, "1", "uri", "Its code system."),
        Parameter("version", "in", 0, "1", "string", "Version of the code system."),
        CODING,
        DATE,
        LANGUAGE,
        Parameter("property", "in", 0, "*", "code", "Properties to return; default: all."),
        Parameter("name", "out", 1, "1", "string", "Name of the code system."),
        Parameter("version", "out", 0, "1", "string", "Its version."),
        Parameter("display", "out", 1, "1", "string", "The preferred display."),
        Parameter(
            "designation",
            "out",
            0,
            "*",
            "",
            "Other texts.",
            (
                Parameter("language", "out", 0, "1", "code", "Its language."),
                Parameter("use", "out", 0, "1", "Coding", "Its kind."),
                Parameter("value", "out", 1, "1", "string", "The text."),
            ),
        ),
        Parameter(
            "property",
            "out",
            0,
            "*",
            "",
            "Properties, notes and where the notes stand.",
            (
                Parameter("code", "out", 1, "1", "code", "Which property."),
                Parameter("value", "out", 0, "1", "Element", "Its value."),
                Parameter("description", "out", 0, "1", "string", "The value for people."),
            ),
        ),
    ),
)
