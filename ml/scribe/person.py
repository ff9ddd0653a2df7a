"""From the first and second person of a dialogue to the third person of a note.

A patient's "I take my pills" and a doctor's "you take your pills" are both "she takes her pills". The sex
that the pronoun needs is the record's; without one the patient is "the patient" and "they".
"""

from dataclasses import dataclass
from typing import Final

from ml.scribe.verbs import ADVERBS, AUXILIARY, BASE, PAST, SAME, agrees

OBJECT_AFTER: Final = frozenset(
    (
        *("get", "have", "see", "let", "make", "help", "want", "need", "like"),
        *(
            "tell",
            "told",
            "ask",
            "give",
            "gave",
            "keep",
            "put",
            "send",
            "start",
            "continue",
            "set",
            "refer",
        ),
    )
)
"""Verbs after which "you" is whom something is done to."""
STOPS: Final = ",.;:?!"
SPEAKERS: Final = ("i", "we", "they", "have", "has", "had")
"""Who does something to "you" in "we have you on 20 mg"."""
FEW: Final = 2


@dataclass(frozen=True, slots=True)
class Pronouns:
    """How a note speaks of the patient."""

    subject: str
    object: str
    possessive: str
    reflexive: str


OF_SEX: Final = {
    "female": Pronouns("she", "her", "her", "herself"),
    "male": Pronouns("he", "him", "his", "himself"),
}
UNKNOWN: Final = Pronouns("the patient", "the patient", "their", "themselves")


def pronouns(sex: str) -> Pronouns:
    """Pronouns for an administrative sex."""
    return OF_SEX.get(sex, UNKNOWN)


def _bare(word: str) -> str:
    return word.strip(STOPS)


def _before(words: list[str], at: int) -> str:
    """The word before a position in the same clause, empty where there is none."""
    return _bare(words[at - 1]) if at and words[at - 1][-1:] not in STOPS else ""


def _verb_at(words: list[str], at: int) -> int | None:
    """Position of the verb after a subject, over adverbs; None where there is none."""
    for position in range(at, min(at + 3, len(words))):
        word = _bare(words[position])
        if agrees(word) is not None:
            return position
        if word not in ADVERBS:
            return None
    return None


def _is_subject(words: list[str], at: int) -> bool:
    """Whether "you" at a position does something."""
    verb = _verb_at(words, at + 1)
    before = _before(words, at)
    if before in AUXILIARY or before in SAME:
        return at < FEW or _bare(words[at - 2]) not in SPEAKERS
    after = _bare(words[at + 1]) if at + 1 < len(words) else ""
    if before in OBJECT_AFTER and after not in AUXILIARY and after not in SAME:
        return False
    return verb is not None and not (before in ("for", "to", "with", "of") and verb == at + 1)


def _with_verb(words: list[str], at: int) -> None:
    """Make the verb after a subject agree, and the present verbs that are joined to it."""
    verb = _verb_at(words, at + 1)
    before = _before(words, at)
    if verb is None or before in SAME or before in ("do", "does", "did", "help", "let", "make"):
        return
    word = _bare(words[verb])
    form = agrees(word)
    if form is None or form == word:
        return
    words[verb] = words[verb].replace(word, form, 1)
    if word in AUXILIARY:
        return
    for position in range(verb + 2, min(verb + 8, len(words))):
        joined = _bare(words[position])
        if _bare(words[position - 1]) in ("and", "or") and (joined in BASE or joined == "have"):
            words[position] = words[position].replace(joined, agrees(joined) or joined, 1)


def _put(words: list[str], at: int, text: str) -> None:
    """Put a word in place of another and keep the stops."""
    bare = _bare(words[at])
    words[at] = words[at].replace(bare, text, 1) if bare else words[at]


def _alone(who: Pronouns) -> str:
    """The possessive that stands by itself: "hers", "his", "theirs"."""
    return who.possessive if who.possessive.endswith("s") else f"{who.possessive}s"


def patient_to_third(text: str, who: Pronouns) -> str:
    """What a patient said, as a note says it."""
    words = text.split()
    swap = {"my": who.possessive, "mine": _alone(who), "me": who.object, "myself": who.reflexive}
    for at, word in enumerate(list(words)):
        bare = _bare(word)
        if bare == "i":
            _with_verb(words, at)
            _put(words, at, who.subject)
        elif bare in swap:
            _put(words, at, swap[bare])
    return " ".join(words)


def doctor_to_third(text: str, who: Pronouns) -> str:
    """What a doctor said to a patient, as a note says it; the doctor's own "I" stays."""
    words = text.split()
    swap = {"your": who.possessive, "yours": _alone(who), "yourself": who.reflexive}
    for at, word in enumerate(list(words)):
        bare = _bare(word)
        if bare == "you" and _is_subject(words, at):
            _with_verb(words, at)
            before = _before(words, at)
            if before in ("are", "were", "have", "do"):
                _put(words, at - 1, AUXILIARY[before])
            _put(words, at, who.subject)
        elif bare == "you":
            _put(words, at, who.object)
        elif bare in swap:
            _put(words, at, swap[bare])
    return " ".join(words)


def past_or_base(word: str) -> bool:
    """Whether a word can be a verb of a patient's sentence."""
    return word in BASE or word in PAST or word in AUXILIARY or word in SAME
