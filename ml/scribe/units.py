"""Turns to units: sentences of one speaker, and a question with its answer.

Speech recognised without punctuation has no sentences, so long runs are cut where a new clause begins. A
yes or no belongs to the question before it and rests on both segments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml.scribe.spoken import plain, without_lead
from profiles.speech_records import Segment

END: Final = re.compile(r"(?<=[.!?])\s+")
LONGEST: Final = 14
LEAST: Final = 5
MARK: Final = re.compile(r"\b(?:okay|alright|all right)\b[\s,]*")
INVERTED: Final = (
    r"(?:did|do|does|have|are|is|was|were|can) (?:you|they|it|that|this|there|he|she)\b"
)
CLAUSE: Final = re.compile(
    rf"\b{INVERTED}|"
    r"\b(?:(?:and|but|so|now|then|because|or)\s+(?:then\s+|so\s+|also\s+)?)?"
    r"(?:i|you|we|he|she|it|they|there|that(?! (?:i|you|we|he|she|it|they)\b)|this|your|my|let us|"
    r"let me|do you|did you|have you|"
    r"are you|any|has|how|what)\b"
    r"(?=\s+(?:am|is|are|was|were|have|has|had|do|does|did|will|would|can|could|should|may|might|"
    r"want|think|also|"
    r"see|know|feel|felt|take|took|get|got|go|went|need|notice|noticed|use|used|tried|try|like|"
    r"started|been|ever|"
    r"any|you|your|\w+ (?:is|are|was|were|looks?|has))\b)",
)
HELD: Final = frozenset(
    [
        "that",
        "if",
        "when",
        "what",
        "how",
        "where",
        "whether",
        "which",
        "who",
        "whom",
        "think",
        "know",
        "say",
        "said",
        "want",
        "like",
        "see",
        "than",
        "as",
        "to",
        "for",
        "of",
        "with",
        "while",
        "since",
        "until",
        "unless",
        "the",
        "a",
        "an",
        "whatever",
        "did",
        "do",
        "does",
        "have",
        "has",
        "are",
        "is",
        "was",
        "were",
        "can",
        "could",
        "would",
        "will",
    ]
)
QUESTION: Final = re.compile(
    r"^(?:do|did|does|have|has|are|is|was|were|can|could|any|how|what|when|where|which|who|why|"
    r"would|will)\b"
)
GOVERNS: Final = re.compile(
    r"\b(?:if|unless|whether|in case|not (?:\w+ )?(?:look|think|feel|seem|believe|sure|say|mean))\b"
)
NEAR: Final = 10
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


def _clauses(sentence: str) -> list[str]:
    """A long run of words cut where a clause begins."""
    parts = [part.strip(" ,") for part in MARK.split(sentence)]
    cut: list[str] = []
    for part in parts:
        if len(part.split()) <= LONGEST:
            cut.append(part)
            continue
        begin = 0
        for match in CLAUSE.finditer(part):
            before = part[begin : match.start()].split()
            if len(before) >= LEAST and before[-1] not in HELD and not _governs(before):
                cut.append(part[begin : match.start()].strip(" ,"))
                begin = match.start()
        cut.append(part[begin:].strip(" ,"))
    return [part for part in cut if part]


def _governs(before: Sequence[str]) -> bool:
    """Whether what comes next may be only a condition or what is denied: "it does not look like ..."."""
    return GOVERNS.search(" ".join(before[-NEAR:])) is not None


def sentences(text: str) -> list[str]:
    """Sentences of a turn in plain words; a question keeps its mark."""
    return [
        clause for sentence in END.split(plain(text)) if sentence for clause in _clauses(sentence)
    ]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks."""
    if sentence.endswith("?") or QUESTION.match(without_lead(sentence)):
        return True
    return any(
        sentence[: match.start()].split()[-1:] not in ([word] for word in HELD)
        for match in ASKS.finditer(sentence)
    )


def answer_of(text: str) -> str:
    """``yes``, ``no`` or ``said`` of the first words of an answer."""
    if NO.match(text):
        return "no"
    return "yes" if YES.match(text) else "said"


def units(segments: Sequence[Segment]) -> list[Unit]:
    """Everything that was said, in order, with questions joined to their answers."""
    found: list[Unit] = []
    asked: Unit | None = None
    total = max(1, len(segments))
    for at, segment in enumerate(segments):
        said = sentences(segment.text)
        position = at / total
        if asked is not None and said and segment.role != asked.role:
            _answer(found, asked, said, segment, position)
        asked = None
        for sentence in said:
            text = without_lead(sentence)
            if not text:
                continue
            question = is_question(sentence)
            unit = Unit(
                text.rstrip("?"),
                segment.role,
                (segment.number,),
                position,
                "open" if question else "",
            )
            found.append(unit)
            asked = unit if question else None if segment.role == "patient" else asked
    return found


def _answer(found: list[Unit], asked: Unit, said: list[str], segment: Segment, at: float) -> None:
    """Join a question to the answer that follows it."""
    answer = answer_of(said[0])
    unclear = answer == "yes" and BOTH.search(asked.text)
    if asked.role == "patient":
        return
    both = (*asked.segments, segment.number)
    if answer != "said" and not unclear and not OPEN.search(asked.text):
        found.append(Unit(asked.text, asked.role, both, at, answer, asked.text))
    rest = without_lead(said[0])
    if (answer == "said" or OPEN.search(asked.text)) and rest and not is_question(said[0]):
        if len(rest.split()) > SHORT:
            return
        found.append(Unit(rest, segment.role, both, at, "said", asked.text))
        said.pop(0)
