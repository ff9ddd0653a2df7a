"""JSON Merge Patch (RFC 7396): not an R4 format, but what several FHIR clients send for a partial update."""

from typing import Any


def merge_patch(document: Any, patch: Any) -> Any:
    """The document with the members of the patch; ``null`` removes one, a list is replaced whole."""
    if not isinstance(patch, dict):
        return patch
    made = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge_patch(made.get(name), value)
    return made
