"""A CodeSystem resource as a code system (R4 codesystem.html)."""

from collections.abc import Iterator
from typing import Any, Final

from terminology.code_system import Concept, Designation, Property

_BUILT_IN: Final = ("parent", "child", "inactive")
_INACTIVE: Final = frozenset({"retired", "inactive"})
_PARENTS: Final = frozenset({"parent", "subsumedBy"})


class ResourceCodeSystem:
    """What a CodeSystem defines.

    Parameters
    ----------
    resource : dict
        A valid CodeSystem.
    """

    listed: Final = True

    def __init__(self, resource: dict[str, Any]) -> None:
        self._resource = resource
        self.system = str(resource.get("url", ""))
        self.version = str(resource.get("version", ""))
        self.name = str(resource.get("title") or resource.get("name") or self.system)
        self.complete = resource.get("content") == "complete"
        self._folds = resource.get("caseSensitive") is False
        self._concepts: dict[str, dict[str, Any]] = {}
        self._parents: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        self._take(resource.get("concept", ()), "")
        self._take_parents()
        self.has_inactive = any(_inactive(one) for one in self._concepts.values())
        stated = (one["code"] for one in resource.get("property", ()))
        self.property_codes = tuple(dict.fromkeys((*_BUILT_IN, *stated)))

    def covers(self, when: str) -> bool:
        """A resource has no dates of service."""
        del when
        return True

    def concept(self, code: str) -> Concept | None:
        """A concept; letters of either case where the code system does not tell them apart."""
        found = self._concepts.get(self._key(code))
        if found is None:
            return None
        return Concept(
            found["code"],
            found.get("display", found["code"]),
            found.get("definition", ""),
            abstract=_flag(found, "notSelectable"),
            inactive=_inactive(found),
            designations=tuple(map(_designation, found.get("designation", ()))),
            properties=tuple(self._properties(found)),
        )

    def is_abstract(self, code: str) -> bool:
        """Whether a concept is not selectable."""
        found = self._concepts.get(self._key(code))
        return found is not None and _flag(found, "notSelectable")

    def has(self, code: str, name: str, value: str) -> bool:
        """Whether a concept has a property of a value."""
        found = self.concept(code)
        if found is None:
            return False
        return any(p.code == name and _plain(p.value) == value for p in found.properties)

    def codes(self) -> Iterator[str]:
        """Every code, in the order of the resource."""
        return (concept["code"] for concept in self._concepts.values())

    def below(self, code: str) -> Iterator[str]:
        """Codes below a code, each once."""
        return self._reached(self._key(code), self._children)

    def above(self, code: str) -> Iterator[str]:
        """Codes above a code by any of its parents, each once."""
        return self._reached(self._key(code), self._parents)

    def subsumes(self, above: str, below: str) -> bool:
        """Whether a code stands above another, by any of its parents."""
        wanted = self._key(above)
        return any(self._key(code) == wanted for code in self.above(below))

    def _reached(self, start: str, related: dict[str, list[str]]) -> Iterator[str]:
        """Codes that are reached from one, parents that go in circles included once."""
        seen = {start}
        waiting = list(reversed(related.get(start, ())))
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                yield self._concepts[key]["code"]
                waiting += reversed(related.get(key, ()))

    def search(self, text: str, limit: int) -> list[str]:
        """Codes in whose code or texts every word begins some word; the shortest display first."""
        words = text.casefold().split()
        found = [one for one in self._concepts.values() if all(_begins(one, w) for w in words)]
        found.sort(key=lambda one: len(one.get("display", "")))
        return [one["code"] for one in found[:limit]]

    def _key(self, code: str) -> str:
        return code.casefold() if self._folds else code

    def _take(self, concepts: Any, parent: str) -> None:
        for concept in concepts:
            key = self._key(concept["code"])
            self._concepts.setdefault(key, concept)
            if parent:
                self._relate(parent, key)
            self._take(concept.get("concept", ()), key)

    def _take_parents(self) -> None:
        """Relations that are stated as properties (R4 codesystem.html#status, concept-properties)."""
        for key, concept in self._concepts.items():
            for entry in concept.get("property", ()):
                other = self._key(str(entry.get("valueCode", "")))
                if other not in self._concepts:
                    continue
                if entry["code"] in _PARENTS:
                    self._relate(other, key)
                elif entry["code"] == "child":
                    self._relate(key, other)

    def _relate(self, parent: str, child: str) -> None:
        if child not in self._children.setdefault(parent, []):
            self._children[parent].append(child)
            self._parents.setdefault(child, []).append(parent)

    def _properties(self, concept: dict[str, Any]) -> Iterator[Property]:
        key = self._key(concept["code"])
        for name, related in (("parent", self._parents), ("child", self._children)):
            for other in related.get(key, ()):
                found = self._concepts[other]
                yield Property(name, "code", found["code"], found.get("display", ""))
        yield Property("inactive", "boolean", _inactive(concept))
        for entry in concept.get("property", ()):
            if entry["code"] not in (*_BUILT_IN, *_PARENTS):
                yield _property(entry)


def _property(entry: dict[str, Any]) -> Property:
    name = next(key for key in entry if key.startswith("value"))
    kind = name.removeprefix("value")
    type_ = kind if kind == "Coding" else kind[:1].lower() + kind[1:]
    return Property(entry["code"], type_, entry[name])


def _designation(entry: dict[str, Any]) -> Designation:
    use = entry.get("use")
    text = (use or {}).get("display") or (use or {}).get("code", "")
    return Designation(entry["value"], text, entry.get("language", ""), use)


def _flag(concept: dict[str, Any], name: str) -> bool:
    return any(
        entry["code"] == name and entry.get("valueBoolean") is True
        for entry in concept.get("property", ())
    )


def _inactive(concept: dict[str, Any]) -> bool:
    retired = any(
        entry["code"] == "status"
        and (entry.get("valueCode") or entry.get("valueString")) in _INACTIVE
        for entry in concept.get("property", ())
    )
    return retired or _flag(concept, "inactive")


def _begins(concept: dict[str, Any], word: str) -> bool:
    texts = (concept["code"], concept.get("display", ""))
    named = (d["value"] for d in concept.get("designation", ()))
    return any(
        part.startswith(word) for text in (*texts, *named) for part in text.casefold().split()
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("code", "")) if isinstance(value, dict) else str(value)
