"""history-instance (R4 http.html#history): 200, 404."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, fhir_json, resource_id, served_type, store_of
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError


async def history(request: Request) -> Response:
    """Every version of a resource, the newest first."""
    kind, wanted = served_type(request), resource_id(request)
    versions = store_of(request).history(kind, wanted)
    if not versions:
        raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
    entries = []
    for stored in versions:
        method = "DELETE" if stored.deleted else "POST" if stored.version == 1 else "PUT"
        entry = {
            "fullUrl": f"{base_of(request)}/{kind}/{wanted}",
            "request": {"method": method, "url": f"{kind}/{wanted}"},
            "response": {
                "status": "201" if method == "POST" else "200",
                "etag": f'W/"{stored.version}"',
                "lastModified": instant(stored.last_updated),
            },
        }
        if not stored.deleted:
            entry["resource"] = stored.json()
        entries.append(entry)
    bundle = {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(entries),
        "link": [{"relation": "self", "url": str(request.url)}],
        "entry": entries,
    }
    return fhir_json(request, bundle)
