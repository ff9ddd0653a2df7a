"""Make the artefacts that ship: what this program needs of HL7's R4 definitions, and nothing else.

``python -m profiles.definitions.generate FOLDER`` reads gzipped NDJSON (one resource a line) and writes
``r4.json.gz`` (types, closed codes, invariants), ``r4_search.json.gz`` (search parameters, compartments, code
systems that tell codes apart by case), ``r4_bindings.json.gz`` (value sets of coded elements) and
``r4_codes.json.gz`` (code systems with displays, value sets). The same input gives the same bytes.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from profiles.definitions import currencies
from profiles.definitions.generate_bindings import ValueSets
from profiles.definitions.generate_codes import code_systems, value_set_content
from profiles.definitions.generate_search import compartments, search_parameters

OUT: Final = Path(__file__).parent
VERSION: Final = "4.0.1"
FILES: Final = (
    "StructureDefinition",
    "ValueSet",
    "CodeSystem",
    "SearchParameter",
    "CompartmentDefinition",
)
IN_STRUCTURE: Final = frozenset(
    {"ele-1", "ext-1", "txt-1", "txt-2", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "ref-1"}
)
"""Constraints that are not evaluated as FHIRPath: the structure check holds them; dom-6 is advice."""
AMENDED: Final = {
    "bdl-8": "fullUrl.empty() or fullUrl.contains('/_history/').not()",
    "ras-2": "probability.empty() or (probability is decimal implies (probability as decimal) <= 100)",
    "que-7": "operator = 'exists' implies (answer is boolean)",
    "tim-9": "offset.empty() or (when.exists() and when.all(($this in ('C' | 'CM' | 'CD' | 'CV')).not()))",
    "que-12": "enableWhen.count() > 1 implies enableBehavior.exists()",
}
"""Constraints whose FHIRPath misses what they say.

Two give nothing where their element is absent; que-7 asks for a system type, which no element has; tim-9
asks of all repeats of an element together what can be asked of each (FHIRPath N1 6.4.1); que-12 says "more
than one" but counts to three.
"""
_NAME: Final = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"
_PATH: Final = "path.matches("
_SIMPLE_QUANTITY: Final = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"
_NO_COMPARATOR: Final = (
    "sqty-1",
    "error",
    "The comparator is not used on a SimpleQuantity",
    "comparator.empty()",
)
"""R4 datatypes.html#SimpleQuantity, for elements whose type is that profile of Quantity."""
_LANGUAGES: Final = "http://hl7.org/fhir/ValueSet/all-languages"
_FHIR_TYPE: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
_CODED: Final = frozenset({"code", "Coding", "CodeableConcept", "Quantity"})


def generate(folder: Path) -> dict[str, dict[str, Any]]:
    """The artefacts out of a folder of definitions, by file name."""
    value_sets = {entry["url"]: entry for entry in _read(folder, "ValueSet")}
    systems = {entry["url"]: entry for entry in _read(folder, "CodeSystem")}
    concepts = [{"code": code} for code in currencies.CODES]
    systems[currencies.SYSTEM] = {
        "resourceType": "CodeSystem",
        "url": currencies.SYSTEM,
        "content": "complete",
        "concept": concepts,
    }
    listed = ValueSets(value_sets, systems)
    types: dict[str, Any] = {}
    primitives: list[str] = []
    for definition in _read(folder, "StructureDefinition"):
        if definition.get("derivation") == "constraint" or definition["kind"] == "logical":
            continue
        if definition["kind"] == "primitive-type":
            primitives.append(definition["id"])
            continue
        types.update(_types(definition))
    codes, bindings = _closed(types, listed)
    source = {
        "name": "HL7 FHIR R4 definitions",
        "version": VERSION,
        "licence": "CC0-1.0",
        "sha256": {name: _digest(folder, name) for name in FILES},
    }
    return {
        "r4.json.gz": {
            "source": source,
            "primitives": sorted(primitives),
            "types": dict(sorted(types.items())),
            "codes": codes,
        },
        "r4_search.json.gz": {
            "source": source,
            "parameters": search_parameters(
                _read(folder, "SearchParameter"),
                types,
                {url: sorted(listed.expanded(url) or ()) for url in codes},
            ),
            "compartments": compartments(_read(folder, "CompartmentDefinition")),
            "case_sensitive": sorted(u for u, one in systems.items() if one.get("caseSensitive")),
        },
        "r4_bindings.json.gz": {"source": source, "value_sets": bindings},
        "r4_codes.json.gz": {
            "source": source,
            "systems": code_systems(systems.values()),
            "value_sets": value_set_content(value_sets.values()),
        },
    }


def write(artefacts: dict[str, dict[str, Any]], folder: Path = OUT) -> None:
    """Write the artefacts so that equal content is equal bytes."""
    for name, artefact in artefacts.items():
        content = json.dumps(artefact, separators=(",", ":"), sort_keys=True).encode()
        (folder / name).write_bytes(gzip.compress(content, 9, mtime=0))


def _read(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / f"{name}.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _digest(folder: Path, name: str) -> str:
    return hashlib.sha256((folder / f"{name}.ndjson.gz").read_bytes()).hexdigest()


def _types(definition: dict[str, Any]) -> dict[str, Any]:
    """The type of a definition and those of its backbone elements."""
    name = definition["id"]
    found: dict[str, Any] = {name: {"elements": {}}}
    if definition["kind"] == "resource":
        found[name]["resource"] = not definition["abstract"]
    first, *rest = definition["snapshot"]["element"]
    by_path = {element["path"]: element for element in rest}
    if rules := _invariants(first):
        found[name]["rules"] = rules
    for element in rest:
        parent, _, member = element["path"].rpartition(".")
        found.setdefault(parent, {"elements": {}})
        found[parent]["elements"][member.removesuffix("[x]")] = _element(element, by_path)
    return found


def _invariants(element: dict[str, Any]) -> list[list[str]]:
    """Key, severity, sentence and FHIRPath of the constraints of an element."""
    rules = [
        [
            rule["key"],
            rule["severity"],
            rule["human"],
            _expression(rule),
        ]
        for rule in element.get("constraint", ())
        if rule["key"] not in IN_STRUCTURE and "expression" in rule
    ]
    if any(_SIMPLE_QUANTITY in kind.get("profile", ()) for kind in element.get("type", ())):
        rules.append(list(_NO_COMPARATOR))
    return rules


def _expression(rule: dict[str, Any]) -> str:
    """The FHIRPath of a constraint.

    The patterns for names and paths describe all of them (``eld-19``, ``vsd-0``), which ``matches()`` does
    not ask (FHIRPath N1 5.6.9); a name that is not given is not judged.
    """
    text: str = AMENDED.get(rule["key"], rule["expression"])
    if text == _NAME:
        return f"name.empty() or {text.replace('matches(', 'matchesFull(')}"
    return text.replace(_PATH, "path.matchesFull(") if text.startswith(_PATH) else text


def _both(own: list[list[str]], referred: list[list[str]]) -> list[list[str]]:
    """Constraints of an element and of the one that it refers to, each said once (tst-8 repeats tst-7)."""
    said = {"".join(rule[-1].split()) for rule in own}
    return own + [rule for rule in referred if "".join(rule[-1].split()) not in said]


def _closed(
    types: dict[str, Any], listed: ValueSets
) -> tuple[dict[str, list[str]], dict[str, dict[str, list[str]]]]:
    """Closed code lists of required ``code`` elements, and the value sets of the other bindings."""
    codes: dict[str, list[str]] = {}
    bindings: dict[str, dict[str, list[str]]] = {}
    for entry in types.values():
        for element in entry["elements"].values():
            if "binding" not in element:
                continue
            strength, url = element["binding"]
            expanded = listed.expanded(url)
            if expanded is None:
                del element["binding"]
            elif strength == "required" and element["types"] == ["code"]:
                del element["binding"]
                element["codes"] = url
                codes[url] = sorted(set().union(*expanded.values()))
            else:
                bindings[url] = {system: sorted(found) for system, found in expanded.items()}
    return dict(sorted(codes.items())), dict(sorted(bindings.items()))


def _element(element: dict[str, Any], by_path: dict[str, dict[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {"min": element["min"], "many": element["max"] not in ("0", "1")}
    if element["path"].endswith("[x]"):
        entry["choice"] = True
    if element.get("isSummary"):
        entry["summary"] = True
    if "contentReference" in element:
        path = element["contentReference"].lstrip("#")
        # What is said of the element that is referred to holds here too (R4 elementdefinition.html).
        rules = _both(_invariants(element), _invariants(by_path[path]))
        return {**entry, "types": [path], **({"rules": rules} if rules else {})}
    kinds: list[str] = []
    targets: set[str] = set()
    for kind in element["type"]:
        code = _code(kind)
        # An element with children of its own is a type of its own, named by its path.
        kinds.append(element["path"] if code in ("BackboneElement", "Element") else code)
        targets.update(profile.removeprefix(_PROFILE) for profile in kind.get("targetProfile", ()))
    entry["types"] = kinds
    if targets and "Resource" not in targets:
        entry["targets"] = sorted(targets)
    if rules := _invariants(element):
        entry["rules"] = rules
    binding = element.get("binding", {})
    if kinds == ["code"] and any(
        str(extension.get("valueCanonical")).partition("|")[0] == _LANGUAGES
        for extension in binding.get("extension", ())
    ):
        entry["language"] = True
    if binding.get("strength") in ("required", "extensible") and _CODED.intersection(kinds):
        entry["binding"] = [binding["strength"], binding.get("valueSet", "").partition("|")[0]]
    return entry


def _code(kind: dict[str, Any]) -> str:
    """Type code; what FHIRPath calls a system type is named by its extension."""
    if not kind["code"].startswith("http://hl7.org/fhirpath/"):
        return str(kind["code"])
    named = (e.get("valueUrl") for e in kind.get("extension", ()) if e["url"] == _FHIR_TYPE)
    return str(next(named, "string"))


if __name__ == "__main__":
    write(generate(Path(sys.argv[1])))
