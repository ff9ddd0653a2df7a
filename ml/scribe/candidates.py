"""Every sentence that a note could have: what each unit gives, its salience, its division, its support."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ml.scribe.features import unit_features
from ml.scribe.model import DIVISIONS, ScribeModel
from ml.scribe.person import Pronouns
from ml.scribe.statement import sentence, statement
from ml.scribe.units import Unit
from ml.scribe.verify import unsupported
from ml.text.porter import stem

LETTERS: Final = re.compile(r"[a-z]+|\d+")
LEAST_WORDS: Final = 3
NO_CONTENT: Final = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "in",
        "and",
        "or",
        "is",
        "was",
        "were",
        "are",
        "be",
        "been",
        "has",
        "have",
        "had",
        "she",
        "he",
        "her",
        "his",
        "him",
        "they",
        "it",
        "this",
        "that",
        "with",
        "for",
        "on",
        "at",
        "as",
        "i",
        "we",
        "you",
        "will",
        "not",
        "no",
        "do",
        "does",
        "did",
        "from",
        "by",
        "so",
        "if",
        "but",
        "there",
        "also",
        "my",
        "your",
        "who",
        "which",
        "then",
        "than",
        "what",
        "patient",
        "reports",
        "report",
        "denies",
        "any",
        "some",
    ]
)
UNFINISHED: Final = re.compile(
    r"\b(?:at|from|with|the|a|an|to|of|is|are|was|were|that|and|or|for|in|on|by|your|her|his|"
    r"their|if|what|how|"
    r"when|because|than|as|like|into|about|we|i|she|he|they|until|therefore|where|which|while|"
    r"felt|been|would|could|should|until|since|my|some|has|have|very|(?:but|and|so|while),? it|\w')[.,]*$",
    re.IGNORECASE,
)
FLOW: Final = re.compile(
    r"^(?:(?:i|we) (?:will|am going to|are going to|would like to|want to) )?(?:(?:just |quickly )?"
    r"(?:ask (?:you|her|him|the patient)?|listen|look at|take a look|check out|feel|press|push|"
    r"pull|touch|hold|"
    r"examine|do a (?:quick )?(?:physical|exam)|go (?:over|from)|talk about|review (?:the|your|"
    r"her|his) results|"
    r"get my nurse|tell dax|lay you|have you (?:lie|sit|lay))\b)|"
    r"^(?:this|that|it) (?:sounds|is|looks) (?:good|great|fine|okay|nice|important|all)\b|"
    r"^none of that\b|"
    r"\bmy (?:nurse|assistant)\b|^(?:he|she|you|the patient) knows? how\b|"
    r"\bquestions\b|"
    r"^(?:dictating|date of birth|medical record number|next patient|next paragraph|end of dictation|"
    r"paragraph)\b|"
    r"\b(?:good|nice) to (?:see|meet|hear)\b|^(?:good )?morning\b|\bhow are you\b|\bwelcome\b|"
    r"^(?:wow|please|much|for (?:coming|having|your time|asking))\b|\bplease\.$|"
    r"^(?:(?:i am|he is|she is) doing|you got it|to see \w+|(?:so )?far,? so good|very (?:very )?\w+|"
    r"(?:we|i) (?:can|will) (?:do|give|ask|increase|do it)|none of (?:those|them)|nothing at all)\.$|"
    r"^(?:tell me|how (?:is|are|was|were)|show me|finalize (?:the|my) note)\b|"
    r"^(?:turn|lift|raise|squeeze|bend|open|breathe|"
    r"deep breath|sit|stand up|lie|lay|roll|relax|point)\b|"
    r"^(?:i|we) will (?:see|see (?:them|it)|say it)\.$|^(?:i am|we are) sorry\b|\bexcuse me\b",
    re.IGNORECASE,
)
COMMAND: Final = re.compile(r"^(?:hey,? )?dragon\b[, ]*(?P<what>.*)")
ORDERED: Final = re.compile(r"^(?:please )?order\b")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be chosen.

    Parameters
    ----------
    number : int
        Of its unit.
    unit : Unit
    text : str
    kind : str
        ``template`` or ``quotation``.
    words : tuple of str
        Stems of its words that carry content.
    length : int
    salience : float
    division : str
    """

    number: int
    unit: Unit
    text: str
    kind: str
    words: frozenset[str]
    length: int
    salience: float = 0.0
    division: str = "none"


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry content."""
    return frozenset(stem(word) for word in LETTERS.findall(text.lower()) if word not in NO_CONTENT)


def _quoted(unit: Unit, who: Pronouns) -> str:
    speaker = who.subject if unit.role == "patient" else "the clinician"
    return sentence(f'{speaker} said "{unit.text}"')


def sentence_of(unit: Unit, who: Pronouns, said: str) -> tuple[str, str]:
    """The sentence of a unit and its kind; empty where nothing may be written."""
    command = COMMAND.match(unit.text)
    if command and not ORDERED.match(command.group("what")):
        return "", "template"
    if unit.answer == "open":
        return "", "template"
    text = sentence(command.group("what") if command else statement(unit, who))
    if UNFINISHED.search(text) or FLOW.search(text):
        return "", "template"
    if not unsupported(text, said):
        return text, "quotation" if '"' in text else "template"
    text = _quoted(unit, who)
    return ("", "quotation") if unsupported(text, said) else (text, "quotation")


def candidates(
    units: Sequence[Unit], said: Mapping[int, str], who: Pronouns, model: ScribeModel
) -> list[Candidate]:
    """The sentences of a visit with their scores, in order.

    Parameters
    ----------
    units : sequence of Unit
    said : mapping of int to str
        Text of every segment.
    who : Pronouns
    model : ScribeModel
    """
    made = written(units, said, who)
    features = [unit_features(units, one.number, one.text) for one in made]
    scores = model.units.scores(features)
    return [
        Candidate(
            one.number,
            one.unit,
            one.text,
            one.kind,
            one.words,
            one.length,
            float(row[0] + row[1]),
            DIVISIONS[int(row[2:6].argmax())],
        )
        for one, row in zip(made, scores, strict=True)
    ]


def written(units: Sequence[Unit], said: Mapping[int, str], who: Pronouns) -> list[Candidate]:
    """The sentences of a visit without scores."""
    made = []
    for number, unit in enumerate(units):
        text, kind = sentence_of(unit, who, " ".join(said[one] for one in unit.segments))
        words = content(text)
        if words and len(LETTERS.findall(text.lower())) >= LEAST_WORDS:
            length = len(LETTERS.findall(text.lower()))
            made.append(Candidate(number, unit, text, kind, words, length))
    return made


def chosen(among: Sequence[Candidate], words: int, share_said: float) -> list[Candidate]:
    """The best sentences that fit into a number of words, in the order in which they were said.

    A sentence of which more than ``share_said`` stands already in a chosen one is left out: people repeat
    themselves, notes do not.
    """
    taken: list[Candidate] = []
    written_words: Counter[str] = Counter()
    left = words
    for one in sorted(among, key=lambda each: (-each.salience, each.number)):
        if one.length > left:
            continue
        share = sum(1 for word in one.words if written_words[word]) / len(one.words)
        if share > share_said:
            continue
        taken.append(one)
        written_words.update(one.words)
        left -= one.length
    return sorted(taken, key=lambda each: each.number)
