"""The code systems and value sets of R4 itself, out of the shipped definitions."""

import functools
import json
from typing import Any

from profiles.definitions.r4 import artefact


@functools.cache
def _content() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Systems and value sets by URL, each as text: as objects they would take ten times the memory."""
    content = artefact("r4_codes.json.gz")
    systems, value_sets = (
        {url: json.dumps(one).encode() for url, one in content[name].items()}
        for name in ("systems", "value_sets")
    )
    return systems, value_sets


def r4_systems() -> tuple[str, ...]:
    """URLs of the code systems."""
    return tuple(sorted(_content()[0]))


def r4_code_system(url: str) -> dict[str, Any] | None:
    """A CodeSystem of HL7, without definitions."""
    found = _content()[0].get(url)
    return None if found is None else json.loads(found)


def r4_value_set(url: str) -> dict[str, Any] | None:
    """A ValueSet of R4 with its compose."""
    found = _content()[1].get(url)
    return None if found is None else json.loads(found)


@functools.cache
def _whole() -> dict[str, str]:
    """Value sets that are a whole code system, by their URL."""
    systems = (json.loads(text) for text in _content()[0].values())
    return {one["valueSet"]: one["url"] for one in systems if "valueSet" in one}


def r4_whole_system(value_set: str) -> str | None:
    """The code system of which a value set has every code, as the code system says."""
    return _whole().get(value_set)
