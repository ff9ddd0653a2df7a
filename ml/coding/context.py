"""What a note says about a mention: present, negated, uncertain, historical, somebody else's, only possible.

The idea is ConText's (Harkema et al. 2009, Journal of Biomedical Informatics 42:839): a cue changes the mentions in its scope,
the scope ends at a termination. The cues, the scopes and the code are our own. Sentences are split here too, since most
errors of such rules are errors of sentence ends ("No X. 1+ Y").
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

PRESENT: Final = "present"
NEGATED: Final = "negated"
UNCERTAIN: Final = "uncertain"
HISTORICAL: Final = "historical"
FAMILY: Final = "family"
HYPOTHETICAL: Final = "hypothetical"
OTHER_PERSON: Final = "other-person"

FORWARD: Final = "forward"
BACKWARD: Final = "backward"

_CUES: Final = {
    (NEGATED, FORWARD): (
        r"no evidence (?:of|for)|no (?:clear |obvious |definite )?(?:signs?|symptoms?|indication|suggestion|findings?|complaints?|history) (?:or \w+ )?of|"
        r"(?:did|does|do) not (?:\w+ ){0,2}(?:show|reveal|demonstrate|have|report|endorse|exhibit|note|appear to have|describe|complain of|experience|suggest|indicate|identify|see|feel|think|believe)|"
        r"(?:didn't|doesn't|don't) (?:\w+ )?(?:show|reveal|demonstrate|have|see|report|feel)|"
        r"not (?:consistent with|concerning for|suggestive of|indicative of|associated with|have|having|positive for)|"
        r"negative for|neg for|without(?: any)?(?: evidence of| signs of)?|absence of|absent|free of|"
        r"denie[sd]|denying|deny|rules? out for|ruled out(?: for)?|never had|has never (?:had|been diagnosed with)|no longer (?:has|having)|"
        r"is not|was not|are not|were not|not have|nor|no|unremarkable for|fails to (?:show|reveal)|lack of|resolution of|declines?"
    ),
    (NEGATED, BACKWARD): (
        r"(?:is|are|was|were|has been|have been) (?:\w+ )?(?:ruled out|negative|absent|excluded|denied|unlikely|not (?:seen|present|noted|identified|detected|found|appreciated|demonstrated|likely))|"
        r"unlikely|ruled out|not (?:seen|present|noted|identified|appreciated|detected|visualized)|none|: ?(?:no|none|negative|absent|denies)\b"
    ),
    (UNCERTAIN, FORWARD): (
        r"probable|probably|possible|possibly|suspected|suspect(?:s|ing)?|suspicion (?:of|for)|suspicious for|likely|questionable|question of|presumed|presumptive|"
        r"rule out|r/o|to exclude|to evaluate for|evaluat(?:e|ion) for|assess(?:ment)? for|concern(?:s|ing|ed)? (?:for|about|of)|worri(?:ed|some) (?:for|about)|"
        r"may (?:be|have|represent)|might (?:be|have)|could (?:be|have|represent)|can be|differential(?: diagnosis)?(?: includes?)?|versus|vs\.?|"
        r"consistent with|compatible with|suggestive of|suggests?|suggesting|indicative of|comparable with|appears? to (?:be|have)|favou?r(?:ed|ing|s)?|"
        r"think(?:s)? (?:that )?(?:it|this|he|she|they)|not sure (?:if|whether)|unclear (?:if|whether)|screen(?:ing|ed)? for|work-?up for|an element of|test(?:ing|ed)? for|query"
    ),
    (UNCERTAIN, BACKWARD): (
        r"(?:is|are|was|were|remains?) (?:\w+ )?(?:suspected|possible|probable|likely|questionable|considered|a possibility|a concern|in the differential)|"
        r"vs\.?|versus|cannot be (?:excluded|ruled out)|not (?:excluded|ruled out)|\?"
    ),
    (HISTORICAL, FORWARD): (
        r"(?:past |prior |previous |remote |personal |known |significant )?(?:medical )?history (?:\w+ )?(?:of|for|is significant for|significant for|notable for|includes)|history|h/o|hx of|hx|"
        r"s/p|status[- ]post|previously (?:had|diagnosed|treated)|prior|previous|remote|had (?:a |an )?(?:prior|previous)|resolved|in the past had|old"
    ),
    (HISTORICAL, BACKWARD): (
        r"(?:has |have |had |is |are |was |were )?(?:since |now |fully |completely )?resolved|in remission|(?:\w+ )?years? ago|months ago|(?:earlier|last) (?:in |this )?(?:the )?(?:year|month|spring|summer|fall|winter)|in (?:19|20)\d\d|in the past|as a child|in childhood"
    ),
    (FAMILY, FORWARD): (
        r"family (?:medical )?(?:history|hx)(?: (?:is |significant |positive |notable )*(?:of|for|includes?))?|fhx?|"
        r"(?:his|her|their|patient's|the) (?:mother|father|mom|dad|brothers?|sisters?|siblings?|parents?|sons?|daughters?|children|grandmother|grandfather|grandparents|aunts?|uncles?|cousins?|husband|wife|spouse|partner|maternal \w+|paternal \w+)(?: \w+){0,2} (?:has|had|have|with|was|is|were|died|passed|diagnosed|also|both)|"
        r"(?:mother|father|brother|sister|parents?|grandmother|grandfather|aunt|uncle|cousin|sibling)s? (?:has|had|have|with|died|diagnosed|:)|both (?:of )?(?:his|her|their) parents"
    ),
    (FAMILY, BACKWARD): (
        r"(?:in|of|by) (?:his|her|their|the|a|both|maternal|paternal) ?(?:mother|father|mom|dad|brothers?|sisters?|siblings?|parents?|sons?|daughters?|grandmother|grandfather|grandparents|aunts?|uncles?|cousins?|family)|runs in (?:the|his|her) family"
    ),
    (HYPOTHETICAL, FORWARD): (
        r"if (?:\w+ ){0,6}(?:develops?|has|have|experiences?|notices?|worsens?|gets?|is|are|becomes?|positive)|if|should (?:he|she|they|you|the patient) (?:develop|have|experience)|"
        r"in case of|in the event of|return (?:\w+ ){0,4}(?:for|if|with)|call (?:\w+ ){0,4}(?:for|if|with)|watch (?:out )?for|monitor(?:ing)? for|signs (?:and symptoms )?of|"
        r"risks?(?: of| for|\s+(?:\w+ ){0,4}includ\w+)|at risk (?:of|for)|to prevent|prevention of|prophylaxis (?:for|of|against)|as needed for|prn(?: for)?|p\.r\.n\.|side effects?|precautions|educat(?:ed|ion) (?:on|about)|"
        r"can (?:cause|lead to|result in)|could (?:cause|lead to)|may (?:cause|lead to|develop|result in)|screening for|to avoid|predispos\w+|until|unless|counsel(?:ed|ing) (?:\w+ )?(?:on|about|regarding) the risk"
    ),
    (OTHER_PERSON, FORWARD): (
        r"(?:his|her|their) (?:husband|wife|spouse|partner|roommate|coworkers?|co-workers?|friends?|neighbou?r|classmates?|boss|girlfriend|boyfriend|caregiver) (?:\w+ ){0,3}(?:has|had|have|with|was|is|were|diagnosed)|"
        r"(?:exposure|exposed|contact) (?:to|with) (?:\w+ ){0,4}(?:with|who)|sick contacts?"
    ),
}
_PSEUDO: Final = (
    r"no (?:significant |interval |apparent |acute )?(?:change|increase|further|difficulty in)|not only|not necessarily|no doubt|no cause|without difficulty|"
    r"not (?:well[- ])?controlled|not (?:at goal|improv\w+|resolv\w+|respond\w+|toler\w+|tak\w+|better|relieved)|not (?:yet )?(?:been )?(?:fully |well )?controlled|"
    r"gram negative|history (?:and physical|of present illness)|no known (?:drug )?allergies|not certain (?:if|whether)|does not (?:want|wish|like|need|tolerate|take)|"
    r"likely to|not ruled out|family (?:practice|medicine|physician)|(?:non|no)-?compliance|if (?:any|possible|needed)|is not (?:sure|taking|on|interested|tolerating|able|controlled)"
)
_END: Final = (
    r"but|however|although|though|except(?: for)?|apart from|aside from|otherwise|nevertheless|yet|still|which|who|that is|because|since|"
    r"secondary to|due to|caused by|as a cause|presents? (?:today )?(?:with|for)|presented|presenting|complain(?:s|ing) of|reports?|endorses?|admits?(?: to)?|states?|"
    r"is being|and (?:has|is|was|does|will|he|she|they|the|there|i|we)|positive for|resulting in|revealed|shows?|demonstrates?|continues?"
)
SENTENCE: Final = re.compile(
    r"(?<=[.!?;])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9\u2022*-])|\n\s*\n|\n(?=\s*[-\u2022*#\d])|\n"
)
ABBREVIATED: Final = re.compile(
    r"\b(?:dr|mr|mrs|ms|vs|st|no|approx|fig|dept|pt|prof|jr|sr|e\.g|i\.e|p\.o|q\.d|b\.i\.d|t\.i\.d|inc|mg|ml|a\.m|p\.m)\.$",
    re.IGNORECASE,
)
SCOPE: Final = 14
SCOPE_BACK: Final = 8
ORDER: Final = (FAMILY, OTHER_PERSON, NEGATED, HYPOTHETICAL, UNCERTAIN, HISTORICAL)


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue that was found: what it does, which way, and where it stands."""

    status: str
    direction: str
    start: int
    end: int


@cache
def _compiled() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """The cues as patterns on word borders."""
    return tuple(
        (status, way, re.compile(rf"(?<![\w-])(?:{text})(?!\w)", re.IGNORECASE))
        for (status, way), text in _CUES.items()
    )


PSEUDO: Final = re.compile(rf"(?<![\w-])(?:{_PSEUDO})(?!\w)", re.IGNORECASE)
END: Final = re.compile(rf"(?<![\w-])(?:{_END})(?!\w)|;", re.IGNORECASE)


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Start and end of every sentence between two offsets."""
    stop = len(text) if end is None else end
    found, begin = [], start
    for match in SENTENCE.finditer(text, start, stop):
        if ABBREVIATED.search(text, max(begin, match.start() - 6), match.start()):
            continue
        if match.start() > begin:
            found.append((begin, match.start()))
        begin = match.end()
    if stop > begin:
        found.append((begin, stop))
    return found


def cues(sentence: str) -> list[Cue]:
    """Every cue of one sentence, without those that stand inside a pseudo cue or a longer cue."""
    pseudo = [match.span() for match in PSEUDO.finditer(sentence)]
    found = [
        Cue(status, way, *match.span())
        for status, way, pattern in _compiled()
        for match in pattern.finditer(sentence)
    ]
    kept = []
    for cue in found:
        inside = any(a <= cue.start and cue.end <= b for a, b in pseudo)
        longer = any(
            other is not cue
            and other.start <= cue.start
            and cue.end <= other.end
            and (other.end - other.start) > (cue.end - cue.start)
            for other in found
        )
        if not inside and not longer:
            kept.append(cue)
    return kept


def _between(sentence: str, start: int, end: int) -> tuple[int, bool]:
    """Words between two offsets, and whether a termination stands there."""
    part = sentence[start:end]
    return len(part.split()), bool(END.search(part))


def statuses(sentence: str, start: int, end: int, found: list[Cue] | None = None) -> list[Cue]:
    """The cues that reach one mention of a sentence.

    Parameters
    ----------
    sentence : str
    start, end : int
        Offsets of the mention in the sentence.
    found : list of Cue, optional
        The sentence's cues, when they are known.
    """
    reached = []
    for cue in cues(sentence) if found is None else found:
        if cue.direction == FORWARD and cue.end <= start:
            words, ended = _between(sentence, cue.end, start)
            limit = SCOPE * 3 if cue.status in (NEGATED, FAMILY, HYPOTHETICAL) else SCOPE
        elif cue.direction == BACKWARD and cue.start >= end:
            words, ended = _between(sentence, end, cue.start)
            limit = SCOPE_BACK
            ended = ended or "," in sentence[end : cue.start]
        else:
            continue
        if not ended and words <= limit:
            reached.append(cue)
    return reached


def status(sentence: str, start: int, end: int, found: list[Cue] | None = None) -> str:
    """What a sentence says about one mention: one of the constants above."""
    said = {cue.status for cue in statuses(sentence, start, end, found)}
    return next((name for name in ORDER if name in said), PRESENT)
