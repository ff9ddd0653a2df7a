"""``ConceptMap/$translate`` (R4 conceptmap-operation-translate.html), over the concept maps of the store."""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from gateway.operations.codes import CODING, CONCEPT, asked_codes, known_of, of_instance, parameters
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.code_systems.concept_map import NO_MATCH, Asked, Match, Translation
from profiles.code_systems.known import KnownCodes
from profiles.outcome import OperationOutcomeError


def translate(call: Call) -> dict[str, Any]:
    """Whether there is a translation, and every match."""
    codes = asked_codes(call, call.one("system") or "")
    if any(not one.system for one in codes):
        raise OperationOutcomeError("required", "the parameter system is required", "system")
    known = known_of(call, "conceptMap")
    maps = _maps(call, known)
    reverse = call.one("reverse") is True
    target = call.one("targetsystem") or ""
    dependencies = tuple(_dependencies(call))
    matches = [
        match
        for concept_map in maps
        for one in codes
        for match in Translation(
            Asked(one.system, one.code, target, reverse, dependencies), known.concept_map
        ).matches(concept_map)
    ]
    result = any(match.equivalence not in NO_MATCH for match in matches)
    said: list[dict[str, Any]] = [{"name": "result", "valueBoolean": result}]
    if not result:
        text = "no map is known here that fits" if not maps else "no mapping of this code was found"
        said.append({"name": "message", "valueString": text})
    return parameters([*said, *map(_match, matches)])


def _maps(call: Call, known: KnownCodes) -> list[dict[str, Any]]:
    """The map of the address, the one that came along, the one that is named, or those that fit."""
    if call.id:
        return [of_instance(call)]
    if call.one("conceptMap") is not None:
        return [call.one("conceptMap")]
    url = call.one("url")
    if url:
        version = call.one("conceptMapVersion")
        found = known.concept_map(f"{url}|{version}" if version else url)
        if found is None:
            raise OperationOutcomeError("not-found", "this concept map is not known here", "url")
        return [found]
    fitting = {
        one["id"]: one
        for ends in product(*_ends(call))
        for one in known.concept_maps([("status", "active"), *ends])
    }
    return list(fitting.values())


def _ends(call: Call) -> list[list[tuple[str, str]]]:
    """What is said of the two ends of a map, each as alternatives of a search; reversed, they change places.

    A map names its value sets by URI or by canonical, which are two search parameters.
    """
    names = ("target", "source") if call.one("reverse") is True else ("source", "target")
    ends = [
        [(name, value), (f"{name}-uri", value)]
        for name, value in zip(names, (call.one("source"), call.one("target")), strict=True)
        if value
    ]
    if call.one("targetsystem"):
        ends.append([(f"{names[1]}-system", call.one("targetsystem"))])
    if not ends:
        raise OperationOutcomeError(
            "required", "give url, conceptMap, source, target or targetsystem", "target"
        )
    return ends


def _dependencies(call: Call) -> Iterator[tuple[str, frozenset[tuple[str, str]]]]:
    for parts in call.given.get("dependency", ()):
        element = next(iter(parts.get("element", ())), None)
        concept = next(iter(parts.get("concept", ())), None)
        if not element or concept is None:
            raise OperationOutcomeError(
                "invalid", "a dependency has an element and a concept", "dependency"
            )
        codings = concept.get("coding", ())
        pairs = {
            (system, c.get("code", "")) for c in codings for system in ("", c.get("system", ""))
        }
        yield element, frozenset(pairs)


def _match(match: Match) -> dict[str, Any]:
    part: list[dict[str, Any]] = [{"name": "equivalence", "valueCode": match.equivalence}]
    if match.coding is not None:
        part.append({"name": "concept", "valueCoding": match.coding})
    for element, coding in match.products:
        named = {"name": "element", "valueUri": element}
        part.append(
            {"name": "product", "part": [named, {"name": "concept", "valueCoding": coding}]}
        )
    if match.source:
        part.append({"name": "source", "valueUri": match.source})
    return {"name": "match", "part": part}


OPERATION: Final = Operation(
    "translate",
    "Translate a code with the concept maps that are stored, or one that is sent along.",
    resources=("ConceptMap",),
    levels=("type", "instance"),
    compute=translate,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/ConceptMap-translate",
    parameters=(
        Parameter("url", "in", 0, "1", "uri", "Canonical of the map."),
        Parameter("conceptMap", "in", 0, "1", "ConceptMap", "The map itself."),
        Parameter("conceptMapVersion", "in", 0, "1", "string", "Its version."),
        Parameter("code", "in", 0, "1", "code", "The code; system is needed with it."),
        Parameter("system", "in", 0, "1", "uri", "Its code system."),
        Parameter("version", "in", 0, "1", "string", "Version of the code system."),
        Parameter("source", "in", 0, "1", "uri", "Value set from which the code comes."),
        CODING,
        CONCEPT,
        Parameter("target", "in", 0, "1", "uri", "Value set in which a translation is sought."),
        Parameter("targetsystem", "in", 0, "1", "uri", "Code system in which it is sought."),
        Parameter(
            "dependency",
            "in",
            0,
            "*",
            "",
            "Another element that decides the mapping.",
            (
                Parameter("element", "in", 0, "1", "uri", "The element."),
                Parameter("concept", "in", 0, "1", "CodeableConcept", "Its value."),
            ),
        ),
        Parameter("reverse", "in", 0, "1", "boolean", "Which codes are mapped to this one."),
        Parameter("result", "out", 1, "1", "boolean", "Whether there is a translation."),
        Parameter("message", "out", 0, "1", "string", "Why there is none."),
        Parameter(
            "match",
            "out",
            0,
            "*",
            "",
            "A mapping.",
            (
                Parameter("equivalence", "out", 0, "1", "code", "How the two codes stand."),
                Parameter("concept", "out", 0, "1", "Coding", "The other code."),
                Parameter(
                    "product",
                    "out",
                    0,
                    "*",
                    "",
                    "Another element that the mapping sets.",
                    (
                        Parameter("element", "out", 0, "1", "uri", "The element."),
                        Parameter("concept", "out", 0, "1", "Coding", "Its value."),
                    ),
                ),
                Parameter("source", "out", 0, "1", "uri", "The map that says so."),
            ),
        ),
    ),
)
