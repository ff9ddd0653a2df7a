"""Contained resources and the links to them (R4 references.html#contained; dom-3, dom-4, dom-5, ref-1)."""

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.place import Place, written
from profiles.structure import Problem

_TEXTS: Final = frozenset({"div", "value", "valueString", "text", "display"})
"""Members whose text may begin with # without being a link."""
_CONTAINED: Final = re.compile(r"contained\[(\d+)\]\.(.+)")
_INDEX: Final = re.compile(r"\[\d+\]")


def contained_problems(
    resource: dict[str, Any], path: str = "", *, most: int = 0
) -> Iterator[Problem]:
    """What is wrong with the contained resources of a resource and with its local references.

    Parameters
    ----------
    resource : dict
        A resource; those of its entries and parameters are asked on their own.
    path : str
        Where it stands, when it is not the outermost.
    most : int
        How many of its texts begin with # at most, where that is known: the search ends with the last.
    """
    kind = resource["resourceType"]
    path = path or str(kind)
    if kind in ("Bundle", "Parameters"):
        for inner, its_path in _inner(resource, path):
            yield from contained_problems(inner, its_path)
    contained = [one for one in resource.get("contained", ()) if isinstance(one, dict)]
    links = _links(resource, path, most)
    if not contained and not links:
        return
    known = {one.get("id") for one in contained}
    for text, place in links:
        # Elsewhere a # may be anything: the head of a markdown text, the path of a contentReference.
        if text == "#" or text.removeprefix("#") in known or not place.endswith(".reference"):
            continue
        if _referring(*_inside(kind, place[len(path) + 1 :], contained))[0]:
            yield Problem("invariant", "ref-1: nothing of this id is contained", place)
    kinds = {str(one.get("id")): str(one.get("resourceType")) for one in contained}
    if kinds:
        yield from _mistyped(links, kind, path, kinds, contained)
    for at, one in enumerate(contained):
        place = f"{path}.contained[{at}]"
        own = [text for text, by in links if by.startswith(f"{place}.")]
        used = {text.removeprefix("#") for text, by in links if not by.startswith(f"{place}.")}
        if one.get("id") in {before.get("id") for before in contained[:at]}:
            text = "the id of a contained resource is unique in what contains it"
            yield Problem("invariant", text, f"{path}.contained[{at}].id")
        yield from _one(one, place, used, refers_back="#" in own)


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
    links: list[tuple[str, str]],
    kind: str,
    path: str,
    kinds: dict[str, str],
    contained: list[dict[str, Any]],
) -> Iterator[Problem]:
    """References to a contained resource of a type that their element does not allow."""
    for text, place in links:
        if not place.endswith(".reference"):
            continue
        outer, inside = _inside(kind, place[len(path) + 1 :], contained)
        found = kinds.get(text[1:])
        if place.startswith(f"{path}.contained["):
            # What is contained refers to what contains it by # alone.
            found = kind if text == "#" else found
        if found is None:
            continue
        _, allowed = _referring(outer, inside)
        if allowed and not allowed & {found, "Resource"}:
            yield Problem("value", f"a {found} cannot be referred to here", place)


def _inside(kind: str, place: str, contained: list[dict[str, Any]]) -> tuple[str, str]:
    """The resource type in which a link stands, and where: in the resource or in one that it contains."""
    within = _CONTAINED.fullmatch(place)
    if within is not None:
        kind, place = contained[int(within[1])]["resourceType"], within[2]
    return kind, _INDEX.sub("", place).removesuffix(".reference")


@functools.lru_cache(maxsize=4096)
def _referring(kind: str, place: str) -> tuple[bool, frozenset[str]]:
    """Whether a Reference is at a place of a type, and the types that it may lead to; empty for any.

    An Expression has a ``reference`` as well, which is no Reference (R4 metadatatypes.html#Expression).
    """
    element = None
    for name in place.split("."):
        definition = definitions().types.get(kind)
        element, kind = definition.members.get(name, (None, "")) if definition else (None, "")
    if element is None or kind != "Reference":
        return False, frozenset()
    return True, element.targets or frozenset()


def _one(
    resource: dict[str, Any], path: str, used: set[str], *, refers_back: bool
) -> Iterator[Problem]:
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


class _AllFound(Exception):  # noqa: N818 - ends the search, is caught beside it
    """There cannot be more links."""


def _links(value: dict[str, Any], path: str, most: int) -> list[tuple[str, str]]:
    """Local references, canonicals and uris with their places."""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(_AllFound):
        _collect(value, (None, path, -1), found, most)
    return found


def _take(text: str, place: Place, found: list[tuple[str, str]], most: int) -> None:
    found.append((text, written(place)))
    if len(found) == most:
        raise _AllFound


def _collect(value: dict[str, Any], place: Place, found: list[tuple[str, str]], most: int) -> None:
    """Take the links of an object; its place is only written out where there is one."""
    for name, inner in value.items():
        kind = type(inner)
        if kind is str:
            if inner[:1] == "#" and name not in _TEXTS:
                _take(inner, (place, name, -1), found, most)
        elif kind is dict:
            if "resourceType" not in inner:
                _collect(inner, (place, name, -1), found, most)
        elif kind is list:
            for at, one in enumerate(inner):
                if type(one) is dict:
                    _collect(one, (place, name, at), found, most)
                elif type(one) is str and one[:1] == "#":
                    _take(one, (place, name, at), found, most)
