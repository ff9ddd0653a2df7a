"""Which 7th characters a code takes (guideline I.A.5), out of the tabular list alone.

A definition holds for every code below the node where it stands, unless a nearer one replaces it. A note
may take characters away: "7th characters D and S do not apply to codes in category S06 with 6th character
7 ..., or 8 ...".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from terminology.icd10cm.codes import FULL, flat
from terminology.icd10cm.tabular import Node

_NOT_APPLICABLE: Final = re.compile(
    r"7th characters? (?P<characters>[A-Z0-9](?:(?:,| and|, and) [A-Z0-9])*) do(?:es)? not apply"
    r" .*?category (?P<category>[A-Z0-9.]+) with 6th characters? (?P<sixth>.+)"
)
_SINGLE: Final = re.compile(r"(?:^|\bor |\band |, )([0-9A-Z])(?= |,|\.|$)")


@dataclass(frozen=True, slots=True)
class _Exception:
    """Characters that a note takes away from codes of a category with one of some 6th characters."""

    category: str
    sixth: frozenset[str]
    characters: frozenset[str]

    def concerns(self, code: str) -> bool:
        """Whether a code without its dot is meant."""
        return code.startswith(self.category) and code[FULL - 2 : FULL - 1] in self.sixth


def seventh_characters(nodes: Sequence[Node]) -> Mapping[int, Mapping[str, str]]:
    """For each node without codes below that takes a 7th character: the characters and their meaning."""
    inherited: dict[int, Mapping[str, str]] = {0: {}}
    exceptions = [found for node in nodes for found in _exceptions(node)]
    taken: dict[int, Mapping[str, str]] = {}
    for node in nodes:
        inherited[node.id] = node.seventh or inherited[node.parent]
        plain = flat(node.code)
        if node.last != node.id or not inherited[node.id] or len(plain) >= FULL:
            continue
        barred = {c for one in exceptions if one.concerns(plain) for c in one.characters}
        taken[node.id] = {c: text for c, text in inherited[node.id].items() if c not in barred}
    return taken


def _exceptions(node: Node) -> list[_Exception]:
    found = []
    for kind, text in node.notes:
        match = _NOT_APPLICABLE.match(text) if kind == "note" else None
        if match is not None:
            sixth = frozenset(_SINGLE.findall(match["sixth"]))
            characters = frozenset(re.findall(r"\b[A-Z0-9]\b", match["characters"]))
            found.append(_Exception(flat(match["category"]), sixth, characters))
    return found
