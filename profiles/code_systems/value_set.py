"""What is in a value set (R4 valueset.html#compose): whether a code is, and all that are.

A value set that needs more than is known here is refused, never taken for smaller than it is.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from profiles.code_systems.filters import candidates, holds
from profiles.code_systems.known import KnownCodes
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem

SEARCHED: Final = 1000
"""Answers of a code system's own search that are looked at."""

Member = Callable[[str, str], bool]


class Entry(NamedTuple):
    """One code of a value set; ``display`` where the value set gives its own."""

    system: str
    version: str
    code: str
    display: str = ""
    designations: tuple[Any, ...] = ()


class ValueSetContent:
    """The content of one value set.

    Parameters
    ----------
    known : KnownCodes
    resource : dict
        A valid ValueSet.
    """

    def __init__(
        self, known: KnownCodes, resource: dict[str, Any], above: Sequence[str] = ()
    ) -> None:
        self._known = known
        self._resource = resource
        self._above = (*above, str(resource.get("url", id(resource))))
        self._imported: dict[str, ValueSetContent] = {}

    def contains(self, system: str, code: str) -> bool:
        """Whether a code is in the value set; an empty system fits any.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` when that cannot be known here.
        """
        compose = self._resource.get("compose")
        if compose is None:
            return any(
                entry.code == code and system in ("", entry.system) for entry in self._expanded()
            )
        return any(
            self._member(include)(system, code) for include in compose.get("include", ())
        ) and not any(self._member(exclude)(system, code) for exclude in compose.get("exclude", ()))

    def entries(self, text: str = "", most: int = SEARCHED) -> Iterator[Entry]:
        """Every code, each once; with a text those that fit it, the best first within a code system.

        Parameters
        ----------
        text : str
            Words that a person types.
        most : int
            Answers to the text that are wanted of each code system.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` or ``too-costly`` when they cannot be listed here.
        """
        compose = self._resource.get("compose")
        if compose is None:
            yield from (one for one in self._expanded() if _fits(one.display or one.code, text))
            return
        excluded = [self._member(exclude) for exclude in compose.get("exclude", ())]
        includes = compose.get("include", ())
        if len(includes) == 1 and not excluded and not includes[0].get("concept"):
            # A code system has each of its codes once.
            yield from self._listed(includes[0], text, most)
            return
        seen: set[tuple[str, str]] = set()
        for include in includes:
            for entry in self._listed(include, text, most):
                key = (entry.system, entry.code)
                if key not in seen and not any(out(*key) for out in excluded):
                    seen.add(key)
                    yield entry

    def inactive_wanted(self) -> bool:
        """Whether inactive codes belong to it (``compose.inactive``; so they do unless it says no)."""
        return self._resource.get("compose", {}).get("inactive") is not False

    def _expanded(self) -> Iterator[Entry]:
        if "expansion" not in self._resource:
            raise OperationOutcomeError(
                "not-supported", "the value set has neither a compose nor an expansion"
            )
        yield from _contained(self._resource["expansion"].get("contains", ()))

    def _import(self, canonical: str) -> "ValueSetContent":
        if canonical not in self._imported:
            url = canonical.partition("|")[0]
            if url in self._above:
                raise OperationOutcomeError("not-supported", "the value set includes itself")
            resource = self._known.value_set(canonical)
            if resource is None:
                raise OperationOutcomeError(
                    "not-supported", "the value set includes one that is not known here"
                )
            self._imported[canonical] = ValueSetContent(self._known, resource, self._above)
        return self._imported[canonical]

    def _member(self, include: dict[str, Any]) -> Member:
        """Whether an include has a code, as a question."""
        imports = [self._import(url) for url in include.get("valueSet", ())]
        own = self._own(include)

        def member(system: str, code: str) -> bool:
            if own is not None and not own(system, code):
                return False
            return all(one.contains(system, code) for one in imports) and bool(own or imports)

        return member

    def _own(self, include: dict[str, Any]) -> Member | None:
        if "system" not in include:
            return None
        wanted: str = include["system"]
        if include.get("concept"):
            listed = frozenset(one["code"] for one in include["concept"])
            return lambda system, code: system in ("", wanted) and code in listed

        def member(system: str, code: str) -> bool:
            if system not in ("", wanted):
                return False
            found = self._system(include)
            if found.concept(code) is None:
                return _unknown(found)
            return all(holds(found, rule)(code) for rule in include.get("filter", ()))

        return member

    def _system(self, include: dict[str, Any]) -> CodeSystem:
        found = self._known.system(include["system"], include.get("version", ""))
        if found is None:
            raise OperationOutcomeError(
                "not-supported", "the value set needs a code system that is not known here"
            )
        return found

    def _listed(self, include: dict[str, Any], text: str, most: int) -> Iterator[Entry]:
        imports = [self._import(url) for url in include.get("valueSet", ())]
        if "system" in include:
            entries = self._of_system(include, text, SEARCHED if imports else most)
        elif imports:
            entries = imports[0].entries(text, SEARCHED if imports[1:] else most)
            imports = imports[1:]
        else:
            return
        if not imports:
            yield from entries
            return
        for entry in entries:
            if all(one.contains(entry.system, entry.code) for one in imports):
                yield entry

    def _of_system(self, include: dict[str, Any], text: str, most: int) -> Iterator[Entry]:
        if include.get("concept"):
            yield from self._enumerated(include, text)
            return
        system = self._system(include)
        _require_listed(system)
        rules = include.get("filter", [])
        url, version = system.system, system.version
        tests = [holds(system, rule) for rule in rules]
        if text:
            found = iter(system.search(text, SEARCHED if tests else most))
        else:
            found, tests = candidates(system, rules)
        if tests:
            found = (code for code in found if all(test(code) for test in tests))
        yield from (Entry(url, version, code) for code in found)

    def _enumerated(self, include: dict[str, Any], text: str) -> Iterator[Entry]:
        system = self._known.system(include["system"], include.get("version", ""))
        version = system.version if system is not None else include.get("version", "")
        for one in include["concept"]:
            display = one.get("display", "")
            if not display and system is not None and text:
                concept = system.concept(one["code"])
                display = concept.display if concept is not None else ""
            if _fits(f"{one['code']} {display}", text):
                given = tuple(one.get("designation", ()))
                yield Entry(include["system"], version, one["code"], one.get("display", ""), given)


def _unknown(system: CodeSystem) -> bool:
    """A code that is not found: none of it, unless the system is known in part only."""
    if not system.complete:
        raise OperationOutcomeError(
            "not-supported", "the code system is known here in part only, without this code"
        )
    return False


def _require_listed(system: CodeSystem) -> None:
    if not system.listed:
        raise OperationOutcomeError(
            "too-costly", "the codes of this code system are a grammar and have no end"
        )
    if not system.complete:
        raise OperationOutcomeError("not-supported", "the code system is known here in part only")


def _fits(shown: str, text: str) -> bool:
    parts = shown.casefold().split()
    return all(any(part.startswith(word) for part in parts) for word in text.casefold().split())


def _contained(contains: Any) -> Iterator[Entry]:
    for one in contains:
        if "code" in one and not one.get("abstract"):
            yield Entry(
                one.get("system", ""), one.get("version", ""), one["code"], one.get("display", "")
            )
        yield from _contained(one.get("contains", ()))
