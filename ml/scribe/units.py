"""Turns to units: sentences of one speaker, and a question with its answer.

Speech recognised without punctuation has no sentences, so long runs are cut where a new clause begins. A
yes or no belongs to the question before it and rests on both segments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml.scribe.clauses import HELD, INVERTED, dose_alone, sentences
from ml.scribe.drugs import drug_names
from ml.scribe.spoken import without_lead
from profiles.speech_records import Segment

QUESTION: Final = re.compile(
    r"^(?:do|did|does|have|has|are|is|was|were|can|could|any|how|what|when|where|which|who|why|"
    r"would|will)\b"
)
ASKS: Final = re.compile(rf"\b{INVERTED}")
BOTH: Final = re.compile(r"\bor\b|,")
"""A yes to one of several leaves open to which."""
YES: Final = re.compile(
    r"^[\s,]*(?:(?:yes|yeah|yep|yup|correct|right|sure|absolutely|exactly|uh-huh|mhm|mm-hmm|"
    r"definitely|"
    r"that is right|that is correct)\b|(?:i do|i have|i did|i am|it does|it is|they do|"
    r"it has)\s*(?:[.,!]|$))"
)
OPEN: Final = re.compile(r"\b(?:how|what|when|where|which|who|why|tell me)\b")
NO: Final = re.compile(
    r"^[\s,]*(?:(?:no|nope|none|never|nah|nothing|negative|neither|not (?:at all|"
    r"that i))\b(?! (?:idea|doubt))|"
    r"(?:i (?:do|have|did|am) not|it (?:does|is) not|not)\s*(?:[.,!]|$))"
)
SHORT: Final = 7
SPEAKERS: Final = ("i", "we", "they")
"""Before "have you" they make a statement: "we have you on 20 mg"."""
BACKCHANNEL: Final = re.compile(
    r"^(?:[\W_]|(?:mm-hmm|mhm|uh-huh|okay|ok|yeah|yes|yep|right|sure|all right|alright|good|great|perfect|"
    r"i see|um|uh|hmm)\b)+$",
    re.IGNORECASE,
)
BROKEN_OFF: Final = re.compile(r"\w(?:-|\s*[,\u2026]|\s*\.{2,})\s*$")
GOES_ON: Final = re.compile(r"\s*[^\W_]")


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that was said.

    Parameters
    ----------
    text : str
        Plain words without lead.
    role : str
    segments : tuple of int
    position : float
        Where it begins in the visit, from 0 to 1.
    answer : str
        ``yes`` or ``no`` where ``text`` is a question that was so answered; ``said`` where ``text`` is
        the answer to ``question``; ``open`` for a question without answer; empty for a statement.
    question : str
    """

    text: str
    role: str
    segments: tuple[int, ...]
    position: float
    answer: str = ""
    question: str = ""


def is_question(sentence: str) -> bool:
    """Whether a sentence asks."""
    if sentence.endswith("?") or QUESTION.match(without_lead(sentence)):
        return True
    return any(_inverts(sentence, match) for match in ASKS.finditer(sentence))


def _inverts(sentence: str, match: re.Match[str]) -> bool:
    """Whether verb and subject ask: not after a word that holds them, nor in "we have you on 20 mg"."""
    before = sentence[: match.start()].split()[-1:]
    held = (*HELD, *SPEAKERS) if match.group().startswith("have") else HELD
    return not before or before[0] not in held


def answer_of(text: str) -> str:
    """``yes``, ``no`` or ``said`` of the first words of an answer."""
    if NO.match(text):
        return "no"
    return "yes" if YES.match(text) else "said"


Said = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class _Turn:
    """The sentences of one segment, each with the segments that it rests on."""

    role: str
    number: int
    position: float
    said: list[Said]


def _turns(segments: Sequence[Segment]) -> list[_Turn]:
    """Sentences by turn; one that was broken off goes on where its speaker goes on."""
    turns: list[_Turn] = []
    broken: _Turn | None = None
    total = max(1, len(segments))
    for at, segment in enumerate(segments):
        said: list[Said] = [(one, (segment.number,)) for one in sentences(segment.text)]
        turn = _Turn(segment.role, segment.number, at / total, said)
        turns.append(turn)
        if BACKCHANNEL.match(segment.text):
            continue
        if broken and broken.role == turn.role and said and GOES_ON.match(segment.text):
            begun, where = broken.said.pop()
            said[0] = (f"{begun.rstrip('-. ')} {said[0][0]}", (*where, segment.number))
        broken = turn if said and BROKEN_OFF.search(segment.text) else None
    return turns


def units(segments: Sequence[Segment]) -> list[Unit]:
    """Everything that was said, in order, with questions joined to their answers."""
    found: list[Unit] = []
    asked: Unit | None = None
    for turn in _turns(segments):
        if asked is not None and turn.said and turn.role != asked.role:
            _answer(found, asked, turn)
        asked = None
        for sentence, where in turn.said:
            text = without_lead(sentence)
            if not text:
                continue
            question = is_question(sentence)
            answer = "open" if question else ""
            unit = Unit(text.rstrip("?"), turn.role, where, turn.position, answer)
            found.append(unit)
            asked = unit if question else None if turn.role == "patient" else asked
    return found


def _answer(found: list[Unit], asked: Unit, turn: _Turn) -> None:
    """Join a question to the answer that follows it."""
    if asked.role == "patient":
        return
    first, where = turn.said[0]
    answer = answer_of(first)
    unclear = answer == "yes" and BOTH.search(asked.text)
    both = tuple(dict.fromkeys((*asked.segments, *where)))
    if answer != "said" and not unclear and not OPEN.search(asked.text):
        found.append(Unit(asked.text, asked.role, both, turn.position, answer, asked.text))
    _dose_told(found, asked, turn)
    rest = without_lead(first)
    if turn.said and turn.said[0][0] == first and rest and not is_question(first):
        open_or_said = answer == "said" or OPEN.search(asked.text)
        if open_or_said and len(rest.split()) <= SHORT:
            found.append(Unit(rest, turn.role, both, turn.position, "said", asked.text))
            turn.said.pop(0)


def _dose_told(found: list[Unit], asked: Unit, turn: _Turn) -> None:
    """A dose that answers a question about one medicine is told together with the question."""
    if len(set(drug_names(asked.text))) != 1:
        return
    for one in list(turn.said):
        text = without_lead(one[0])
        if drug_names(text):
            return
        if dose_alone(text) and not is_question(one[0]):
            where = tuple(dict.fromkeys((*asked.segments, *one[1])))
            found.append(Unit(text, turn.role, where, turn.position, "said", asked.text))
            turn.said.remove(one)
