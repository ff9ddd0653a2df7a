"""What the operations on codes share: what they know, and how a code is given and answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gateway.operations.definition import Call, Parameter
from profiles.admission import issues
from profiles.code_systems.known import KnownCodes
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem, Concept

DATE: Final = Parameter(
    "date", "in", 0, "1", "dateTime", "Date of service; releases are chosen by it. Default: today."
)
CODING: Final = Parameter("coding", "in", 0, "1", "Coding", "The code, with its system.")
CONCEPT: Final = Parameter(
    "codeableConcept", "in", 0, "1", "CodeableConcept", "Codes of which one has to do."
)
LANGUAGE: Final = Parameter(
    "displayLanguage", "in", 0, "1", "code", "Language of the display, where there is one in it."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One code that is asked about; what was not given is empty."""

    system: str
    code: str
    version: str = ""
    display: str = ""


def known_of(call: Call, *given: str) -> KnownCodes:
    """What a call may ask; resources in its parameters named ``given`` go first.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a given resource that is none of R4.
    """
    when = call.one("date") or datetime.now(UTC).date().isoformat()
    resources = [call.one(name) for name in given if call.one(name) is not None]
    for resource in resources:
        wrong = issues(resource, warnings=False)
        if wrong:
            _, _, text, place = wrong[0]
            raise OperationOutcomeError("invalid", text, place)
    named = (canonical.partition("|") for canonical in call.given.get("system-version", ()))
    versions = {url: version for url, _, version in named}
    return KnownCodes(call.store, call.terminology, when, resources, versions)


def of_instance(call: Call) -> dict[str, Any]:
    """The resource of the address (``not-found``, ``deleted``)."""
    found: dict[str, Any] = call.store.read(call.kind, call.id).json()
    return found


def value_set_of(call: Call, known: KnownCodes) -> dict[str, Any]:
    """The value set of the address, the one that came along, or the one that is named.

    Raises
    ------
    OperationOutcomeError
        ``required`` when none is named, ``not-found`` when it is not known.
    """
    given = of_instance(call) if call.id else call.one("valueSet")
    if given is None:
        url = call.one("url")
        if not url:
            raise OperationOutcomeError("required", "give url or valueSet", "url")
        version = call.one("valueSetVersion")
        given = known.value_set(f"{url}|{version}" if version else url)
    if given is None:
        raise OperationOutcomeError("not-found", "this value set is not known here", "url")
    found: dict[str, Any] = given
    return found


def asked_codes(call: Call, system: str = "") -> list[Asked]:
    """The code, Coding or CodeableConcept of a call: one of them, as R4 wants.

    Parameters
    ----------
    system : str
        System of a bare code, where the operation says it otherwise.

    Raises
    ------
    OperationOutcomeError
        ``required`` without a code, ``invalid`` with several.
    """
    given = [name for name in ("code", "coding", "codeableConcept") if call.one(name) is not None]
    if len(given) != 1:
        kind = "invalid" if given else "required"
        raise OperationOutcomeError(kind, "give one of code, coding and codeableConcept", "code")
    if given == ["code"]:
        version = call.one("systemVersion") or call.one("version") or ""
        return [Asked(system, call.one("code"), version, call.one("display") or "")]
    found = call.one(given[0])
    codings = [found] if given == ["coding"] else found.get("coding", ())
    listed = [_asked(one) for one in codings if one.get("code")]
    if not listed:
        raise OperationOutcomeError("required", "the coding has no code", given[0])
    return listed


def _asked(coding: dict[str, Any]) -> Asked:
    names = ("system", "code", "version", "display")
    return Asked(*(str(coding.get(name, "")) for name in names))


def parameters(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A Parameters resource."""
    made: dict[str, Any] = {"resourceType": "Parameters"}
    return {**made, "parameter": list(pairs)} if pairs else made


def texts(**values: str) -> Iterator[dict[str, Any]]:
    """Parameters with a text each; an empty text has none."""
    return ({"name": name, "valueString": value} for name, value in values.items() if value)


def coverage(system: CodeSystem, when: str) -> str:
    """A sentence where a release does not hold on a date; empty where it does."""
    if system.covers(when):
        return ""
    return (
        f"no release of {system.name} for this date is here; release {system.version}, the nearest "
        "one, was used"
    )


def shown(concept: Concept, language: str = "") -> str:
    """Its display, in a language where it has one in it."""
    if language:
        for one in concept.designations:
            if one.language == language:
                return one.value
    return concept.display


def is_display(concept: Concept, text: str) -> bool:
    """Whether a text is a display of a concept, letters of either case alike."""
    wanted = " ".join(text.casefold().split())
    named = (concept.display, *(one.value for one in concept.designations))
    return any(" ".join(one.casefold().split()) == wanted for one in named)
