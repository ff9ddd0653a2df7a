"""The shipped definitions come out of their generator, and nothing but what they say is in them."""

import gzip
import json
from pathlib import Path

from profiles.definitions.generate import generate, write

STRUCTURES = [
    {
        "id": "Thing",
        "kind": "resource",
        "abstract": False,
        "derivation": "specialization",
        "snapshot": {
            "element": [
                {"path": "Thing", "min": 0, "max": "*"},
                {
                    "path": "Thing.status",
                    "min": 1,
                    "max": "1",
                    "type": [{"code": "code"}],
                    "binding": {"strength": "required", "valueSet": "https://v.example|4.0.1"},
                },
                {"path": "Thing.part", "min": 0, "max": "*", "type": [{"code": "BackboneElement"}]},
                {
                    "path": "Thing.part.value[x]",
                    "min": 0,
                    "max": "1",
                    "type": [{"code": "string"}, {"code": "Period"}],
                },
            ]
        },
    },
    {"id": "string", "kind": "primitive-type", "derivation": "specialization"},
]

PARAMETERS = [
    {
        "url": "http://hl7.org/fhir/SearchParameter/thing-status",
        "code": "status",
        "type": "token",
        "base": ["Thing", "Other"],
        "expression": "Thing.status | Other.status",
    }
]


def _folder(tmp_path: Path) -> Path:
    value_set = {
        "url": "https://v.example",
        "compose": {"include": [{"system": "https://c.example"}]},
    }
    system = {
        "url": "https://c.example",
        "content": "complete",
        "concept": [{"code": "on", "concept": [{"code": "half"}]}],
    }
    for name, content in (
        ("StructureDefinition", STRUCTURES),
        ("ValueSet", [value_set]),
        ("CodeSystem", [system]),
        ("SearchParameter", PARAMETERS),
        ("CompartmentDefinition", []),
    ):
        with gzip.open(tmp_path / f"{name}.ndjson.gz", "wt") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in content)
    return tmp_path


def test_definitions_become_types_elements_and_codes(tmp_path):
    """Backbone elements are types, choices are marked, required bindings are listed with all levels."""
    artefacts = generate(_folder(tmp_path))
    artefact = artefacts["r4.json.gz"]
    thing = artefact["types"]["Thing"]
    assert thing["resource"]
    assert thing["elements"]["part"] == {"min": 0, "many": True, "types": ["Thing.part"]}
    assert artefact["types"]["Thing.part"]["elements"]["value"]["choice"]
    assert artefact["codes"] == {"https://v.example": ["half", "on"]}
    parameter = artefacts["r4_search.json.gz"]["parameters"]["Thing"]["status"]
    assert parameter == {
        "id": "thing-status",
        "type": "token",
        "expression": "Thing.status",
        "systems": ["https://c.example"],
    }


def test_same_input_is_the_same_artefact(tmp_path):
    """Two runs give equal bytes, so that a checksum means something."""
    folder = _folder(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(generate(folder), tmp_path / name)
    for made in (tmp_path / "a").iterdir():
        assert made.read_bytes() == (tmp_path / "b" / made.name).read_bytes()
