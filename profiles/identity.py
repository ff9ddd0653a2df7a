"""What tells things apart: ids of elements and full URLs of entries (R4 element.html, bundle.html)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.structure import Problem

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.+", re.DOTALL)
_LINKED: Final = frozenset({"document", "message"})
"""Types of Bundle whose entries refer to each other by full URL (R4 documents.html, messaging.html)."""
_RESTFUL: Final = re.compile(r"https?://.+/([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


def identity_problems(resource: dict[str, Any], path: str = "") -> Iterator[Problem]:
    """Ids of elements that are given twice, and full URLs that disagree with their resources.

    Parameters
    ----------
    resource : dict
        A resource whose structure holds, but for members of lists that were left out; the resources of
        its entries are asked too.
    path : str
        Where it stands, when it is not the outermost.
    """
    path = path or str(resource["resourceType"])
    seen: set[str] = set()
    # The elements of a snapshot and of a differential are named alike (R4 elementdefinition.html#id).
    named = {} if resource["resourceType"] == "StructureDefinition" else resource
    for name, value in named.items():
        if name != "contained":
            yield from _repeated(value, f"{path}.{name.removeprefix('_')}", seen)
    for at, one in enumerate(resource.get("contained", ())):
        if one is not None:
            yield from identity_problems(one, f"{path}.contained[{at}]")
    if resource["resourceType"] == "Bundle":
        linked = resource.get("type") in _LINKED
        for at, entry in enumerate(resource.get("entry", ())):
            if entry is not None:
                yield from _full_url(entry, f"{path}.entry[{at}].fullUrl", linked=linked)


def _repeated(value: Any, path: str, seen: set[str]) -> Iterator[Problem]:
    """The id of an element is unique within its resource (R4 element.html#id)."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield from _repeated(one, f"{path}[{at}]", seen)
    elif isinstance(value, dict) and "resourceType" in value:
        yield from identity_problems(value, path)
    elif isinstance(value, dict):
        own = value.get("id")
        if own in seen:
            text = "the id of an element is unique within its resource"
            yield Problem("invariant", text, f"{path}.id")
        elif isinstance(own, str):
            seen.add(own)
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _repeated(inner, f"{path}.{name.removeprefix('_')}", seen)


def _full_url(entry: dict[str, Any], path: str, *, linked: bool) -> Iterator[Problem]:
    """A full URL is absolute and leads to the resource beside it (R4 bundle.html#bundle-unique)."""
    url, resource = entry.get("fullUrl"), entry.get("resource")
    if not isinstance(url, str):
        if linked and isinstance(resource, dict) and "id" in resource:
            yield Problem("required", "the fullUrl says which resource this is", path)
        return
    if not _ABSOLUTE.fullmatch(url):
        yield Problem("value", "a fullUrl is absolute", path)
    found = _RESTFUL.fullmatch(url)
    if found is None or resource is None or found[1] not in definitions().resources:
        return
    if (resource["resourceType"], resource.get("id", found[2])) != found.groups():
        text = "the fullUrl does not agree with the type and the id of the resource"
        yield Problem("value", text, path)
