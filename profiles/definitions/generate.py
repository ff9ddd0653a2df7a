"""Make ``r4.json.gz``: what the structure check needs of HL7's R4 definitions, and nothing else.

``python -m profiles.definitions.generate FOLDER`` reads ``StructureDefinition``, ``ValueSet`` and
``CodeSystem`` as gzipped NDJSON (one resource a line) from a folder. The same input gives the same bytes.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

OUT: Final = Path(__file__).with_name("r4.json.gz")
VERSION: Final = "4.0.1"
FILES: Final = ("StructureDefinition", "ValueSet", "CodeSystem")
_FHIR_TYPE: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"


def generate(folder: Path) -> dict[str, Any]:
    """The artefact out of a folder of definitions."""
    value_sets = {entry["url"]: entry for entry in _read(folder, "ValueSet")}
    systems = {entry["url"]: entry for entry in _read(folder, "CodeSystem")}
    codes: dict[str, list[str]] = {}
    types: dict[str, Any] = {}
    primitives: list[str] = []
    for definition in _read(folder, "StructureDefinition"):
        if definition.get("derivation") == "constraint" or definition["kind"] == "logical":
            continue
        if definition["kind"] == "primitive-type":
            primitives.append(definition["id"])
            continue
        types.update(_types(definition, value_sets, systems, codes))
    return {
        "source": {
            "name": "HL7 FHIR R4 definitions",
            "version": VERSION,
            "licence": "CC0-1.0",
            "sha256": {name: _digest(folder, name) for name in FILES},
        },
        "primitives": sorted(primitives),
        "types": dict(sorted(types.items())),
        "codes": dict(sorted(codes.items())),
    }


def write(artefact: dict[str, Any], out: Path = OUT) -> None:
    """Write the artefact so that equal content is equal bytes."""
    content = json.dumps(artefact, separators=(",", ":"), sort_keys=True).encode()
    out.write_bytes(gzip.compress(content, 9, mtime=0))


def _read(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / f"{name}.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _digest(folder: Path, name: str) -> str:
    return hashlib.sha256((folder / f"{name}.ndjson.gz").read_bytes()).hexdigest()


def _types(
    definition: dict[str, Any],
    value_sets: dict[str, Any],
    systems: dict[str, Any],
    codes: dict[str, list[str]],
) -> dict[str, Any]:
    """The type of a definition and those of its backbone elements."""
    name = definition["id"]
    found: dict[str, Any] = {name: {"elements": {}}}
    if definition["kind"] == "resource":
        found[name]["resource"] = not definition["abstract"]
    for element in definition["snapshot"]["element"][1:]:
        parent, _, member = element["path"].rpartition(".")
        found.setdefault(parent, {"elements": {}})
        entry = _element(element)
        bound = _codes(element, value_sets, systems, codes)
        if bound is not None:
            entry["codes"] = bound
        found[parent]["elements"][member.removesuffix("[x]")] = entry
    return found


def _element(element: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"min": element["min"], "many": element["max"] not in ("0", "1")}
    if element["path"].endswith("[x]"):
        entry["choice"] = True
    if "contentReference" in element:
        return {**entry, "types": [element["contentReference"].lstrip("#")]}
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
    return entry


def _code(kind: dict[str, Any]) -> str:
    """Type code; what FHIRPath calls a system type is named by its extension."""
    if not kind["code"].startswith("http://hl7.org/fhirpath/"):
        return str(kind["code"])
    named = (e.get("valueUrl") for e in kind.get("extension", ()) if e["url"] == _FHIR_TYPE)
    return str(next(named, "string"))


def _codes(
    element: dict[str, Any],
    value_sets: dict[str, Any],
    systems: dict[str, Any],
    codes: dict[str, list[str]],
) -> str | None:
    """Key of the closed list of codes that a ``code`` element is bound to, where it can be listed."""
    binding = element.get("binding", {})
    plain = [kind["code"] for kind in element.get("type", ())] == ["code"]
    if binding.get("strength") != "required" or not plain:
        return None
    url = binding.get("valueSet", "").partition("|")[0]
    listed = _expanded(value_sets.get(url), systems)
    if listed is None:
        return None
    codes[url] = sorted(listed)
    return str(url)


def _expanded(value_set: dict[str, Any] | None, systems: dict[str, Any]) -> set[str] | None:
    """Every code of a value set; None when it needs a terminology server."""
    compose = (value_set or {}).get("compose", {})
    if not compose.get("include") or compose.get("exclude"):
        return None
    found: set[str] = set()
    for include in compose["include"]:
        if include.get("filter") or include.get("valueSet"):
            return None
        if include.get("concept"):
            found.update(concept["code"] for concept in include["concept"])
            continue
        system = systems.get(include.get("system", ""))
        if system is None or system.get("content") != "complete":
            return None
        found.update(_all_codes(system.get("concept", ())))
    return found


def _all_codes(concepts: Any) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all_codes(concept.get("concept", ()))


if __name__ == "__main__":
    write(generate(Path(sys.argv[1])))
