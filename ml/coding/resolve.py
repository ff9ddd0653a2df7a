"""From a candidate to billable codes: side, encounter, the child that claims no more than the note."""

from dataclasses import dataclass
from typing import Any

from ml.coding.found import cite
from ml.coding.index import Concept, Index, Release
from ml.coding.match import GENERIC, Candidate
from ml.coding.seventh import seventh
from ml.coding.words import bag, tokens
from profiles.coding_records import RuleCitation
from terminology.icd10cm.codes import with_seventh


@dataclass(frozen=True, slots=True)
class Resolved:
    """Billable codes of one problem and the rules that chose them.

    Parameters
    ----------
    codes : tuple of str
        Mostly one; two when both sides are affected and there is no bilateral code.
    rules : tuple of RuleCitation
    side : str
        The side that was used; empty when none matters.
    among : tuple of str
        The codes between which a side decides that is not known; empty when it is, or none matters.
    """

    codes: tuple[str, ...]
    rules: tuple[RuleCitation, ...] = ()
    side: str = ""
    among: tuple[str, ...] = ()


class Resolver:
    """Turns candidates into billable codes of one release."""

    def __init__(self, index: Index, release: Release) -> None:
        self.index = index
        self.release = release

    def resolve(self, found: Candidate, side: str, context: str) -> Resolved | None:
        """The billable codes of a candidate.

        Parameters
        ----------
        found : Candidate
        side : str
            ``right``, ``left``, ``bilateral`` or empty.
        context : str
            Text around the problem that may support a specific child.
        """
        own = dict(found.term.sided) if found.term is not None else {}
        if side in own:
            return self._finish((own[side],), side, own, context)
        code = self.release.get(found.code)
        if code is None:
            return None
        concept = self._concept(found, code, side, context)
        sides = {} if concept is None else concept.sides
        if concept is None or (found.term is not None and not side and code.code in _named(sides)):
            return self._finish((code.code,), "", own, context)
        several = sides if len(sides) > 1 else own
        return self._finish(_by_side(concept, side), side, several, context)

    def _concept(self, found: Candidate, code: Any, side: str, context: str) -> Concept | None:
        """The concept of a candidate; of a code with children the one that claims least."""
        at = found.concept if found.concept >= 0 else self.index.by_code.get(code.code, -1)
        if at >= 0:
            return self.index.concepts[at]
        below = [
            self.index.concepts[place]
            for place in self.index.by_category.get(code.code[:3], ())
            if any(item.startswith(code.code) for item in self.index.concepts[place].sides.values())
        ]
        if not below:
            return None
        said = bag(context) | bag(code.display)
        return min(below, key=lambda item: _claims(item, said, side, self.index))

    def _finish(
        self, codes: tuple[str, ...], side: str, sides: dict[str, str], context: str
    ) -> Resolved | None:
        """Codes with their 7th character, and the citations."""
        rules = []
        if side and sides:
            rules.append(cite("I.B.13", f"Laterality as documented: {side}."))
        full = []
        for code in codes:
            whole, rule = self._whole(code, context, side)
            if not whole:
                return None
            full.append(whole)
            if rule and rule not in rules:
                rules.append(rule)
        among = () if side else tuple(self._whole(code, context, "")[0] for code in _named(sides))
        return Resolved(tuple(full), tuple(rules), side, tuple(filter(None, among)))

    def _whole(self, code: str, context: str, side: str) -> tuple[str, RuleCitation | None]:
        """A code with its 7th character, where it needs one; empty when there is no such code."""
        known = self.release.get(code)
        if known is None or known.billable or not known.seventh:
            return (known.code if known is not None and known.billable else ""), None
        char, rule = seventh(known.seventh, known.code, context, side)
        return with_seventh(known.code, char), rule


def _named(sides: dict[str, str]) -> tuple[str, ...]:
    """The codes of the sides that have a name."""
    return tuple(sides[side] for side in ("right", "left", "bilateral") if side in sides)


def _by_side(concept: Concept, side: str) -> tuple[str, ...]:
    """The codes of a concept for a side; the unspecified one when the side is not known."""
    sides = concept.sides
    if side in sides:
        return (sides[side],)
    if side == "bilateral" and "right" in sides and "left" in sides:
        return (sides["right"], sides["left"])
    for name in ("unspecified", ""):
        if name in sides:
            return (sides[name],)
    return (next(iter(sides.values())),)


def _claims(
    concept: Concept, said: frozenset[str], side: str, index: Index
) -> tuple[float, int, str]:
    """How much a child claims that is not said: unsupported words, a missing side; then its code."""
    words = bag(concept.display)
    extra = sum(index.weight(word) for word in words - said if word not in GENERIC)
    raw = [token.raw for token in tokens(concept.display)]
    extra += 4.0 * raw.count("other")
    lacks = 0 if not side or side in concept.sides or len(concept.sides) > 1 else 1
    first = min(concept.sides.values())
    unspecified = 2 - min(2, max(raw.count("unspecified"), int("unspecified" in concept.sides)))
    return (extra + unspecified * 2.0 + lacks * 3.0, unspecified, first)
