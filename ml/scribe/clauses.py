"""Turns to clauses: sentences of plain words, long runs cut where a new clause begins.

Speech recognised without punctuation has no sentences. A phrase that opens a clause ("for your second problem
of your hypertension", "once you finish") stays with the clause that it opens: it says what that is about.
"""

import re
from collections.abc import Sequence
from typing import Final

from ml.scribe.drugs import DOSE, FREQUENCY, drug_names
from ml.scribe.spoken import plain, without_lead

END: Final = re.compile(r"(?<=[.!?])\s+")
LONGEST: Final = 14
LEAST: Final = 5
MARK: Final = re.compile(
    r"\b(?:okay|alright|all right)\b[\s,]*|"
    r"\b(?:(?:and|so|now|then)\s)*let (?:me|us) (?:\w+\s){1,8}(?:assessment|"
    r"impression) and (?:my |the )?plan\b"
    r"(?: (?:for|of) you| here)?(?: at this time)?[\s,]*"
)
"""Words between clauses that belong to neither."""
INVERTED: Final = (
    r"(?:did|do|does|have|are|is|was|were|can) (?:you|they|it|that|this|there|he|she)\b"
)
CLAUSE: Final = re.compile(
    rf"\b{INVERTED}|"
    r"\blet (?:us|me)\b|"
    r"\b(?:(?:and|but|so|now|then|because|or)\s+(?:then\s+|so\s+|also\s+)?)?"
    r"(?:i(?! am sorry)|you|we|he|she|it|they|there|that(?! (?:i|you|we|he|she|it|they)\b)|this|"
    r"your|my|let us|"
    r"do you|did you|have you|"
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
GOVERNS: Final = re.compile(
    r"\b(?:if|unless|whether|in case|not (?:\w+ )?(?:look|think|feel|seem|believe|sure|say|mean))\b"
)
NEAR: Final = 10
OPENER: Final = re.compile(
    r"(?:(?:and|but|so|now|then|or)\s+)*(?:in|on|for|from|under|with|after|before|since|once|as|when|"
    r"while|because|although|given|during|regarding|until)\b"
)
CONJUNCTIONS: Final = frozenset(["and", "but", "so", "now", "then", "or"])
TRAILING: Final = re.compile(
    r"(?:\b(?:and|now|so|then)\s+)*\b(?:on|for) (?:your|my|the|his|her)\s"
    r"(?:(?:[\w'-]+\s){0,4}exam(?:ination)?"
    r"|(?:first|second|third|fourth|fifth|last|next|final|other)\s(?:problem|issue|diagnosis|condition)"
    r"(?:\s(?:of\s)?[\w'-]+){0,6}?)[\s,]*$"
)
"""The opening of the next clause at the end of one: "... is midline on your neck exam | i appreciate ..."."""
MEASURED: Final = re.compile(
    r"\b(?:blood pressure|heart rate|pulse|temperature|oxygen(?: saturation)?|weight|a1c|blood sugars?)\b"
    r"[^\d?]*$"
)
VALUE: Final = re.compile(r"(?:it|that|this) (?:is|was) (?:\w+ ){0,2}\d")
"""A value that is told after what it is the value of: "your blood pressure is good | it is about 132/80"."""
JOINED: Final = 30
"""Words that a clause may have together with the dose that was told of its medicine."""


def _clauses(sentence: str) -> list[str]:
    """A long run of words cut where a clause begins."""
    parts = [part.strip(" ,") for part in MARK.split(sentence)]
    cut: list[str] = []
    for part in parts:
        cut += [part] if len(part.split()) <= LONGEST else _cut(part)
    return [part for part in cut if part]


def _cut(part: str) -> list[str]:
    cut: list[str] = []
    begin, opened = 0, False
    for match in CLAUSE.finditer(part):
        before = part[begin : match.start()]
        if not opened and OPENER.match(before):
            opened = sum(1 for word in before.split() if word not in CONJUNCTIONS) > 1
            continue
        if not _may_end(before.split()):
            continue
        opening = TRAILING.search(before)
        at = begin + opening.start() if opening and opening.start() else match.start()
        cut.append(part[begin:at].strip(" ,"))
        begin, opened = at, True
    return [*cut, part[begin:].strip(" ,")]


def _may_end(words: Sequence[str]) -> bool:
    """Whether a clause can end after these words, and nothing in them governs what comes next."""
    if len(words) < LEAST or words[-1] in HELD:
        return False
    return GOVERNS.search(" ".join(words[-NEAR:])) is None


def sentences(text: str) -> list[str]:
    """Sentences of a turn in plain words; a question keeps its mark, a dose its medicine."""
    found: list[str] = []
    for sentence in END.split(plain(text)):
        for clause in _clauses(sentence):
            joint = _joint(found[-1], clause) if found else ""
            if joint:
                found[-1] = f"{found[-1].rstrip('.? ')}{joint} {without_lead(clause)}"
            else:
                found.append(clause)
    return found


def dose_alone(text: str) -> bool:
    """Whether a dose or how often is said, but not of what."""
    return bool((DOSE.search(text) or FREQUENCY.search(text)) and not drug_names(text))


def _joint(before: str, clause: str) -> str:
    """What joins a clause to the one that says what it is of; empty where it stands by itself."""
    if len(before.split()) + len(clause.split()) > JOINED:
        return ""
    if MEASURED.search(before) and VALUE.match(without_lead(clause)):
        return ","
    alone = DOSE.search(clause) and not drug_names(clause)
    of_one = len(drug_names(before)) == 1 and not DOSE.search(before)
    return ";" if alone and of_one else ""
