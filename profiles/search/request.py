"""What a search asks, from the pairs of its URL or form (R4 search.html).

What is not understood is kept apart as ``ignored``; what is malformed is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError
from profiles.search.contained import contained_type
from profiles.search.parameters import SearchParameter
from profiles.search.query import InCompartment, Lookup, Node, in_contained, parse

Pair = tuple[str, str]

FORMAT: Final = frozenset({"_format", "_pretty"})
REFUSED: Final = frozenset({"_filter", "_query"})
"""Without what they say the answer would be another one, so leaving them out is no choice."""
SUMMARIES: Final = frozenset({"true", "text", "data", "count", "false"})
_CHOICES: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "_total": ("total", frozenset({"none", "estimate", "accurate"})),
    "_summary": ("summary", SUMMARIES),
    "_contained": ("contained", frozenset({"false", "true", "both"})),
    "_containedType": ("contained_type", frozenset({"container", "contained"})),
}
"""Parameters that are one of a few words: member of the request, the words."""
MOST_PARAMETERS: Final = 100
LARGEST_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class IncludeRequest:
    """One ``_include`` or ``_revinclude``: type that refers, parameter, type referred to."""

    source: str
    code: str
    target: str
    reverse: bool
    iterate: bool


@dataclass(slots=True)
class SearchRequest:
    """A search that has been understood.

    Parameters
    ----------
    kinds : tuple of str
        Resource types.
    nodes : list of tuple of Node
        Per parameter one node for each type; all parameters must hold.
    sort : list of (str, str, bool)
        Code, kind of parameter, descending.
    used, ignored : list of (str, str)
        Pairs that count, and those that mean nothing here.
    """

    kinds: tuple[str, ...]
    nodes: list[tuple[Node, ...]] = field(default_factory=list)
    sort: list[tuple[str, str, bool]] = field(default_factory=list)
    includes: list[IncludeRequest] = field(default_factory=list)
    count: int | None = None
    total: str = "estimate"
    summary: str = "false"
    elements: tuple[str, ...] = ()
    cursor: str = ""
    contained: str = "false"
    contained_type: str = "container"
    used: list[Pair] = field(default_factory=list)
    ignored: list[Pair] = field(default_factory=list)

    def searched(self) -> tuple[tuple[str, ...], list[tuple[Node, ...]]]:
        """Types and trees, those of contained resources as ``_contained`` says (R4 search.html#contained)."""
        if self.contained == "false":
            return self.kinds, self.nodes
        both = self.contained == "both"
        kinds = tuple(contained_type(kind) for kind in self.kinds)
        nodes = []
        for alike in self.nodes:
            inside = tuple(made for made in map(in_contained, alike) if made is not None)
            nodes.append((*alike, *inside) if both else inside)
        return ((*self.kinds, *kinds) if both else kinds), nodes


@dataclass(frozen=True, slots=True)
class Member:
    """A compartment: its resource, and by type the parameters that make a member of it."""

    target: str
    target_id: str
    codes: Mapping[str, Sequence[str]]


def understand(
    kinds: Sequence[str], pairs: Sequence[Pair], lookup: Lookup, member: Member | None = None
) -> SearchRequest:
    """Read the pairs of a search on some types.

    Parameters
    ----------
    member : Member, optional
        The compartment in which to search.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for what is malformed, ``too-costly`` for what is too much.
    """
    if len(pairs) > MOST_PARAMETERS:
        raise OperationOutcomeError("too-costly", f"more than {MOST_PARAMETERS} search parameters")
    request = SearchRequest(tuple(kinds))
    if member is not None:
        request.nodes.append(tuple(_members(kind, member, lookup) for kind in kinds))
    for name, text in pairs:
        if not _result_parameter(request, name, text, lookup):
            _condition(request, name, text, lookup)
    return request


def _members(kind: str, member: Member, lookup: Lookup) -> InCompartment:
    found, codes = lookup(kind), member.codes.get(kind, ())
    parameters = tuple(found[code] for code in codes if code in found)
    return InCompartment(kind, parameters, member.target, member.target_id)


def _condition(request: SearchRequest, name: str, text: str, lookup: Lookup) -> None:
    if name in REFUSED:
        raise OperationOutcomeError("invalid", f"this server does not evaluate {name}", name)
    if not text:
        # R4 search.html: a parameter without a value does not count.
        request.ignored.append((name, text))
        return
    nodes = [parse(kind, name, text, lookup) for kind in request.kinds]
    known = tuple(node for node in nodes if node is not None)
    if known and (len(known) == len(nodes) or len(nodes) > 1):
        request.nodes.append(known)
        request.used.append((name, text))
    else:
        request.ignored.append((name, text))


def _result_parameter(request: SearchRequest, name: str, text: str, lookup: Lookup) -> bool:
    """Take in a parameter that shapes the answer; false when it is none (R4 search.html#return)."""
    base, _, modifier = name.partition(":")
    if name in FORMAT:
        return True
    if not text:
        return False
    if base in ("_include", "_revinclude"):
        _include(request, base == "_revinclude", modifier, text, lookup)
    elif name in _CHOICES:
        member, allowed = _CHOICES[name]
        setattr(request, member, _one_of(text, allowed, name))
    elif name == "_sort":
        request.sort.extend(_sort(request.kinds, text, lookup))
    elif name == "_count":
        request.count = _number(text, name)
    elif name == "_elements":
        request.elements += tuple(part.strip() for part in text.split(",") if part.strip())
    elif name == "_cursor":
        request.cursor = text
        return True
    else:
        return False
    request.used.append((name, text))
    return True


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise OperationOutcomeError("invalid", f"{name} is a whole number", name)
    return min(int(text[:15]), LARGEST_PAGE)


def _one_of(text: str, allowed: frozenset[str], name: str) -> str:
    if text not in allowed:
        raise OperationOutcomeError(
            "invalid", f"{name} is one of {', '.join(sorted(allowed))}", name
        )
    return text


def _sort(kinds: Sequence[str], text: str, lookup: Lookup) -> list[tuple[str, str, bool]]:
    """The keys of an order; a composite stands for its parts, one after another."""
    found = []
    for key in map(str.strip, text.split(",")):
        code, down = key.removeprefix("-"), key.startswith("-")
        if not code:
            continue
        codes, asked = [code], _known(kinds, code, lookup)
        if asked is not None and asked.kind == "composite":
            codes = [part for part, _ in asked.components]
        for one in codes:
            ordering = _known(kinds, one, lookup)
            if ordering is None or ordering.kind == "composite" or one in ("_text", "_content"):
                raise OperationOutcomeError("invalid", f"cannot sort by {code}", "_sort")
            found.append((one, ordering.kind, down))
    return found


def _known(kinds: Sequence[str], code: str, lookup: Lookup) -> SearchParameter | None:
    """A parameter as the first type that has it knows it."""
    known = (lookup(kind).get(code) for kind in kinds)
    return next((p for p in known if p is not None), None)


def _include(
    request: SearchRequest, reverse: bool, modifier: str, text: str, lookup: Lookup
) -> None:
    name = "_revinclude" if reverse else "_include"
    if modifier not in ("", "iterate", "recurse"):
        raise OperationOutcomeError("invalid", f"{name} has no modifier :{modifier}", name)
    iterate = bool(modifier)
    if text == "*":
        sources = ("*",) if reverse else request.kinds
        for source in sources:
            request.includes.append(IncludeRequest(source, "*", "", reverse, iterate))
        return
    source, _, rest = text.partition(":")
    code, _, target = rest.partition(":")
    resources = definitions().resources
    if (
        (source not in resources and source != "*")
        or not code
        or (target and target not in resources)
    ):
        raise OperationOutcomeError("invalid", f"{name} is Type:parameter[:Type]", name)
    parameter = None if source == "*" else lookup(source).get(code)
    if code != "*" and (parameter is None or parameter.kind != "reference"):
        raise OperationOutcomeError("invalid", f"{source} has no reference parameter {code}", name)
    request.includes.append(IncludeRequest(source, code, target, reverse, iterate))
