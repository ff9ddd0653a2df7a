"""From a candidate to billable codes: side, encounter, the child that claims no more than the note."""

import re
from dataclasses import dataclass
from typing import Any, Final

from ml.coding.found import cite
from ml.coding.index import Concept, Index, Release
from ml.coding.match import GENERIC, Candidate
from ml.coding.words import bag, tokens
from profiles.coding_records import RuleCitation
from terminology.icd10cm.codes import with_seventh

SUBSEQUENT: Final = re.compile(
    r"\b(?:routine healing|healing (?:well|appropriately|fracture)|cast (?:removal|change)|suture "
    r"removal|post-?op(?:erative)? (?:visit|follow|check)|"
    r"aftercare|status post (?:open reduction|orif)|s/p orif|weeks? (?:out|status post|s/p|post))\b",
    re.IGNORECASE,
)
SEQUELA: Final = re.compile(r"\b(?:sequelae?|late effects?) of\b", re.IGNORECASE)


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
    sided : bool
        Whether the concept has sides, so that a missing one is worth a question.
    """

    codes: tuple[str, ...]
    rules: tuple[RuleCitation, ...] = ()
    side: str = ""
    sided: bool = False


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
        if found.term is not None:
            own = dict(found.term.sided).get(side)
            if own:
                return self._finish((own,), side, True, context)
        code = self.release.get(found.code)
        if code is None:
            return None
        concept = self._concept(found, code, side, context)
        if concept is None:
            return self._finish((found.code,), "", False, context)
        kept = found.code if found.term is not None and not side else ""
        codes = (kept,) if kept in concept.sides.values() else _by_side(concept, side)
        sided = len(concept.sides) > 1
        return self._finish(codes, side if sided else "", sided, context)

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
        self, codes: tuple[str, ...], side: str, sided: bool, context: str
    ) -> Resolved | None:
        """Codes with their 7th character, and the citations."""
        rules = []
        if sided and side:
            rules.append(cite("I.B.13", f"Laterality as documented: {side}."))
        full = []
        for code in codes:
            whole, rule = self._seventh(code, context)
            if whole is None:
                return None
            full.append(whole)
            if rule and rule not in rules:
                rules.append(rule)
        return Resolved(tuple(full), tuple(rules), side, sided)

    def _seventh(self, code: str, context: str) -> tuple[str | None, RuleCitation | None]:
        """A code with the 7th character of the encounter, where it needs one."""
        known = self.release.get(code)
        if known is None:
            return None, None
        if known.billable:
            return known.code, None
        chars = known.seventh
        if not chars:
            return None, None
        wanted = "S" if SEQUELA.search(context) else "D" if SUBSEQUENT.search(context) else "A"
        char = wanted if wanted in chars else next(iter(sorted(chars)))
        rule = "I.C.19.a" if known.code[0] in "ST" else "I.A.5"
        names = {"A": "active treatment", "D": "routine healing or recovery", "S": "sequela"}
        return with_seventh(known.code, char), cite(
            rule, f"7th character {char}: {names.get(char, 'as the category asks')}."
        )


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
