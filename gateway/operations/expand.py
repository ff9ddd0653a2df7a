"""``ValueSet/$expand`` (R4 valueset-operation-expand.html): the codes of a value set, in pages.

Expansions are flat. Without ``count`` one of more than ``MOST`` codes is refused as too costly, as R4 says;
with a filter the best codes come first, where the code system ranks them.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from gateway.operations.codes import DATE, LANGUAGE, coverage, known_of, shown, value_set_of
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.code_systems.known import KnownCodes
from profiles.code_systems.value_set import SEARCHED, Entry, ValueSetContent
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from terminology.code_system import Concept

MOST: Final = 10_000
"""Codes of an expansion, or of one page of it."""
_RECORDED: Final = (
    "filter", "date", "offset", "count", "includeDesignations", "activeOnly", "excludeNotForUI",
    "displayLanguage", "system-version", "exclude-system",
)  # fmt: skip
_KINDS: Final[dict[Any, str]] = {
    bool: "valueBoolean",
    int: "valueInteger",
    str: "valueString",
    "date": "valueDateTime",
    "displayLanguage": "valueCode",
    "system-version": "valueUri",
    "exclude-system": "valueUri",
}
"""How a parameter is recorded: by its name, else by its value."""


def expand(call: Call) -> dict[str, Any]:
    """The value set with its expansion."""
    known = known_of(call, "valueSet")
    resource = value_set_of(call, known)
    content = ValueSetContent(known, resource)
    offset, count = _paging(call)
    page, total = _page(_wanted(call, known, content), offset, count)
    expansion: dict[str, Any] = {
        "identifier": f"urn:uuid:{uuid4()}",
        "timestamp": instant(datetime.now(UTC)),
        "total": total,
        "offset": offset,
        "parameter": [*_parameters(call), *_used(known, page)],
        "contains": [_entry(call, known, entry) for entry in page],
    }
    if call.one("filter") and count is not None and total > offset + count:
        # Of the answers to a text only as many were asked for as the page needs.
        del expansion["total"]
    if count is None and not offset:
        del expansion["offset"]
    made = {k: v for k, v in expansion.items() if v != []}
    return {**_kept(call, resource), "expansion": made}


def _page(entries: Iterator[Entry], offset: int, count: int | None) -> tuple[list[Entry], int]:
    """The entries of the page, and how many there are in all."""
    page: list[Entry] = []
    end = offset + (MOST if count is None else count)
    total = 0
    for entry in entries:
        if offset <= total < end:
            page.append(entry)
        total += 1
        if count is None and total > end:
            raise OperationOutcomeError(
                "too-costly",
                f"more than {MOST} codes: ask for pages with count and offset",
                "count",
            )
    return page, total


def _paging(call: Call) -> tuple[int, int | None]:
    offset, count = call.one("offset", 0), call.one("count")
    if offset < 0 or (count is not None and count < 0):
        raise OperationOutcomeError("invalid", "count and offset are not negative", "count")
    if count is not None and count > MOST:
        raise OperationOutcomeError("too-costly", f"a page has {MOST} codes at most", "count")
    return offset, count


def _wanted(call: Call, known: KnownCodes, content: ValueSetContent) -> Iterator[Entry]:
    """Entries that are not left out; a code system without inactive codes is not asked for each."""
    tests: list[Callable[[Entry], bool]] = []
    if excluded := frozenset(call.given.get("exclude-system", ())):
        tests.append(lambda one: not {one.system, f"{one.system}|{one.version}"} & excluded)
    if call.one("activeOnly") is True or not content.inactive_wanted():
        tests.append(lambda one: not _is_inactive(known, one))
    if call.one("excludeNotForUI") is True:
        tests.append(lambda one: not _is_abstract(known, one))
    text = call.one("filter") or ""
    if not tests:
        most = call.one("offset", 0) + call.one("count", SEARCHED) + 1
        return content.entries(text, min(most, SEARCHED))
    entries = content.entries(text)
    return (one for one in entries if all(test(one) for test in tests))


def _is_inactive(known: KnownCodes, entry: Entry) -> bool:
    system = known.system(entry.system, entry.version)
    if system is None or not system.has_inactive:
        return False
    concept = system.concept(entry.code)
    return concept is not None and concept.inactive


def _is_abstract(known: KnownCodes, entry: Entry) -> bool:
    system = known.system(entry.system, entry.version)
    return system is not None and system.is_abstract(entry.code)


def _parameters(call: Call) -> Iterator[dict[str, Any]]:
    for name in _RECORDED:
        for value in call.given.get(name, ()):
            yield {"name": name, _KINDS.get(name, _KINDS[type(value)]): value}


def _used(known: KnownCodes, page: list[Entry]) -> Iterator[dict[str, Any]]:
    """Which versions were used, and where one does not hold on the date."""
    for url, version in dict.fromkeys((entry.system, entry.version) for entry in page):
        canonical = f"{url}|{version}" if version else url
        yield {"name": "version", "valueUri": canonical}
        system = known.system(url, version)
        if system is not None and (gap := coverage(system, known.when)):
            yield {"name": "warning", "valueString": gap}


def _entry(call: Call, known: KnownCodes, entry: Entry) -> dict[str, Any]:
    system = known.system(entry.system, entry.version)
    concept = system.concept(entry.code) if system is not None else None
    made = {"system": entry.system, "version": entry.version, "code": entry.code}
    display = entry.display or (
        shown(concept, call.one("displayLanguage") or "") if concept else ""
    )
    found: dict[str, Any] = {k: v for k, v in {**made, "display": display}.items() if v}
    if concept is not None and concept.abstract:
        found["abstract"] = True
    if concept is not None and concept.inactive:
        found["inactive"] = True
    if call.one("includeDesignations") is True and (listed := _designations(entry, concept)):
        found["designation"] = listed
    return found


def _designations(entry: Entry, concept: Concept | None) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = list(entry.designations)
    for one in concept.designations if concept is not None else ():
        made: dict[str, Any] = {"language": one.language} if one.language else {}
        if one.use_coding or one.use:
            made["use"] = one.use_coding or {"display": one.use}
        listed.append({**made, "value": one.value})
    return listed


def _kept(call: Call, resource: dict[str, Any]) -> dict[str, Any]:
    """The value set without its text; its definition where it is asked for."""
    left_out = {"text", "contained", "expansion"}
    if call.one("includeDefinition") is not True:
        left_out.add("compose")
    return {"resourceType": "ValueSet", **{k: v for k, v in resource.items() if k not in left_out}}


OPERATION: Final = Operation(
    "expand",
    "The codes of a value set; of a whole code system or a part of it with an implicit one (?fhir_vs).",
    resources=("ValueSet",),
    levels=("type", "instance"),
    compute=expand,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/ValueSet-expand",
    parameters=(
        Parameter("url", "in", 0, "1", "uri", "Canonical of the value set; an implicit one too."),
        Parameter("valueSet", "in", 0, "1", "ValueSet", "The value set itself."),
        Parameter("valueSetVersion", "in", 0, "1", "string", "Its version."),
        Parameter("filter", "in", 0, "1", "string", "Words that a code's texts have."),
        DATE,
        Parameter("offset", "in", 0, "1", "integer", "Where the page begins."),
        Parameter(
            "count", "in", 0, "1", "integer", "Codes of the page; 0: only how many there are."
        ),
        Parameter("includeDesignations", "in", 0, "1", "boolean", "Other texts of each code too."),
        Parameter("includeDefinition", "in", 0, "1", "boolean", "The compose too."),
        Parameter("activeOnly", "in", 0, "1", "boolean", "No inactive codes."),
        Parameter("excludeNotForUI", "in", 0, "1", "boolean", "No codes that only group others."),
        Parameter("system-version", "in", 0, "*", "canonical", "Version of a code system to take."),
        Parameter("exclude-system", "in", 0, "*", "canonical", "Code system to leave out."),
        Parameter("excludeNested", "in", 0, "1", "boolean", "Expansions are flat in any case."),
        LANGUAGE,
        Parameter("return", "out", 1, "1", "ValueSet", "The value set with its expansion."),
    ),
)
