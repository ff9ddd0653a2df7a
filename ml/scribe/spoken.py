"""What people say to plain words: contractions joined, fillers and repetitions gone, numbers in figures.

Nothing is added: every word that is left was said, but for spellings ("gonna"), figures and units.
"""

import re
from typing import Final

from ml.scribe.numbers import in_figures, with_points

SPELLINGS: Final = (
    (r"\s*(?:\.{2,}|\u2026)\s*", ", "),
    (r"\b(dr|mr|mrs|ms)\s?\.", r"\1"),
    (r",?\s*\b(?:okay|ok|alright|all right|right)\s*\?", " ."),
    (r"\s+n['\u2019]t\b", "n't"),
    (r"\bgon na\b|\bgonna\b", "going to"),
    (r"\bwan na\b|\bwanna\b", "want to"),
    (r"\bgot ta\b|\bgotta\b", "have to"),
    (r"\bgot to\b", "have to"),
    (r"\bkinda\b|\bkind of\b|\bsorta\b|\bsort of\b", " "),
    (r"\blem me\b|\blemme\b", "let me"),
    (r"(?<!\w)'cause\b|\bcuz\b", "because"),
    (r"\b(\w)-\s+(?=\1)", ""),
    (r"\b\w{1,4}-\s*(?=\b)(?<=-\s)", " "),
    (r"\s+(?=['\u2019](?:s|re|ve|ll|d|m)\b)", ""),
    (
        r"\b(i|you|we|they|he|she|it)['\u2019]d (?=like|love|prefer|recommend|want|suggest)",
        r"\1 would ",
    ),
    (r"\bi['\u2019]m\b", "i am"),
    (r"\b(you|we|they)['\u2019]re\b", r"\1 are"),
    (r"\b(i|you|we|they)['\u2019]ve\b", r"\1 have"),
    (r"\b(i|you|we|they|he|she|it)['\u2019]ll\b", r"\1 will"),
    (r"\b(i|you|we|they|he|she)['\u2019]d\b", r"\1 would"),
    (r"\b(he|she|it|that|there|what|here|where|how)['\u2019]s\b(?! (?:been|had|got))", r"\1 is"),
    (r"\b(he|she|it|that|there)['\u2019]s\b", r"\1 has"),
    (r"\b(how|what|where)['\u2019]re\b", r"\1 are"),
    (r"\blet['\u2019]s\b", "let us"),
    (r"\bcan['\u2019]t\b|\bcannot\b|\bca n't\b", "can not"),
    (r"\bwon['\u2019]t\b|\bwo n't\b", "will not"),
    (r"\bain['\u2019]t\b", "is not"),
    (r"n['\u2019]t\b", " not"),
)
FILLERS: Final = (
    r"\b(?:um+|uh+|uhm|hmm+|mm+|mhm|mm-hmm|ah|oh|er)\b(?!-)",
    r"\byou know(?! (?:how|what|if|that|when|where|why|the|about|any))\b",
    r"\bi mean\b",
    r"(?<=,) like\s*(?=,)",
    r"\b(?:actually|basically|literally|obviously|honestly|definitely|really|just|pretty much|"
    r"certainly)\b",
    r"\bgo ahead and\b",
    r"\b(?:at the end of the day|or something like that|things like that|stuff like that|"
    r"and stuff|or anything"
    r" like that|anything like that|or whatever|and everything)\b",
)
LEADS: Final = re.compile(
    r"^(?:[\s,.!?-]|(?:okay|ok|alright|all right|yeah|yep|yes|yup|no|nope|sure|right|well|so|"
    r"great|good|and|but"
    r"|then|now|perfect|excellent|gotcha|got it|wonderful|i see|absolutely|exactly|correct|"
    r"of course|also|because|like|again"
    r"|hey|hi|hello|thank you|thanks|anyway|like i said|as i said|first of all|first off|"
    r"it sounds like"
    r"|it looks like|looks like|sounds like|i think that|i think|i guess|i believe|i feel like|"
    r"i would say"
    r"|i know that|i know|i understand that|i understand|i see that|i see here that|i saw that|"
    r"you said that|you said|you mentioned that|you mentioned)\b)+[\s,]*",
)
TAILS: Final = re.compile(
    r"[\s,]*\b(?:okay|alright|right|and|but|so|or|yeah|then|too|all right|because|you know|"
    r"as well|though)\s*[.,?]*$"
)
_SPELLED: Final = tuple((re.compile(pattern), to) for pattern, to in SPELLINGS)
_FILLER: Final = re.compile("|".join(FILLERS))
REPEATED: Final = re.compile(r"\b(\w+(?:['\u2019]\w+)?(?: \w+){0,3})(?:\s*,?\s+\1\b)+")
SPACES: Final = re.compile(r"\s+")
PUNCTUATION: Final = re.compile(r"\s+([,.;:!?%])")
AFTER_END: Final = re.compile(r"(?<=[.?!])\s*,")
HESITATION: Final = re.compile(r"\b(will|has|have|a|an|the|to|is|are|of|and|some|in|on|with),\s")
DOUBLED: Final = re.compile(r"[,;]\s*(?=[,;.?!])")


def plain(text: str) -> str:
    """Lower-case words of a turn without what only speech has."""
    text = f" {with_points(text.lower())} "
    for pattern, to in _SPELLED:
        text = pattern.sub(to, text)
    text = SPACES.sub(" ", _FILLER.sub(" ", text))
    text = PUNCTUATION.sub(r"\1", REPEATED.sub(r"\1", text))
    text = HESITATION.sub(r"\1 ", AFTER_END.sub("", in_figures(text)))
    text = DOUBLED.sub("", DOUBLED.sub("", text))
    return SPACES.sub(" ", text).strip(" ,")


def without_lead(text: str) -> str:
    """A sentence without the words that only open or close a turn."""
    text = LEADS.sub("", text)
    before = None
    while text != before:
        before, text = text, TAILS.sub("", text).strip(" ,.;")
    return text
