"""What one element is indexed as, by the kind of the search parameter (R4 search.html, table of each kind).

A row is a plain tuple whose first member names its table. It holds everything but the keys of parameter and
resource, so that equal values are equal rows.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import date_range, period_range, quantity_range
from profiles.search.tokens import (
    CODE_TYPES,
    LONGEST,
    Token,
    any_case,
    coded,
    exact,
    literal_code,
)

Row = tuple[Any, ...]
"""``(table, parameter, *columns)``: tok(val, sys, raw) sys(sys) str(norm, exact) ref(type, id) uri(val)
dat(lo, hi) num(lo, hi) qty(code, sys, unit, lo, hi) cmp(val, sys, lo, hi, val2, sys2, lo2, hi2)."""

EVERY_VERSION: Final = "\x1f"
"""Ends the address of a canonical that was given without a version: no text of FHIR has this character."""

CURRENCY: Final = "urn:iso:std:iso:4217"

_LITERAL: Final = re.compile(
    r"(?:(?P<base>https?://.+)/)?(?P<type>[A-Z]\w+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/.+)?"
)


def folded(text: str) -> str:
    """Text for comparison: without accents, case and surplus space (R4 search.html#string)."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def rows(kind: str, code: str, value: Any, element: str) -> Iterable[Row]:
    """Rows of one value; ``element`` is its FHIR type."""
    return rows_of(kind, element)(code, value, element)


def rows_of(kind: str, element: str) -> Callable[[str, Any, str], Iterable[Row]]:
    """What makes the rows of a kind of parameter from elements of one type."""
    return _OF_ELEMENT.get((kind, element)) or _ROWS[kind]


@functools.lru_cache(maxsize=8192)
def literal(reference: str, base: str = "") -> tuple[str, str] | None:
    """Type and id of a reference to this server; None for any other (R4 references.html#literal)."""
    match = _LITERAL.fullmatch(reference)
    if match is None or (match["base"] or base) != base:
        return None
    return match["type"], match["id"]


def address_of(text: str) -> tuple[str, str, str]:
    """Base, type and id of an absolute reference; empty for any other text."""
    match = _LITERAL.fullmatch(text)
    return (match["base"], match["type"], match["id"]) if match and match["base"] else ("", "", "")


def _concepts(code: str, value: Any, _: str) -> list[Row]:
    """Rows of a CodeableConcept: the most frequent element of all, so written out."""
    found: list[Row] = []
    text = value.get("text")
    if text:
        found.append(("str", f"{code}:text", folded(text)[:LONGEST], ""))
    for coding in value.get("coding", ()):
        system = coding.get("system", "")
        if system or "code" in coding:
            val, raw = coded(coding.get("code", ""), system)
            found.append(("tok", code, val, system, raw))
        if system:
            found.append(("sys", code, system))
        display = coding.get("display")
        if display:
            found.append(("str", f"{code}:text", folded(display)[:LONGEST], ""))
    return found


def _codes(code: str, value: Any, element: str) -> Iterable[Row]:
    """Row of a code without a system of its own; another value where one was let in."""
    if type(value) is not str:
        return _tokens(code, value, element)
    val, raw = literal_code(value)
    return (("tok", code, val, "", raw),)


def _tokens(code: str, value: Any, element: str) -> Iterator[Row]:
    if isinstance(value, bool):
        yield from _token(code, literal_code("true" if value else "false"), "")
    elif isinstance(value, str | int | float):
        text = str(value)
        yield from _token(code, literal_code(text) if element in CODE_TYPES else any_case(text), "")
    elif element == "Identifier":
        yield from _identifier(code, value)
    elif element == "ContactPoint":
        if "value" in value:
            yield from _token(code, any_case(value["value"]), value.get("system", ""))
    elif element == "Coding":
        yield from _coding(code, value)


def _token(code: str, token: Token, system: str) -> Iterator[Row]:
    """A token, and its system for a search by that alone (``system|``)."""
    val, raw = token
    yield ("tok", code, val, system, raw)
    if system:
        yield ("sys", code, system)


def _coding(code: str, coding: Any) -> Iterator[Row]:
    system = coding.get("system", "")
    if system or "code" in coding:
        yield from _token(code, coded(coding.get("code", ""), system), system)
        yield from _text(code, coding.get("display"))
    elif coding.get("display"):
        # Nothing else tells it apart: the text is kept as it is written (R4 resource-operation-meta).
        text = coding["display"]
        yield ("str", f"{code}:text", folded(text)[:LONGEST], exact(text))


def _identifier(code: str, value: Any) -> Iterator[Row]:
    system = value.get("system", "")
    if system or "value" in value:
        yield from _token(code, any_case(value.get("value", "")), system)
    kind = value.get("type", {})
    yield from _text(code, kind.get("text"))
    for coding in kind.get("coding", ()) if "value" in value else ():
        if "code" in coding:
            # type and value have to match in the same Identifier (R4 search.html#modifiers, :of-type)
            val, raw = any_case(f"{coding['code']}|{value['value']}")
            yield ("tok", f"{code}:of-type", val, coding.get("system", ""), raw)


def _text(code: str, text: Any) -> Iterator[Row]:
    if text:
        yield ("str", f"{code}:text", folded(text)[:LONGEST], "")


def _strings(code: str, value: Any, element: str) -> Iterator[Row]:
    if isinstance(value, str):
        yield ("str", code, folded(value)[:LONGEST], exact(value))
        return
    for name in _PARTS.get(element, ("text",)):
        part = value.get(name, ())
        for text in (part,) if isinstance(part, str) else part:
            if text:
                yield ("str", code, folded(text)[:LONGEST], exact(text))


_PARTS: Final = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}


def _references(code: str, value: Any, element: str) -> Iterator[Row]:
    if isinstance(value, str):
        yield from _canonical(code, value)
    elif element == "Resource":
        if "resourceType" in value and "id" in value:
            yield ("ref", code, value["resourceType"], value["id"])
    else:
        yield from _reference(code, value)


def _links(code: str, value: Any, element: str) -> Iterable[Row]:
    """Rows of a Reference, which is most often a literal one and nothing else: written out."""
    if type(value) is not dict or "identifier" in value or "display" in value:
        return _references(code, value, element)
    text = value.get("reference")
    if not text or text[0] == "#":
        return ()
    target = literal(text)
    return (("ref", code, *target) if target else ("uri", code, exact(text)),)


def _reference(code: str, value: Any) -> Iterator[Row]:
    text = value.get("reference", "")
    if text and not text.startswith("#"):
        target = literal(text)
        yield ("ref", code, *target) if target else ("uri", code, exact(text))
    identifier = value.get("identifier")
    if isinstance(identifier, dict):
        token = any_case(identifier.get("value", ""))
        yield from _token(f"{code}:identifier", token, identifier.get("system", ""))
    yield from _text(code, value.get("display"))


def _canonical(code: str, value: str) -> Iterator[Row]:
    plain = value.partition("|")[0]
    yield ("uri", code, exact(value))
    # What names one version is found by the address alone too, but does not mean every version.
    yield ("uri", code, exact(plain) if plain != value else exact(value) + EVERY_VERSION)
    target = literal(value)
    if target:
        yield ("ref", code, *target)


def _uris(code: str, value: Any, element: str) -> Iterator[Row]:
    if not isinstance(value, str):
        return
    yield ("uri", code, exact(value))
    if element == "canonical" and "|" in value:
        # Without a version every version is meant (R4 references.html#canonical).
        yield ("uri", code, exact(value.partition("|")[0]))


def _moments(code: str, value: Any, element: str) -> Iterable[Row]:
    """Row of a date, dateTime or instant."""
    if type(value) is not str:
        return _dates(code, value, element)
    try:
        return (("dat", code, *date_range(value)),)
    except OperationOutcomeError:
        return ()  # as in ``_date_ranges``


def _dates(code: str, value: Any, element: str) -> Iterator[Row]:
    for low, high in _date_ranges(value, element):
        yield ("dat", code, low, high)


def _date_ranges(value: Any, element: str) -> Iterator[tuple[int, int]]:
    try:
        if isinstance(value, str):
            yield date_range(value)
        elif element == "Period" and value.keys() & {"start", "end"}:
            yield period_range(value)
        elif element == "Timing":
            events = [date_range(event) for event in value.get("event", ())]
            bounds = value.get("repeat", {}).get("boundsPeriod")
            if bounds:
                events.append(period_range(bounds))
            if events:
                yield min(low for low, _ in events), max(high for _, high in events)
    except OperationOutcomeError:
        return  # the door refuses such a value; one that is stored all the same cannot be found by it


def _numbers(code: str, value: Any, element: str) -> Iterator[Row]:
    if element == "Range":
        yield ("num", code, *_ends(value))
    elif not isinstance(value, bool | dict | list):
        yield ("num", code, float(value), float(value))


def _quantities(code: str, value: Any, element: str) -> Iterator[Row]:
    if element == "Money":
        if "value" in value:
            exact = float(value["value"])
            yield ("qty", code, value.get("currency", ""), CURRENCY, "", exact, exact)
    elif element == "Range":
        one = value.get("low") or value.get("high") or {}
        yield ("qty", code, *_unit(one), *_ends(value))
    elif isinstance(value, dict):
        found = quantity_range(value)
        if found is not None:
            yield ("qty", code, *_unit(value), *found)


def _amounts(code: str, value: Any, element: str) -> Iterable[Row]:
    """Row of a Quantity."""
    if type(value) is not dict:
        return _quantities(code, value, element)
    found = quantity_range(value)
    return () if found is None else (("qty", code, *_unit(value), *found),)


def _unit(quantity: Any) -> tuple[str, str, str]:
    return quantity.get("code", ""), quantity.get("system", ""), quantity.get("unit", "")


def _ends(value: Any) -> tuple[float, float]:
    low = value.get("low", {}).get("value")
    high = value.get("high", {}).get("value")
    return (
        float("-inf") if low is None else float(low),
        float("inf") if high is None else float(high),
    )


def _positions(code: str, value: Any, _: str) -> Iterator[Row]:
    if "latitude" in value and "longitude" in value:
        yield ("num", code, float(value["latitude"]), float(value["longitude"]))


_ROWS: Final[dict[str, Callable[[str, Any, str], Iterator[Row]]]] = {
    "token": _tokens,
    "string": _strings,
    "reference": _references,
    "uri": _uris,
    "date": _dates,
    "number": _numbers,
    "quantity": _quantities,
    "special": _positions,
}

_OF_ELEMENT: Final[dict[tuple[str, str], Callable[[str, Any, str], Iterable[Row]]]] = {
    ("token", "CodeableConcept"): _concepts,
    ("token", "code"): _codes,
    ("reference", "Reference"): _links,
    ("date", "date"): _moments,
    ("date", "dateTime"): _moments,
    ("date", "instant"): _moments,
    ("quantity", "Quantity"): _amounts,
}
"""The elements that nearly all rows come from, without a generator for each."""
