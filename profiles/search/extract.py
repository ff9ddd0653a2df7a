"""Every value under which a resource can be found, compiled once per type from the search parameters."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import SearchParameter, parameters_of
from profiles.search.paths import JsonPath, Step, json_paths
from profiles.search.tokens import ANY_CASE, LOWER
from profiles.search.values import Row, rows, rows_of

BY_RESOURCE: Final = frozenset({"_id", "_lastUpdated", "_content", "_text", "_query", "_list"})
"""Parameters that no index table holds: the resource's own row, or its text, answers them."""

_PLAIN: Final = frozenset({"id", "meta", "implicitRules", "language", "resourceType"})

_SAID: Final = re.compile(r"([\w.]+)\.exists\(\) and ([\w.]+) != false")
"""Patient.deceased: true for a date, and for true itself."""

Rows = Callable[[Any], Iterable[Row]]


class Extractor:
    """Index rows of the resources of one type.

    Parameters
    ----------
    kind : str
        Resource type.
    parameters : mapping
        Its search parameters by code.
    """

    def __init__(self, kind: str, parameters: Mapping[str, SearchParameter]) -> None:
        self._by_member: dict[str, list[Rows]] = {}
        self._always: list[Rows] = []
        known = parameters_of(kind)
        for parameter in parameters.values():
            if parameter.code in BY_RESOURCE or parameter.sources or not parameter.expression:
                continue
            added = known.get(parameter.code) is not parameter
            for member, extract in _extracts(kind, parameter, parameters):
                kept = _where_it_fits(extract) if added else extract
                listed = self._by_member.setdefault(member, []) if member else self._always
                listed.append(kept)

    def rows(self, resource: Mapping[str, Any]) -> set[Row]:
        """The rows of a resource, without duplicates."""
        found: set[Row] = set()
        by_member = self._by_member
        for name in resource:
            for extract in by_member.get(name, ()):
                found.update(extract(resource))
        for extract in self._always:
            found.update(extract(resource))
        return found


def _extracts(
    kind: str, parameter: SearchParameter, all_: Mapping[str, SearchParameter]
) -> Iterator[tuple[str, Rows]]:
    """What makes the rows of a parameter, each with the member that has to be there, if there is one."""
    if parameter.kind == "composite":
        extract = _composite(kind, parameter, all_)
        yield from ((member, extract) for member in _triggers(kind, parameter))
        return
    paths = json_paths(parameter.expression, kind)
    said = _SAID.fullmatch(parameter.expression)
    if said is not None and (told := json_paths(said[1], kind)):
        yield "", _unless_false(parameter, told)
    elif paths is None:
        yield "", _by_fhirpath(parameter)
    else:
        for path in paths:
            yield path.steps[0].name if path.steps else "", _by_path(parameter, path)


def _where_it_fits(extract: Rows) -> Rows:
    """The rows of a parameter that a site has added; none where its expression gives what it cannot hold.

    A definition that does not fit what is stored must not keep it from being stored.
    """

    def tried(resource: Any) -> Iterable[Row]:
        try:
            return list(extract(resource))
        except (OperationOutcomeError, ArithmeticError, AttributeError, TypeError, ValueError):
            return ()

    return tried


def _by_path(parameter: SearchParameter, path: JsonPath) -> Rows:
    code, element = parameter.code, path.type
    made = rows_of(parameter.kind, element)
    if len(path.steps) == 1 and path.steps[0].index is None:
        return _by_member(path.steps[0], code, element, made)

    def extract(resource: Any) -> Iterable[Row]:
        return [row for value in path.values(resource) for row in made(code, value, element)]

    return extract


def _by_member(
    step: Step, code: str, element: str, made: Callable[[str, Any, str], Iterable[Row]]
) -> Rows:
    """A path of one step, which most are: no walk is needed."""
    name, where = step.name, step.where

    def extract(resource: Any) -> Iterable[Row]:
        inner = resource[name]
        if type(inner) is not list:
            return made(code, inner, element) if where is None or where(inner) else ()
        return [
            row
            for value in inner
            if value is not None and (where is None or where(value))
            for row in made(code, value, element)
        ]

    return extract


def _unless_false(parameter: SearchParameter, paths: list[JsonPath]) -> Rows:
    def extract(resource: Any) -> Iterator[Row]:
        found = [value for path in paths for value in path.values(resource)]
        said = bool(found) and found != [False]
        yield from rows(parameter.kind, parameter.code, said, "boolean")

    return extract


def _by_fhirpath(parameter: SearchParameter) -> Rows:
    kind, code = parameter.kind, parameter.code
    # Few expressions need it: the engine is loaded with the first.
    from profiles.fhirpath.engine import compile_expression

    expression = compile_expression(parameter.expression)

    def extract(resource: Any) -> Iterator[Row]:
        for node in expression.evaluate(resource):
            yield from rows(kind, code, node.value, node.type.removeprefix("FHIR."))

    return extract


def _composite(kind: str, parameter: SearchParameter, all_: Mapping[str, SearchParameter]) -> Rows:
    """Pairs (or triples) of parts that stand in the same element (R4 search.html#combining)."""
    bases = json_paths(parameter.expression, kind) or []
    compiled = [
        (base, [_part(base, kind, code, text, all_) for code, text in parameter.components])
        for base in bases
    ]
    code = parameter.code

    def extract(resource: Any) -> list[Row]:
        found: list[Row] = []
        for base, (first, second, *third) in compiled:
            for element in base.values(resource):
                # The second part is the value, which is absent most often: it is asked first.
                twos = [two for row in second(element, resource) if (two := _second(row))]
                if not twos:
                    continue
                ones = [one for row in first(element, resource) if (one := _first(row))]
                ends = [row[-2:] for part in third for row in part(element, resource)]
                for end in ends if third else _NO_RANGE:
                    found += [("cmp", code, *one, *two, *end) for one in ones for two in twos]
        return found

    return extract


def _triggers(kind: str, parameter: SearchParameter) -> set[str]:
    """Members one of which has to be there for a composite to have a value."""
    found: set[str] = set()
    _, expression = parameter.components[-1]
    for base in json_paths(parameter.expression, kind) or []:
        ends = json_paths(expression.replace("DateTime", "dateTime"), base.type) or []
        found.update(path.steps[0].name for path in ([base] if base.steps else ends))
    return found


Part = Callable[[Any, Any], Iterable[Row]]


def _part(
    base: JsonPath, kind: str, code: str, expression: str, all_: Mapping[str, SearchParameter]
) -> Part:
    """Rows of one part, from the element or, with ``%resource``, from the whole resource."""
    whole = expression.startswith("%resource.")
    text = expression.removeprefix("%resource.").replace("DateTime", "dateTime")
    paths = json_paths(text, kind if whole else base.type) or []
    declared = all_[code].kind if code in all_ else "token"

    made = [
        (
            path.steps[0].name if _is_member(path) else "",
            path.values,
            rows_of(kind_of_part(declared, path.type), path.type),
            path.type,
        )
        for path in paths
    ]

    def extract(element: Any, resource: Any) -> list[Row]:
        start = resource if whole else element
        found: list[Row] = []
        for name, values, rows_in, element_type in made:
            if name and type(start) is dict:
                inner = start.get(name)
                if inner is None:
                    continue
                entries = inner if type(inner) is list else (inner,)
            else:
                entries = values(start)
            for value in entries:
                if value is not None:
                    found += rows_in("", value, element_type)
        return found

    return extract


def _is_member(path: JsonPath) -> bool:
    """Whether a path is the name of a member and nothing else."""
    return len(path.steps) == 1 and path.steps[0].index is None and path.steps[0].where is None


_CODED: Final = frozenset({"code", "Coding", "CodeableConcept"})


def kind_of_part(declared: str, element: str) -> str:
    """Kind of a part; two parameters of R4 have their kinds crossed (DocumentReference.relatesTo)."""
    if element == "Reference":
        return "reference"
    return "token" if element in _CODED else declared


_NO_RANGE: Final = ((0.0, 0.0),)
_FOLDED: Final = "\x1f"
"""Stands before a folded token in a pair: no text of FHIR has this character (R4 datatypes.html#string)."""


def part_of_pair(val: str, raw: str) -> str:
    """A token as one part of a composite, in one column."""
    if raw == ANY_CASE:
        return _FOLDED + val
    return val if raw == LOWER else raw


def _first(row: Row) -> tuple[str, str] | None:
    """Columns val and sys of what is compared as text; None for the words of a code."""
    table = row[0]
    if table == "tok":
        return part_of_pair(row[2], row[4]), row[3]
    if table == "ref":
        return f"{row[2]}/{row[3]}", ""
    if table in ("uri", "str") and row[1] != ":text":
        return row[2], ""
    return None


def _second(row: Row) -> tuple[float, float, str, str] | None:
    """Columns lo, hi, val2 and sys2: a range with its unit, or a text."""
    if row[0] in ("dat", "num"):
        return float(row[2]), float(row[3]), "", ""
    if row[0] == "qty":
        return float(row[5]), float(row[6]), row[2] or row[4], row[3]
    text = _first(row)
    return None if text is None else (0.0, 0.0, *text)
