"""External causes of an injury: how it happened and at what activity (guideline I.C.20).

Reported with the first encounter of an injury only; they never come first. Intent is taken as accidental unless the note says
otherwise (I.C.20.i).
"""

import re
from collections.abc import Iterable
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.found import Found, Span, cite
from ml.coding.index import Release
from ml.coding.sections import Section
from profiles.coding_records import Note
from terminology.icd10cm.codes import with_seventh

FELL: Final = r"(?:f[ae]lls?|fallen|falling|slip(?:s|ped|ping)?|trip(?:s|ped|ping)?|stumbl\w+)"
MECHANISMS: Final = (
    (r"motor vehicle (?:accident|collision|crash)|\bmv[ac]\b|car (?:accident|crash|wreck)|rear[- ]ended|auto(?:mobile)? accident", "V89.2"),
    (r"motorcycle (?:accident|crash|collision)", "V29.9"),
    (r"(?:bicycle|bike) (?:accident|crash)|fell off (?:of )?(?:his|her|a|the) (?:bike|bicycle)", "V19.9"),
    (r"hit by a (?:car|truck|vehicle)|struck by a (?:car|truck|vehicle)|pedestrian", "V09.20"),
    (rf"{FELL}\b[^.]{{0,60}}\b(?:ice|icy|snow)\b|\b(?:ice|icy|snow)\b[^.]{{0,30}}\b{FELL}", "W00.0"),
    (r"\b(?:step|fell|slipp|tripp|jump)\w*\b[^.]{0,20}\bcurb\b", "W10.1"),
    (rf"{FELL}\b[^.]{{0,40}}\bladder\b", "W11"),
    (rf"{FELL}\b[^.]{{0,40}}\b(?:stairs?|steps)\b|missed a step", "W10.9"),
    (rf"{FELL}\b[^.]{{0,30}}\b(?:out of|off|from)\b[^.]{{0,12}}\bbed\b", "W06"),
    (rf"{FELL}\b[^.]{{0,30}}\b(?:out of|off|from)\b[^.]{{0,12}}\bchair\b", "W07"),
    (rf"{FELL}\b[^.]{{0,30}}\b(?:off|from)\b[^.]{{0,12}}\b(?:roof|scaffold|tree)\b", "W17.89"),
    (r"\bdropped\b[^.]{0,60}\bon (?:his|her|the|my|their)\b|\bfell on (?:his|her) (?:foot|toe|hand|head)\b|heavy object fell", "W20.8"),
    (r"(?:collided with|ran into|tackled by|bumped into|kicked by) (?:another|an?other) (?:player|person|child|skier|runner)|another (?:player|person)\b[^.]{0,30}(?:ran into|collided|landed on|fell on|stepped on)", "W51"),
    (r"(?:struck|hit|kicked) (?:in|on|by)\b[^.]{0,30}\b(?:ball|puck|bat|helmet)\b", "W21.9"),
    (r"(?:ran|run|running|bumped|banged|hit|struck|walked|slammed)\b[^.]{0,25}\b(?:into|against|on) (?:a|an|the) (?:tree|wall|table|door|pole|post|corner|furniture|desk|cabinet|counter)", "W22.8"),
    (r"(?:caught|smashed|slammed|jammed|shut|crushed)\b[^.]{0,30}\b(?:in|between)\b[^.]{0,12}\bdoor\b", "W23.0"),
    (r"\bknife\b", "W26.0"), (r"broken glass|piece of glass", "W25"), (r"\b(?:dog bite|bitten by (?:a|his|her|the) dog)", "W54.0"), (r"\b(?:cat bite|bitten by (?:a|his|her|the) cat)", "W55.01"),
    (r"insect bite|mosquito|tick bite|spider bite", "W57"), (r"hot (?:water|coffee|tea|oil|grease|liquid)", "X12"), (r"assault(?:ed)?|punched|physical altercation|in a fight", "Y04.0"),
    (r"\bl(?:ift(?:ed|ing)|ugging)\b|\bmoving (?:boxes|furniture)|shovel\w* (?:snow|dirt)", "X50.0"),
    (rf"(?:slipped|tripped|stumbled)\b[^.]{{0,60}}\b(?:f[ae]ll|fallen|landed)|{FELL} (?:over|on)\b", "W01.0"),
    (r"\b(?:fell|had a fall|sustained a fall|suffered a fall|a fall\b|falling)", "W19"),
    (r"\b(?:twist(?:ed|ing)|rolled)\b[^.]{0,40}\b(?:ankle|knee|foot|back)|overuse|overexert", "X50.1"),
)  # fmt: skip
ACTIVITIES: Final = (
    (r"\bgolf", "Y93.53"), (r"volleyball", "Y93.68"), (r"basketball", "Y93.67"), (r"\bsoccer", "Y93.66"), (r"\bfootball", "Y93.61"), (r"\b(?:base|soft)ball", "Y93.64"),
    (r"\b(?:tennis|racquetball|squash|pickleball|badminton)\b", "Y93.73"), (r"\b(?:downhill )?ski(?:s|ed|ing)\b|snowboard", "Y93.23"), (r"ice skating", "Y93.21"), (r"\bhockey", "Y93.22"),
    (r"\b(?:run|runs|ran|running|jogging|marathon)\b(?! (?:into|over|out|a fever))", "Y93.02"), (r"\bhik(?:e|ed|ing)\b", "Y93.01"), (r"\bswim(?:ming)?\b|\bswam\b", "Y93.11"), (r"\bdanc(?:e|ing)\b", "Y93.41"),
    (r"\byoga\b", "Y93.42"), (r"gymnastics", "Y93.43"), (r"trampoline", "Y93.44"), (r"cheerlead", "Y93.45"), (r"skateboard|roller ?(?:skat|blad)", "Y93.51"), (r"horseback|riding a horse", "Y93.52"),
    (r"\bbowling", "Y93.54"), (r"\b(?:biking|cycling|riding (?:his|her|a) bike)", "Y93.55"), (r"weight ?lifting|lifting weights|free weights|bench press|deadlift", "Y93.B3"), (r"rock climbing", "Y93.31"),
    (r"gardening|yard ?work|landscap\w+", "Y93.H2"), (r"shovel", "Y93.H1"), (r"\bcooking\b", "Y93.G3"), (r"wrestling", "Y93.72"), (r"\brugby", "Y93.63"), (r"martial arts|karate|judo", "Y93.75"), (r"frisbee", "Y93.74"),
    (r"(?:taking|took|carrying) (?:out )?(?:the|his|her) (?:trash|garbage)", "Y93.E9"),
)  # fmt: skip
WHEN: Final = re.compile(
    r"\b(?:when|while|yesterday|ago|during|after|as (?:he|she|they) (?:was|were)|last (?:night|week|month|saturday|sunday|weekend)|was playing|were playing|sustained|injur\w+|accident|began|"
    r"onset|today|happened|occurred|weekend|days?)\b",
    re.IGNORECASE,
)
TOLD: Final = frozenset((kinds.COMPLAINT, kinds.PRESENT, kinds.ASSESSMENT, kinds.PLAN, kinds.OTHER))
INJURY: Final = re.compile(r"[ST](?!36|37|38|39|4|50|7[89]|8)|S")
CHARACTER: Final = 7


def external_causes(
    note: Note, parts: Iterable[Section], found: list[Found], release: Release, score: float
) -> list[Found]:
    """How the injuries of a note happened; nothing when there is no injury at its first encounter.

    Parameters
    ----------
    note : Note
    parts : iterable of Section
    found : list of Found
        The codes of the note.
    release : Release
    score : float
        What an external cause is worth.
    """
    injuries = [
        one
        for one in found
        if INJURY.match(one.code) and one.code.endswith("A") and one.score >= 0.6
    ]
    if not injuries:
        return []
    made = []
    for table, need in ((MECHANISMS, False), (ACTIVITIES, True)):
        hit = _first(note.text, parts, table, need)
        if hit is not None:
            code, start, end, kind = hit
            whole = _whole(code, release)
            if whole:
                said = "How the injury happened, at its first encounter."
                rules = (cite("I.C.20", said),)
                lead = max(one.lead for one in injuries)
                made.append(Found(whole, score, (Span(note, start, end, kind),), lead, rules=rules))
    return made


def _whole(code: str, release: Release) -> str | None:
    """A code with its 7th character A, where it takes one."""
    if release.billable(code):
        return code
    full = with_seventh(code, "A")
    return full if release.billable(full) else None


def _first(
    text: str, parts: Iterable[Section], table: tuple[tuple[str, str], ...], need: bool
) -> tuple[str, int, int, str] | None:
    """The first row of a table that a sentence about the event matches."""
    told = [
        (start, end, part.kind)
        for part in parts
        if part.kind in TOLD
        for start, end in context.sentences(text, part.start, part.end)
        if WHEN.search(text, start, end)
    ]
    for pattern, code in table:
        for start, end, kind in told:
            match = re.compile(pattern, re.IGNORECASE).search(text, start, end)
            if match is None:
                continue
            status = context.status(text[start:end], match.start() - start, match.end() - start)
            if status in (context.PRESENT, context.UNCERTAIN, context.HISTORICAL):
                return code, match.start(), match.end(), kind
    return None
