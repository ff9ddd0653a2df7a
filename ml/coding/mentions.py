"""Problem mentions: the lead lines of assessment and plan first, then what the narrative names.

A *lead* is the line that names a problem ("1. Congestive heart failure.", "Hypertension: continue
lisinopril"); the lines below
it until the next lead are its block, where its side, type and treatment are looked for.
"""

import re
from dataclasses import dataclass
from typing import Final

from ml.coding import sections as kinds
from ml.coding.context import sentences
from ml.coding.sections import Line, Section

LEAD: Final = "lead"
LISTED: Final = "listed"
MANAGED: Final = "managed"
NARRATIVE: Final = "narrative"
ASIDE: Final = "aside"

LABEL: Final = re.compile(
    r"(?:medical reasoning|additional testing|medical treatment|patient education(?: and "
    r"counsel+ing)?|specialist referrals?|"
    r"patient agreements?|plan|treatment|follow[- ]?up|medications?|labs?|imaging|education|"
    r"counsel+ing|instructions?|"
    r"diagnostics?|therapy|procedures?|orders?|goals?|rationale|monitoring|assessment|status|"
    r"subjective|objective|"
    r"disposition|diet|activity|referrals?|prescriptions?|code status|dvt prophylaxis|prophylaxis|"
    r"fen|ppx|notes?|comments?|"
    r"summary|history|discussion|side effects?|return precautions|next steps?|surgical clearance|"
    r"risks?|consent|"
    r"complications?|anesthesia|technique|indications?|additional|description|testing)[ \t]*:",
    re.IGNORECASE,
)
OPENING: Final = re.compile(
    r"(?:the |this )?(?:patient|pt|he|she|they|i|we|it|mr|mrs|ms|dr|there|her|his|their|my|our|you|"
    r"your|at this point|today|after|given|"
    r"based|if|continue|start|stop|increase|decrease|begin|initiate|refer|order(?:ed)?|obtain|check|"
    r"repeat|schedule|follow|return|call|"
    r"recommend(?:ed)?|prescri\w+|discuss\w*|advis\w+|encourag\w+|counsel\w*|monitor|will|plan to|"
    r"consider|send|given|take|avoid|"
    r"proceed|await|hold|switch|add|refill\w*|provide\w*|perform\w*|review\w*|complete|educat\w+|"
    r"reassur\w+|treatment options|"
    r"all questions|questions|nature of|risks?|no |please|use|apply|keep|get|make|set|arrange|place|"
    r"we'll|i'll|once|due for|"
    r"these|those|treat|trial of|rest|ice|wear|may|should|ensure|request|see|obtained|tylenol|"
    r"ibuprofen|physical therapy|"
    r"referral|labs?|mri|ct|x-?rays?|ultrasound|echocardiogram|ekg|blood work|prescription|placed|"
    r"most recent|most likely|symptomatic treatment)\b",
    re.IGNORECASE,
)
LISTS: Final = re.compile(r"(?:immuniz|vaccin|allerg|medic|meds\b|screen|family)", re.IGNORECASE)
"""Beginnings of lines that list what is no problem of the patient's."""
FOLLOWED: Final = re.compile(
    r"follow[- ]?up\s+(?:of|for|on|regarding|visit for)?\s*(?!in\b|with\b|as\b|after\b|at\b|when\b|"
    r"if\b|to\b|appointment|scheduled|\d)[a-z]",
    re.IGNORECASE,
)
VERB: Final = re.compile(
    r"\b(?:is|was|were|will|has|have|had|should|would|can|could(?! be)|may(?! be)|recommend|"
    r"discussed|advised|"
    r"ordered|continue|"
    r"continued|denies|reports|states|presents|presented|returns|does|did|am|are|underwent|noted|"
    r"been)\b",
    re.IGNORECASE,
)
REGARDING: Final = re.compile(
    r"(?:regarding|with regards? to|in regards? to|as for|with respect to|for|in terms of|"
    r"concerning)\s+(?:the patient's|his|her|their|the|my)\s+"
    r"([^,.;:\n]{3,70})[,:]",
    re.IGNORECASE,
)
CUT: Final = re.compile(r"\s*:\s+|\s+[-\u2013\u2014]{1,2}\s+|\.\s+(?=[A-Z])")
PEOPLE: Final = re.compile(
    r"\b\d{1,3}[- ]?(?:yo|y/o|y\.o\.?|(?:year|yr|month|week|day)s?[- ]old)\b", re.IGNORECASE
)
WORDS_OF_LEAD: Final = 18
WORDS_OF_ASIDE: Final = 6


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a note names a problem.

    Parameters
    ----------
    start, end : int
        Offsets of the naming words.
    section : str
        Kind of its section.
    role : str
        ``lead``, ``aside``, ``listed``, ``managed`` or ``narrative``.
    block : tuple of int
        Start and end of the text that belongs to it.
    """

    start: int
    end: int
    section: str
    role: str
    block: tuple[int, int]


def _lead_end(text: str, line: Line, section: str) -> int | None:
    """Where the naming words of a lead line end; None when the line is no lead."""
    words = text[line.start : line.end]
    if LABEL.match(words) or PEOPLE.search(words):
        return None
    cut = CUT.search(words)
    head = words[: cut.start()] if cut else words
    if not head.strip() or len(head.split()) > WORDS_OF_LEAD:
        return None
    if (OPENING.match(head) and not FOLLOWED.match(head)) or _tells(head):
        return None
    if section == kinds.PLAN and cut is None and not line.marker and len(head.split()) > 10:
        return None
    return line.start + len(head.rstrip(" .,"))


def _tells(head: str) -> bool:
    """Whether words are a sentence and not the name of a problem."""
    verb = VERB.search(head)
    return verb is not None and len(head[: verb.start()].split()) <= 6


def leads(text: str, section: Section) -> list[Mention]:
    """The lead lines of one section, each with its block."""
    ends = [_lead_end(text, line, section.kind) for line in section.lines]
    role = LISTED if section.kind == kinds.PROBLEMS else LEAD
    found: list[Mention] = []
    places = [at for at, end in enumerate(ends) if end is not None]
    for at, following in zip(places, [*places[1:], len(section.lines)], strict=False):
        line, end = section.lines[at], ends[at]
        if end is None:
            continue
        last = section.lines[following - 1].end
        found.append(Mention(line.start, end, section.kind, role, (line.start, last)))
        if section.kind == kinds.ASSESSMENT and not LISTS.match(text, line.start, line.end):
            cut = CUT.search(text, line.start, line.end)
            found += _asides(text, line, cut.end() if cut else end, section.kind)
    return found


def _asides(text: str, line: Line, begin: int, section: str) -> list[Mention]:
    """Short sentences after the first of a line that may name problems too: "Gout. Acute cystitis."."""
    return [
        Mention(start, start + len(text[start:end].rstrip(" .,")), section, ASIDE, (start, end))
        for start, end in sentences(text, begin, line.end)
        if len(text[start:end].split()) <= WORDS_OF_ASIDE
        and not OPENING.match(text, start, end)
        and not LABEL.match(text, start, end)
        and not VERB.search(text, start, end)
    ]


def managed(text: str, section: Section) -> list[Mention]:
    """Problems that running text of a plan is about: "Regarding her diabetes, ..."."""
    return [
        Mention(match.start(1), match.end(1), section.kind, MANAGED, (line.start, line.end))
        for line in section.lines
        for match in REGARDING.finditer(text, line.start, line.end)
    ]
