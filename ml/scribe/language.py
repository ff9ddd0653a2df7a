"""What of a visit is not said in English: only English is structured, and the rest is named.

Small words tell (``small_words.tsv``): a run with more of other languages than of English, or in another
script, is foreign. A list of medicines has neither and is not.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from ml.scribe.tables import rows
from profiles.speech_records import Segment, SpeechRemark, Transcript

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
LATIN: Final = re.compile(r"[a-z\u00c0-\u024f'\u2019]+\Z", re.IGNORECASE)
FEW: Final = 3
MANY: Final = 20
"""Words from which a text without any English one is foreign whatever it has."""
LEAST: Final = 2
MOST: Final = 0.5


@cache
def _small_words() -> tuple[frozenset[str], frozenset[str]]:
    """Small words of English alone, and those of other languages that English has not."""
    words = {language: frozenset(said.split()) for language, said in rows("small_words")}
    english, shared = words.pop("english"), words.pop("shared")
    return english, frozenset[str]().union(*words.values()) - english - shared


def is_foreign(text: str) -> bool:
    """Whether a piece of speech is in another language; too few words are not judged."""
    words = [word.replace("\u2019", "'") for word in WORD.findall(text.lower())]
    script = sum(1 for word in words if not LATIN.match(word))
    if script * LEAST > len(words):
        return True
    if len(words) < FEW:
        return False
    of_english, of_others = _small_words()
    english = sum(1 for word in words if word in of_english)
    others = sum(1 for word in words if word in of_others)
    return others > max(english, LEAST - 1) or (len(words) >= MANY and not english)


def in_english(
    transcript: Transcript, segments: Sequence[Segment]
) -> tuple[tuple[Segment, ...], SpeechRemark | None]:
    """The segments in English, and what is to be said of the others; none where most is foreign."""
    foreign = {one.number for one in segments if is_foreign(one.text)}
    language = transcript.language.lower()
    spoken = {one.number: len(WORD.findall(one.text)) for one in segments}
    share = sum(spoken[number] for number in foreign) / max(1, sum(spoken.values()))
    if (language and not language.startswith("en")) or share > MOST:
        text = "Only English is structured; the transcript stands as it is."
        return (), SpeechRemark("language", text)
    if not foreign:
        return tuple(segments), None
    text = "What was not said in English is not in the note; a person must add what matters of it."
    left = tuple(one for one in segments if one.number not in foreign)
    return left, SpeechRemark("language-mixed", text, tuple(sorted(foreign)))
