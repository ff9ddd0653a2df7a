"""``$validate-code`` of CodeSystem and ValueSet: whether a code is in it, and its display.

R4 codesystem-operation-validate-code.html, valueset-operation-validate-code.html. An answer with result true
may carry hints: a code that only groups others, one that is no longer used, a release of another date.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from gateway.operations.codes import (
    CODING,
    CONCEPT,
    DATE,
    LANGUAGE,
    Asked,
    asked_codes,
    coverage,
    is_display,
    known_of,
    of_instance,
    parameters,
    shown,
    value_set_of,
)
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.code_systems.known import KnownCodes
from profiles.code_systems.resource import ResourceCodeSystem
from profiles.code_systems.value_set import ValueSetContent
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem, Concept


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of one code."""

    result: bool
    messages: tuple[str, ...] = ()
    display: str = ""


def code_system_validate_code(call: Call) -> dict[str, Any]:
    """Whether a code is in a code system."""
    known = known_of(call, "codeSystem")
    url, system = _code_system(call, known)
    return _answer(
        _in_system(call, known, system, asked)
        if asked.system in ("", url)
        else Judged(False, ("the system of the code is another one",))
        for asked in asked_codes(call, url)
    )


def _code_system(call: Call, known: KnownCodes) -> tuple[str, CodeSystem]:
    given = of_instance(call) if call.id else call.one("codeSystem")
    if given is not None:
        return str(given.get("url", "")), ResourceCodeSystem(given)
    url = call.one("url")
    if not url:
        raise OperationOutcomeError("required", "give url or codeSystem", "url")
    return url, known.require_system(url, call.one("version") or "")


def _in_system(call: Call, known: KnownCodes, system: CodeSystem, asked: Asked) -> Judged:
    if asked.version and asked.version != system.version:
        other = known.system(asked.system or system.system, asked.version)
        if other is None:
            return Judged(False, ("this version of the code system is not known here",))
        system = other
    concept = system.concept(asked.code)
    if concept is None:
        known_in_part = "" if system.complete else ", of which only a part is known here"
        return Judged(False, (f"the code is not in the code system{known_in_part}",))
    return _judged(call, system, concept, asked, known.when)


def _judged(
    call: Call, system: CodeSystem | None, concept: Concept, asked: Asked, when: str
) -> Judged:
    """A code that is there: its display, and what else is to be said."""
    display = shown(concept, call.one("displayLanguage") or "")
    wrong, hints = [], []
    if asked.display and not is_display(concept, asked.display):
        wrong.append("the display is not one of this code")
    if concept.abstract and call.one("abstract") is False:
        wrong.append("the code groups others and is not to be used itself")
    elif concept.abstract and call.one("abstract") is None:
        hints.append("the code groups others: a more specific one is to be reported")
    if concept.inactive:
        hints.append("the code is inactive")
    if system is not None and (gap := coverage(system, when)):
        hints.append(gap)
    return Judged(not wrong, (*wrong, *hints), display)


def value_set_validate_code(call: Call) -> dict[str, Any]:
    """Whether a code is in a value set."""
    known = known_of(call, "valueSet")
    content = ValueSetContent(known, value_set_of(call, known))
    return _answer(
        _in_value_set(call, known, content, asked)
        for asked in asked_codes(call, call.one("system") or "")
    )


def _in_value_set(call: Call, known: KnownCodes, content: ValueSetContent, asked: Asked) -> Judged:
    if not content.contains(asked.system, asked.code):
        return Judged(False, ("the code is not in the value set",))
    system = known.system(asked.system, asked.version) if asked.system else None
    concept = system.concept(asked.code) if system is not None else None
    if concept is None:
        return Judged(True)
    return _judged(call, system, concept, asked, known.when)


def _answer(found: Iterable[Judged]) -> dict[str, Any]:
    """The first code that does, else the first of all."""
    judged = list(found)
    best = next((one for one in judged if one.result), judged[0])
    said: list[dict[str, Any]] = [{"name": "result", "valueBoolean": best.result}]
    if best.messages:
        said.append({"name": "message", "valueString": "; ".join(best.messages)})
    if best.display:
        said.append({"name": "display", "valueString": best.display})
    return parameters(said)


_OUT: Final = (
    Parameter("result", "out", 1, "1", "boolean", "Whether the code is in it."),
    Parameter("message", "out", 0, "1", "string", "Why not, or hints."),
    Parameter("display", "out", 0, "1", "string", "The display of the code."),
)
_ABSTRACT: Final = Parameter(
    "abstract", "in", 0, "1", "boolean", "Whether a code that only groups others is allowed."
)


def _operation(kind: str, text: str, compute: Callable[[Call], Any], *own: Parameter) -> Operation:
    return Operation(
        "validate-code",
        text,
        resources=(kind,),
        levels=("type", "instance"),
        compute=compute,
        methods=("GET", "POST"),
        affects_state=False,
        base=f"{HL7}/{kind}-validate-code",
        key=f"{kind}-validate-code",
        parameters=(
            Parameter("url", "in", 0, "1", "uri", "Its canonical; an implicit one too."),
            *own,
            Parameter("code", "in", 0, "1", "code", "The code."),
            Parameter("display", "in", 0, "1", "string", "A display that is to be judged too."),
            CODING,
            CONCEPT,
            DATE,
            _ABSTRACT,
            LANGUAGE,
            *_OUT,
        ),
    )


OPERATIONS: Final = (
    _operation(
        "CodeSystem",
        "Whether a code is in a code system, and its display.",
        code_system_validate_code,
        Parameter("codeSystem", "in", 0, "1", "CodeSystem", "The code system itself."),
        Parameter("version", "in", 0, "1", "string", "Its version."),
    ),
    _operation(
        "ValueSet",
        "Whether a code is in a value set, and its display.",
        value_set_validate_code,
        Parameter("valueSet", "in", 0, "1", "ValueSet", "The value set itself."),
        Parameter("valueSetVersion", "in", 0, "1", "string", "Its version."),
        Parameter("system", "in", 0, "1", "uri", "Code system of the code."),
        Parameter("systemVersion", "in", 0, "1", "string", "Version of the code system."),
    ),
)
