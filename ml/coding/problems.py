"""What one lead line says: its problems, how certain each is, and the candidate code of each.

"Left shoulder pain, likely rotator cuff tendinopathy" is a symptom and an uncertain diagnosis; "Chest
pain and hypertension" two
problems; "Pain and swelling of the knee" one. Where a line may be cut, every way of cutting is matched,
and the one whose parts
are understood best is taken.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ml.coding import context
from ml.coding.match import SOFT, Candidate, Matcher
from ml.coding.mentions import Mention
from ml.coding.tables import words_named
from ml.coding.words import Token, content, tokens

GIVEN: Final = "given"
"""A code that the note gives itself."""
CODED: Final = re.compile(r"(?<![\w.])[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}(?!\w)")
CAUSE: Final = "cause"
WITH: Final = "with"
AND: Final = "and"
UNCERTAIN: Final = "uncertain"
PAST: Final = "past"

LINK: Final = re.compile(
    r"(?P<cause>\b(?:due to|secondary to|caused by|because of|related to|as a result of|attributed "
    r"to|attributable to|2/2|resulting from)\b)|"
    r"(?P<uncertain>(?:\bmost )?\b(?:likely|probably|probable|possible|possibly|suspected|"
    r"suspect(?=\s+\w)|suspicious for|suspicion (?:for|of)|consistent with|concerning for|"
    r"concern for|rule out|r/o|versus|vs\.?|suggestive of|presumed|presumptive|questionable|"
    r"questionably|"
    r"differential(?: diagnosis)?(?: includes?)?|compatible with|"
    r"could be|may be|might be|cannot exclude|evaluate for|appears to be|worrisome for|query)(?!\w)|"
    r"\?)|"
    r"(?P<with>(?<!acute )\bon\b|\b(?:with|w/|in the setting of|associated with|complicated by|as "
    r"well as|plus|in "
    r"patient with)\b)|"
    r"(?P<past>(?<=\s)(?=(?:status[- ]post|s/p)\b))|"
    r"(?P<and>\band\b|&|,|;|\+|\s/\s|(?<=[a-zA-Z]{3})/(?=[a-zA-Z]{3})|\(|\)|(?<=\w\w)\.\s)",
    re.IGNORECASE,
)
LEVEL: Final = re.compile(
    r"\d+[ab]?|[clst]|side|level|region|area|upper|lower|great|middle|distal|proximal|medial|lateral|"
    r"anterior|posterior"
)
VAGUE: Final = frozenset(words_named("vague").split())
"""Words that name no problem when they stand alone."""
SITES: Final = frozenset(words_named("sites").split())
ALL: Final = 0.9
"""Share from which a match says and supports everything, so that a line is not cut."""
RESOLVED: Final = re.compile(
    r"[ ,(-]*(?:now |has |completely |fully |clinically )*resolved\b", re.IGNORECASE
)
LATER_PART: Final = 0.8
"""Quality that words alone need in a later part of a line."""
NUMBERED: Final = re.compile(r"(?:type|stage|grade|class)\d")
MERGE: Final = 0.02
PIECES: Final = 6
FLOOR: Final = 0.3
QUALITY: Final = 0.5
LEXICAL_QUALITY: Final = 0.55


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a lead.

    Parameters
    ----------
    mention : Mention
    start, end : int
        Offsets of its words.
    words : tuple of str
        Its canonical content words.
    status : str
        As ``context`` names it.
    link : str
        How it hangs on the one before: ``cause``, ``with``, ``and``, or empty for the first.
    candidate : Candidate
    others : tuple of Candidate
        The next best ones.
    """

    mention: Mention
    start: int
    end: int
    words: tuple[str, ...]
    status: str
    link: str
    candidate: Candidate
    others: tuple[Candidate, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a lead between two links."""

    start: int
    end: int
    link: str
    uncertain: bool


def _pieces(text: str, start: int, end: int) -> list[_Piece]:
    """A lead cut at its links."""
    found: list[_Piece] = []
    begin, link, uncertain = start, "", False
    for match in LINK.finditer(text, start, end):
        if text[begin : match.start()].strip():
            found.append(_Piece(begin, match.start(), link, uncertain))
            link, uncertain = "", match.lastgroup == UNCERTAIN
            link = AND if uncertain or match.lastgroup == PAST else str(match.lastgroup)
        else:
            uncertain = uncertain or match.lastgroup == UNCERTAIN
            if match.lastgroup in (CAUSE, WITH):
                link = str(match.lastgroup)
        begin = match.end()
    if text[begin:end].strip():
        found.append(_Piece(begin, end, link, uncertain))
    return found[:PIECES]


def _partitions(count: int) -> list[list[int]]:
    """Every way of cutting a row of pieces: the places of the cuts."""
    return [
        [place for place in range(1, count) if mask >> (place - 1) & 1]
        for mask in range(1 << max(0, count - 1))
    ]


class Reader:
    """Reads leads with one matcher."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self._known: dict[tuple[str, ...], list[Candidate]] = {}

    def candidates(self, words: tuple[str, ...]) -> list[Candidate]:
        """The candidates of some words, remembered."""
        if words not in self._known:
            if len(self._known) > 4096:
                self._known.clear()
            self._known[words] = self.matcher.candidates(list(words))
        return self._known[words]

    def read(self, text: str, mention: Mention) -> list[Problem]:
        """The problems of one lead in their order."""
        pieces = _pieces(text, mention.start, mention.end)
        if not pieces:
            return []
        groups: list[list[_Piece]] = []
        for piece in pieces:
            if groups and piece.link and piece.uncertain == groups[-1][-1].uncertain:
                groups[-1].append(piece)
            else:
                groups.append([piece])
        problems: list[Problem] = []
        for group in groups:
            problems += self._best(text, mention, group)
        return problems

    def _believed(self, words: tuple[str, ...], coded: re.Match[str] | None) -> list[Candidate]:
        """The candidates of some words when the best one can be believed, else none."""
        if len(words) == 1 and words[0] in VAGUE:
            return []
        found = self.candidates(words)
        if coded is not None:
            return self._documented(coded.group(), found)
        if any(w not in SOFT and w not in SITES and not LEVEL.fullmatch(w) for w in words):
            return found if found and found[0].quality >= _needed(found[0]) else []
        return found if found and found[0].term and found[0].quality >= ALL else []

    def _documented(self, code: str, found: list[Candidate]) -> list[Candidate]:
        """Candidates with a code that the note gives itself in front, where its words agree with it.

        Words decide, not the code beside them, when the two are of different categories.
        """
        at = self.matcher.index.by_code.get(code.upper())
        if at is None or (found and found[0].quality >= FLOOR and found[0].code[:3] != code[:3]):
            return found
        return [Candidate(code.upper(), GIVEN, 1.0, 1.0, 1.0, at), *found]

    def _best(self, text: str, mention: Mention, group: list[_Piece]) -> list[Problem]:
        """The cutting of one group whose parts are understood best."""
        _, whole = self._part(text, mention, group)
        if whole is not None and _says_all(whole):
            return [whole]
        best: list[Problem] = []
        top = -1.0
        for cuts in _partitions(len(group)):
            if any(group[at].link == CAUSE and at not in cuts for at in range(1, len(group))):
                continue
            borders = [0, *cuts, len(group)]
            parts = [self._part(text, mention, group[a:b]) for a, b in pairwise(borders)]
            score = sum(value for value, _ in parts) - MERGE * len(cuts) * 10
            if score > top:
                top, best = score, [problem for _, problem in parts if problem is not None]
        return best

    def _part(
        self, text: str, mention: Mention, pieces: list[_Piece]
    ) -> tuple[float, Problem | None]:
        """The value of some pieces taken as one problem, and that problem."""
        start, end = pieces[0].start, pieces[-1].end
        words = tuple(self.matcher.spelled(content(_spoken(text, start, end))))
        found = self._believed(words, CODED.search(text, start, end))
        later = pieces[0].link in (AND, WITH)
        if not found or (later and found[0].term is None and found[0].quality < LATER_PART):
            return 0.0, None
        mass = sum(self.matcher.weights(list(dict.fromkeys(words))).values())
        start, end = trimmed(text, start, end)
        status = context.UNCERTAIN if pieces[0].uncertain else said_of(text, start, end)
        made = Problem(
            mention, start, end, words, status, pieces[0].link, found[0], tuple(found[1:])
        )
        return mass * found[0].quality ** 3, made


def _spoken(text: str, start: int, end: int) -> list[Token]:
    """The words of a part without the codes that it gives."""
    codes = [match.span() for match in CODED.finditer(text, start, end)]
    return [
        token
        for token in tokens(text, start, end)
        if not any(a <= token.start < b for a, b in codes)
    ]


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets without white space and stray marks at both ends."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not (text[end - 1].isalnum() or text[end - 1] in ")%"):
        end -= 1
    return start, end


def said_of(text: str, start: int, end: int) -> str:
    """What the words of the line say about a part of it."""
    line = max(text.rfind("\n", 0, start) + 1, start - 200)
    stop = text.find("\n", end)
    stop = min(len(text) if stop < 0 else stop, end + 80)
    said = context.status(text[line:stop], start - line, end - line)
    inner = re.match(r"(?:no|resolved|denies|negative|without)\b", text[start:end], re.IGNORECASE)
    return context.NEGATED if inner and said == context.PRESENT else said


def _needed(candidate: Candidate) -> float:
    """The quality from which a match is believed: words alone need more than a default term."""
    return QUALITY if candidate.term is not None else LEXICAL_QUALITY


def _says_all(problem: Problem) -> bool:
    """Whether a candidate says and supports everything, numbered stages and types included."""
    candidate = problem.candidate
    left = set(problem.words) - candidate.words
    return min(candidate.said, candidate.supported) >= ALL and not any(map(NUMBERED.match, left))


def gone(text: str, problem: Problem) -> bool:
    """Whether the words right after a problem say that it has resolved."""
    return RESOLVED.match(text, problem.end) is not None
