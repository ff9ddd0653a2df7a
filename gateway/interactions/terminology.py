"""What this server knows of codes: ``metadata?mode=terminology`` (R4 terminologycapabilities.html).

Code systems are those that are stored, the compiled ones, UCUM and HL7's own of R4. The operations on codes
say here which of their parameters count.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from adapters.store import Store
from gateway.operations import expand
from profiles.code_systems.known import shipped_systems
from profiles.code_systems.ucum import UcumSystem
from profiles.fhir_time import instant
from terminology.code_system import Provider, providers

MOST: Final = 1000
"""Code systems that are listed."""


def terminology_statement(store: Store, base: str, started: Any, folder: Path) -> dict[str, Any]:
    """The TerminologyCapabilities of this server."""
    return {
        "resourceType": "TerminologyCapabilities",
        "url": f"{base}/metadata?mode=terminology",
        "name": "Isthmus",
        "status": "active",
        "date": instant(started),
        "kind": "instance",
        "software": {"name": "Isthmus", "version": version("isthmus")},
        "implementation": {"description": "Isthmus AI gateway", "url": base},
        "lockedDate": False,
        "codeSystem": _systems(store, folder),
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": False,
            "parameter": [
                {"name": parameter.name, "documentation": parameter.text}
                for parameter in expand.OPERATION.parameters
                if parameter.use == "in"
            ],
            "textFilter": "Words of displays and designations; ICD-10-CM ranks them, with inclusion terms.",
        },
        "codeSearch": "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": False},
    }


def _systems(store: Store, folder: Path) -> list[dict[str, Any]]:
    """Each code system once, by its canonical: a stored one goes before one that ships."""
    found: dict[str, dict[str, Any]] = {
        url: {"uri": url, "subsumption": True} for url in shipped_systems()
    }
    ucum = UcumSystem()
    found[ucum.system] = {**_system(ucum.system, [ucum.version]), "subsumption": False}
    for url, provider in providers().items():
        if named := provider.versions(folder):
            found[url] = _compiled(provider, folder, named)
    versions: dict[str, list[str]] = {}
    for match in store.search("CodeSystem", [("url:missing", "false")], count=MOST).matches:
        stored = match.json()
        versions.setdefault(stored["url"], []).append(stored.get("version", ""))
    found |= {url: _system(url, listed) for url, listed in versions.items()}
    return [one for _, one in sorted(found.items())]


def _compiled(provider: Provider, folder: Path, versions: Sequence[str]) -> dict[str, Any]:
    """A compiled code system, with what its concepts are looked up and filtered by."""
    listed = []
    for code in versions:
        opened = provider.open(folder, code, "")
        names = list(opened.property_codes) if opened is not None else []
        on_code = {"code": "concept", "op": ["is-a", "descendent-of", "is-not-a", "in", "not-in"]}
        on_property = [{"code": name, "op": ["=", "in", "exists"]} for name in names]
        made = {"code": code, "isDefault": code == versions[-1], "compositional": False}
        listed.append({**made, "filter": [on_code, *on_property], "property": names})
    return {"uri": provider.system, "version": listed, "subsumption": True}


def _system(url: str, listed: list[str]) -> dict[str, Any]:
    named = sorted({one for one in listed if one})
    found: dict[str, Any] = {"uri": url, "subsumption": True}
    return {**found, "version": [{"code": one} for one in named]} if named else found
