"""Links between the entries of a Bundle: found by type, and replaced (R4 http.html#trules).

A link is a reference, an element of type ``uri`` or ``url``, or the address of an ``<a>`` or ``<img>`` in a
narrative. A ``canonical`` names a definition wherever that is stored, and so does a ``uri`` that is a name
(``Extension.url``, the ``url`` of a definition, a ``system``): both stay. An ``oid`` or ``uuid`` has no room
for the address of a resource.
"""

import functools
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from profiles.definitions.r4 import TypeDefinition, definitions

Plan = dict[str, Any]
"""Member → what stands there: a leaf below, or the plan of a type."""

REFERENCE: Final = "Reference.reference"
URI: Final = "uri"
URL: Final = "url"
NARRATIVE: Final = "xhtml"
RESOURCE: Final = "Resource"
_NAMES: Final = frozenset(
    {"code", "contentReference", "implicitRules", "property", "system", "type"}
)
"""Elements of type ``uri`` that name something instead of leading to it."""
_IN_NARRATIVE: Final = re.compile(
    r"(<(?:a|img)\b[^<>]*?\s(?:href|src)\s*=\s*)(\"[^\"<]*\"|'[^'<]*')", re.IGNORECASE
)


@dataclass(slots=True)
class Place:
    """Where a link stands: ``holder[key]``, and what was written there."""

    holder: Any
    key: Any
    leaf: str
    text: str

    def replace_in_narrative(self, found: Callable[[str], str | None]) -> bool:
        """Write what ``found`` gives for each link; false when it gives nothing for one of them."""
        complete = True

        def replaced(match: re.Match[str]) -> str:
            nonlocal complete
            quote, text = match[2][0], html.unescape(match[2][1:-1])
            made = found(text)
            if made is None:
                complete = False
            if made is None or made == text:
                return match[0]
            return f"{match[1]}{quote}{html.escape(made)}{quote}"

        self.holder[self.key] = _IN_NARRATIVE.sub(replaced, self.text)
        return complete


def places(resource: dict[str, Any], extended: bool = True, kind: str = "") -> Iterator[Place]:
    """Everything in a resource that may be a link.

    Parameters
    ----------
    resource : dict
        As it was parsed; it need not be valid. The entries of a Bundle in it are its own affair.
    extended : bool
        Whether there is any extension, which may hold a link in any element.
    kind : str
        Type of a part of a resource that does not say it.
    """
    yield from walked(resource, plans(extended)[kind] if kind else RESOURCE, extended)


def walked(holder: dict[str, Any], below: Plan | str, extended: bool = True) -> Iterator[Place]:
    """Everything in an object that may be a link, by its plan, or as a resource."""
    waiting: list[tuple[Any, Any]] = [(holder, below)]
    while waiting:
        node, step = waiting.pop()
        plan = step if type(step) is dict else _plan_of(node, step, extended)
        for name, value in node.items():
            inner = plan.get(name)
            if inner is None:
                continue
            if type(value) is dict:
                waiting.append((value, inner))
            elif type(value) is list:
                waiting += [(one, inner) for one in value if type(one) is dict]
                yield from () if type(inner) is dict else _listed(value, inner)
            elif type(value) is str and type(inner) is str and _may_lead(inner, value):
                yield Place(node, name, inner, value)


def _listed(values: list[Any], leaf: str) -> Iterator[Place]:
    for at, text in enumerate(values):
        if type(text) is str and _may_lead(leaf, text):
            yield Place(values, at, leaf, text)


def _may_lead(leaf: str, text: str) -> bool:
    return leaf != NARRATIVE or "href" in text or "src" in text


def _plan_of(node: dict[str, Any], leaf: str, extended: bool) -> Plan:
    kind = node.get("resourceType")
    if leaf != RESOURCE or not isinstance(kind, str) or kind == "Bundle":
        return {}
    return plans(extended).get(kind, {})


@functools.cache
def plans(extended: bool) -> dict[str, Plan]:
    """The plan of every type; what leads to no link is left out."""
    made: dict[str, Plan] = {name: {} for name in definitions().types}
    for name, definition in definitions().types.items():
        for member, kind in _members(definition, extended):
            inner = _leaf(name, member, kind) or made.get(kind)
            if inner is not None:
                made[name][member] = inner
    while _pruned(made):
        pass
    return made


def _members(definition: TypeDefinition, extended: bool) -> Iterator[tuple[str, str]]:
    primitives = definitions().primitives
    for member, (_, kind) in definition.members.items():
        if extended or member not in ("extension", "modifierExtension"):
            yield member, kind
        if extended and kind in primitives:
            yield f"_{member}", "Element"


def _leaf(owner: str, member: str, kind: str) -> str | None:
    if owner == "Reference" and member == "reference":
        return REFERENCE
    if kind in (RESOURCE, NARRATIVE):
        return kind
    named = member in _NAMES or (member == "url" and "." not in owner)
    return kind if kind == URL or (kind == URI and not named) else None


def _pruned(made: dict[str, Plan]) -> bool:
    """Take out the members that lead nowhere; whether there were any."""
    found = [(plan, member) for plan in made.values() for member in plan if plan[member] == {}]
    for plan, member in found:
        del plan[member]
    return bool(found)
