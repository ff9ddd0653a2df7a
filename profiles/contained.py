"""Contained resources and the links to them (R4 references.html#contained; dom-3, dom-4, dom-5, ref-1)."""

from collections.abc import Iterator
from typing import Any

from profiles.definitions.r4 import definitions
from profiles.structure import Problem


def contained_problems(resource: dict[str, Any], path: str = "") -> Iterator[Problem]:
    """What is wrong with the contained resources of a resource and with its local references.

    Parameters
    ----------
    resource : dict
        A resource; those of its entries and parameters are asked on their own.
    path : str
        Where it stands, when it is not the outermost.
    """
    kind = resource["resourceType"]
    path = path or str(kind)
    if kind in ("Bundle", "Parameters"):
        for inner, its_path in _inner(resource, path):
            yield from contained_problems(inner, its_path)
    contained = [one for one in resource.get("contained", ()) if isinstance(one, dict)]
    links = list(_links(resource, path))
    if not contained and not links:
        return
    known = {one.get("id") for one in contained}
    for text, place in links:
        # Elsewhere a # may be anything: the head of a markdown text, the path of a contentReference.
        if place.endswith(".reference") and text != "#" and text.removeprefix("#") not in known:
            yield Problem("invariant", "ref-1: nothing of this id is contained", place)
    kinds = {str(one.get("id")): str(one.get("resourceType")) for one in contained}
    if kinds:
        yield from _mistyped(resource, kind, path, kinds)
        kinds[""] = kind  # what is contained refers to what contains it by # alone
        for at, one in enumerate(contained):
            yield from _mistyped(one, one["resourceType"], f"{path}.contained[{at}]", kinds)
    for at, one in enumerate(contained):
        place = f"{path}.contained[{at}]"
        used = {text.removeprefix("#") for text, by in links if not by.startswith(f"{place}.")}
        if one.get("id") in {before.get("id") for before in contained[:at]}:
            text = "the id of a contained resource is unique in what contains it"
            yield Problem("invariant", text, f"{path}.contained[{at}].id")
        yield from _one(one, place, used)


def _inner(value: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The resources within a Bundle or Parameters, which have contained resources of their own."""
    for name, member in value.items():
        for at, one in enumerate(member) if isinstance(member, list) else ((-1, member),):
            if not isinstance(one, dict) or name == "contained":
                continue
            place = f"{path}.{name}[{at}]" if at >= 0 else f"{path}.{name}"
            if "resourceType" in one:
                yield one, place
            else:
                yield from _inner(one, place)


def _mistyped(
    value: dict[str, Any], kind: str, path: str, kinds: dict[str, str]
) -> Iterator[Problem]:
    """References to a contained resource of a type that their element does not allow."""
    definition = definitions().types.get(kind)
    if definition is None:
        return
    for name, inner in value.items():
        element, inner_kind = definition.members.get(name, (None, ""))
        if element is None or inner_kind == "Resource":
            continue
        for at, one in enumerate(inner) if isinstance(inner, list) else ((-1, inner),):
            if not isinstance(one, dict):
                continue
            place = f"{path}.{name}[{at}]" if at >= 0 else f"{path}.{name}"
            text = one.get("reference")
            found = kinds.get(text[1:]) if isinstance(text, str) and text[:1] == "#" else None
            allowed = element.targets if inner_kind == "Reference" else frozenset()
            if found and allowed and not allowed & {found, "Resource"}:
                text = f"a {found} cannot be referred to here"
                yield Problem("value", text, f"{place}.reference")
            yield from _mistyped(one, inner_kind, place, kinds)


def _one(resource: dict[str, Any], path: str, used: set[str]) -> Iterator[Problem]:
    refers_back = any(text == "#" for text, _ in _links(resource, path))
    if resource.get("id") not in used and not refers_back:
        text = "dom-3: a contained resource is referred to from the resource that contains it"
        yield Problem("invariant", text, path)
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return
    if "versionId" in meta or "lastUpdated" in meta:
        yield Problem(
            "invariant", "dom-4: a contained resource has no version of its own", f"{path}.meta"
        )
    if "security" in meta:
        yield Problem(
            "invariant", "dom-5: a contained resource has no security label", f"{path}.meta"
        )


def _links(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Local references, canonicals and uris with their places."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if inner[:1] == "#" and name not in (
                    "div",
                    "value",
                    "valueString",
                    "text",
                    "display",
                ):
                    yield inner, f"{path}.{name}"
            elif isinstance(inner, list) or (
                isinstance(inner, dict) and "resourceType" not in inner
            ):
                yield from _links(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            if isinstance(inner, dict | list):
                yield from _links(inner, f"{path}[{at}]")
            elif isinstance(inner, str) and inner[:1] == "#":
                yield inner, f"{path}[{at}]"
