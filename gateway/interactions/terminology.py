"""What this server knows of codes: ``metadata?mode=terminology`` (R4 terminologycapabilities.html).

Code systems are those that are stored: a search can name what is below or above their codes, and value sets
that include them. There is no operation on codes, so none is claimed.
"""

from importlib.metadata import version
from typing import Any, Final

from adapters.store import Store
from profiles.fhir_time import instant

MOST: Final = 1000
"""Code systems that are listed."""


def terminology_statement(store: Store, base: str, started: Any) -> dict[str, Any]:
    """The TerminologyCapabilities of this server."""
    made: dict[str, Any] = {
        "resourceType": "TerminologyCapabilities",
        "url": f"{base}/metadata?mode=terminology",
        "name": "Isthmus",
        "status": "active",
        "date": instant(started),
        "kind": "instance",
        "software": {"name": "Isthmus", "version": version("isthmus")},
        "implementation": {"description": "Isthmus AI gateway", "url": base},
        "codeSearch": "explicit",
    }
    versions: dict[str, list[str]] = {}
    for match in store.search("CodeSystem", [("url:missing", "false")], count=MOST).matches:
        stored = match.json()
        versions.setdefault(stored["url"], []).append(stored.get("version", ""))
    systems = [_system(url, listed) for url, listed in sorted(versions.items())]
    return {**made, "codeSystem": systems} if systems else made


def _system(url: str, listed: list[str]) -> dict[str, Any]:
    named = sorted({one for one in listed if one})
    found: dict[str, Any] = {"uri": url, "subsumption": True}
    return {**found, "version": [{"code": one} for one in named]} if named else found
