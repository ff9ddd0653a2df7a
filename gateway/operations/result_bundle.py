"""What an AI has drafted as one Bundle: the report or note and everything that was written with it."""

from typing import Any, Final

from adapters.store import Store
from profiles.outcome import OperationOutcomeError

LARGEST: Final = 500


def result_bundle(store: Store, report: str, base: str) -> dict[str, Any]:
    """``collection`` Bundle of a report, from the targets of its latest Provenance."""
    kind, _, report_id = report.partition("/")
    found = [store.read(kind, report_id).json()]
    page = store.search("Provenance", [("target", report), ("_sort", "-_lastUpdated")], count=1)
    for match in page.matches:
        provenance = match.json()
        found.append(provenance)
        references = [target["reference"] for target in provenance["target"][:LARGEST]]
        found.extend(_read(store, reference) for reference in references if reference != report)
    entries = [
        {"fullUrl": f"{base}/{r['resourceType']}/{r['id']}", "resource": r} for r in found if r
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _read(store: Store, reference: str) -> dict[str, Any]:
    kind, _, resource_id = reference.partition("/")
    try:
        return store.read(kind, resource_id).json()
    except OperationOutcomeError:
        return {}
