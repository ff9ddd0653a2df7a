"""The problems by which a clinician tells the plan, each where it was named.

"For your second problem, your hypertension, ...", "from a diabetes standpoint", "my diagnosis is ...": what
is planned after it belongs to it until the next is named. A name must hold a word of illness, so "for your
strength" and "for your annual exam" name nothing; what is only held possible is no title.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml.scribe.statement import sentence
from ml.scribe.units import Unit

EARLIEST: Final = 0.45
LONGEST: Final = 7
_ORDER: Final = (
    r"(?:first|second|third|fourth|fifth|sixth|last|next|final|other|primary|main|new) (?:ish )?"
    r"(?:problem|issue|diagnosis|condition|thing)"
)
_OWN: Final = r"(?:your|the|this|that|his|her|their|a|an|of|for|is|here)"
_NAME: Final = r"(?P<name>[a-z0-9][\w' /-]*)"
CUES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_ORDER},?(?:\s{_OWN})+,?\s(?:{_OWN}\s)*{_NAME}",
        rf"\bthe (?P<name>[\w' -]{{3,40}}?),? the {_ORDER}\b",
        r"\bfrom (?:a|an|your|the|his|her) (?P<name>[\w' -]{3,40}?) (?:standpoint|perspective|aspect)\b",
        rf"\b(?:in terms of|as far as|regarding|with regards? to|in regards? to) "
        rf"(?:{_OWN}\s)+{_NAME}",
        rf"(?:^|\b(?:so|and|now|then) )for (?:your|the|his|her)\s{_NAME}",
        rf"^(?:under the plan, )?(?:under|on) (?:(?:her|his|the) )?{_NAME},",
        r"^(?:that )?(?:you (?:do )?have|this is) (?:an? |the )?"
        r"(?P<name>(?:acute|chronic|uncontrolled|newly diagnosed|mild|moderate|severe)\s[\w' /-]+)",
        rf"\b(?:assessment|impression|diagnosis)(?: here)? (?:is|would be)(?: that (?:you|he|"
        rf"she) ha(?:ve|s))?"
        rf"(?:\s(?:a|an|the|your))?\s{_NAME}",
    )
)
NAME_END: Final = re.compile(
    r"\b(?:i|we|you|he|she|it|they|let|that|which|who|so|continue|again|everything|is|are|was|"
    r"were|has|have|goes|looks|but|because|as|today|right now|if|when|there|this|what|sounds?|seems?|"
    r"consistent|standpoint|on|here|my|your|and (?:i|we|your|let|then|for|so|that)|with)\b.*"
)
ILLNESS: Final = re.compile(
    r"\b(?:\w+(?:itis|osis|emia|aemia|pathy|oma|algia|uria|iasis|ism|plegia|thyroid)|diabetes|hypertension|"
    r"blood pressure|failure|disease|fractures?|strain|sprain|tear|injury|reflux|gout|migraines?|"
    r"headaches?|depression|anxiety|asthma|copd|stones?|cholesterol|infection|pneumonia|cancer|"
    r"syndrome|epilepsy|seizures?|ulcer|wound|contusion|insomnia|acne|deficiency|weight (?:gain|loss)|"
    r"throat|cough|breath|swelling|rash|allerg(?:y|ies)|obesity|fatigue|dizziness|pain|edema|hernia|"
    r"difficulty|bleeding|incontinence|hirsutism|liver enzymes|disorder|dysfunction|"
    r"regurgitation|stenosis|aneurysm|fibrillation|afib|tremors?|scar|nausea|vomiting|diarrhea|"
    r"constipation|eczema|psoriasis|lupus|stroke|issues)\b"
)
UNSURE: Final = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|might|may|maybe|concern\w*|rule out|not|no|surger(?:y|ies)|exam\w*|"
    r"first|second|third|last|next|problems?|diagnos[ei]s|condition|history)\b"
)


WORDING: Final = re.compile(
    rf"[^\w ]|\b(?:for|my|your|his|her|their|the|a|an|of|is|in|terms|from|standpoint|{_ORDER})\b"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: its title, the units that name it, and the segments of the first."""

    title: str
    units: tuple[int, ...]
    segments: tuple[int, ...]


def problems_of(units: Sequence[Unit]) -> list[Problem]:
    """The problems of a plan in the order in which they were named."""
    found: dict[str, Problem] = {}
    for number, unit in enumerate(units):
        if unit.role == "patient" or unit.answer or unit.position < EARLIEST:
            continue
        name = _named(unit.text)
        if name:
            before = found.get(name, Problem(name, (), unit.segments))
            found[name] = Problem(name, (*before.units, number), before.segments)
    return list(found.values())


def _named(text: str) -> str:
    """What a unit names, empty where it names nothing."""
    for cue in CUES:
        for match in cue.finditer(text):
            name = NAME_END.sub("", match["name"].split(",")[0]).strip(" -'")
            fits = name and len(name.split()) <= LONGEST and ILLNESS.search(name)
            if fits and not UNSURE.search(name):
                return name
    return ""


def problem_at(problems: Sequence[Problem], number: int) -> int | None:
    """Which problem was named last when a unit was said; None before the first."""
    named = [(at, index) for index, one in enumerate(problems) for at in one.units if at <= number]
    return max(named)[1] if named else None


def heading(problem: Problem, end: str) -> str:
    """The title of a problem as a line of its own."""
    return sentence(problem.title).rstrip(".") + end


def is_title(text: str, problems: Sequence[Problem]) -> bool:
    """Whether a sentence says no more than the title of a problem."""
    bare = WORDING.sub(" ", text.lower()).split()
    return any(bare == WORDING.sub(" ", one.title).split() for one in problems)
