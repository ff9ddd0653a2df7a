"""What the decisions of reviewers say of a coder: acceptance, replacements, and defaults worth approving.

Pure, over ``DecisionRecord``. A code whose line was changed in units, modifiers or pointers alone counts as
accepted: it is the code that is judged.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from profiles.claim_decisions import ADD, MODIFY, REJECT, DecisionRecord, ReleasedCode
from profiles.uids import derived_id
from terminology.learned_defaults import normal_term
from terminology.systems import ICD_10_CM

ACCEPTED: Final = "accepted"
MODIFIED: Final = "modified"
REJECTED: Final = "rejected"
ADDED: Final = "added"
CATEGORY: Final = 3
"""Characters of an ICD-10-CM category."""


@dataclass(frozen=True, slots=True)
class Learning:
    """When decisions are worth a proposal.

    Parameters
    ----------
    decisions, persons : int
        How many decisions of how many people at least.
    share : float
        Least share of all decisions on the suggestion that chose the same code.
    """

    decisions: int = 5
    persons: int = 2
    share: float = 0.8


@dataclass(frozen=True, slots=True)
class Proposal:
    """A default that could be approved: for ``term``, ``chosen`` in place of ``suggested``, or nothing."""

    id: str
    term: str
    suggested: ReleasedCode
    chosen: ReleasedCode | None
    decisions: int
    of: int
    persons: int


def verdict(record: DecisionRecord) -> str:
    """What became of the suggested code."""
    if record.decision == ADD:
        return ADDED
    if record.decision == REJECT:
        return REJECTED
    return MODIFIED if record.decision == MODIFY and not _kept(record) else ACCEPTED


def _kept(record: DecisionRecord) -> bool:
    return _name(record.suggested) == _name(record.chosen)


def _name(code: ReleasedCode | None) -> tuple[str, str]:
    return ("", "") if code is None else (code.system, code.code)


def report(records: Sequence[DecisionRecord]) -> dict[str, Any]:
    """Acceptance by code, category, rule and coder version, and what is replaced by what."""
    pairs = Counter(
        (_code(one.suggested), _code(one.chosen)) for one in records if verdict(one) == MODIFIED
    )
    return {
        "decisions": len(records),
        "on_codes": sum(not one.whole for one in records),
        "overall": _rates(records),
        "by_code": _table(records, lambda one: [_code(one.suggested or one.chosen)]),
        "by_category": _table(records, lambda one: [_category(one.suggested or one.chosen)]),
        "by_rule": _table(records, lambda one: one.rules),
        "by_coder": _table(records, lambda one: [f"{one.coder} {one.coder_version}".strip()]),
        "replaced": [
            {"suggested": suggested, "chosen": chosen, "times": times}
            for (suggested, chosen), times in pairs.most_common()
        ],
    }


def _table(
    records: Iterable[DecisionRecord], keys: Callable[[DecisionRecord], Iterable[str]]
) -> list[dict[str, Any]]:
    """Rates per key, the most decided first."""
    grouped: dict[str, list[DecisionRecord]] = defaultdict(list)
    for one in records:
        for key in keys(one):
            grouped[key].append(one)
    ordered = sorted(grouped.items(), key=lambda group: (-len(group[1]), group[0]))
    return [{"key": key, **_rates(group)} for key, group in ordered]


def _rates(records: Iterable[DecisionRecord]) -> dict[str, Any]:
    """Counts by verdict, and the share of the suggested codes that were accepted."""
    counts = Counter(map(verdict, records))
    judged = counts[ACCEPTED] + counts[MODIFIED] + counts[REJECTED]
    found: dict[str, Any] = {name: counts[name] for name in (ACCEPTED, MODIFIED, REJECTED, ADDED)}
    found["acceptance"] = round(counts[ACCEPTED] / judged, 4) if judged else None
    return found


def _code(code: ReleasedCode | None) -> str:
    return "" if code is None else code.code


def _category(code: ReleasedCode | None) -> str:
    if code is None or code.system != ICD_10_CM:
        return _code(code)
    return code.code[:CATEGORY]


def record_key(record: DecisionRecord) -> str:
    """The term under which a decision is learned from; as ``profiles.learned_defaults.term_key``."""
    display = "" if record.suggested is None else record.suggested.display
    return normal_term(record.term or display)


def proposals(records: Iterable[DecisionRecord], learning: Learning) -> list[Proposal]:
    """Replacements and rejections that enough people have chosen often enough, the best supported first."""
    about: dict[tuple[str, str, str], list[DecisionRecord]] = defaultdict(list)
    for one in records:
        # Who rejects a whole Claim has judged none of its codes.
        judged = verdict(one) != ADDED and not (one.whole and verdict(one) == REJECTED)
        if judged and record_key(one):
            about[(*_name(one.suggested), record_key(one))].append(one)
    found = (_proposal(key[2], group, learning) for key, group in about.items())
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (-one.decisions, one.id))


def _proposal(term: str, group: Sequence[DecisionRecord], learning: Learning) -> Proposal | None:
    changed = [one for one in group if verdict(one) != ACCEPTED]
    if not changed:
        return None
    name, times = Counter(_name(one.chosen) for one in changed).most_common(1)[0]
    same = [one for one in changed if _name(one.chosen) == name]
    people = len({one.person.casefold().strip() for one in same})
    few = times < learning.decisions or people < learning.persons
    newest = max(same, key=lambda one: one.moment)
    if few or times / len(group) < learning.share or newest.suggested is None:
        return None
    id_ = derived_id("learned-default", *_name(newest.suggested), term, *name)[:12]
    return Proposal(id_, term, newest.suggested, newest.chosen, times, len(group), people)


def shown(proposal: Proposal) -> Mapping[str, Any]:
    """A proposal for people and for programs."""
    return {
        "id": proposal.id,
        "term": proposal.term,
        "suggested": proposal.suggested.code,
        "chosen": _code(proposal.chosen),
        "display": "" if proposal.chosen is None else proposal.chosen.display,
        "decisions": proposal.decisions,
        "of": proposal.of,
        "persons": proposal.persons,
    }
