"""Whether a procedure that a note names was done at this visit.

Ordered, planned, declined, done earlier or elsewhere is not coded (CMS: a service is billed when it was
furnished; ICD-10-CM guidelines do not decide this). Of several cues the one that speaks against counts
first.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds

DONE: Final = "done"
RESULT: Final = "result"
"""Its result stands among the results, and nothing says where or when it was made."""
PLANNED: Final = "planned"
DECLINED: Final = "declined"
PAST: Final = "past"
NAMED: Final = "named"

UNREAD: Final = frozenset(
    {kinds.FAMILY, kinds.SURGERY, kinds.HISTORY, kinds.MEDICATIONS, kinds.ALLERGIES, kinds.SOCIAL}
)
_ACT: Final = (
    r"performed|obtained|done|taken|administered|given|injected|placed|applied|removed|repaired|"
    r"drained|"
    r"closed|irrigated|inserted|completed|collected|excised|destroyed|frozen|treated|sutured|"
    r"aspirated|"
    r"cauterized|packed|splinted|debrided|biopsied|flushed|lanced|incised|advanced|introduced|sent"
)


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{text})(?![\w-])", re.IGNORECASE)


_DECLINED: Final = _words(
    r"declin\w+|refus\w+|defer(?:s|red|ring)?|unable to (?:perform|obtain|complete|tolerate)|"
    r"hold(?:ing)? off|"
    r"cancel\w*|contraindicated|withheld|aborted|not (?:interested in|indicated|necessary|needed)|"
    rf"(?:not|never) (?:\w+ )?(?:{_ACT})|(?:does|did|do) not (?:want|wish|need|require)|"
    rf"without (?:an? )?"
)
_PAST: Final = _words(
    r"\w+ (?:days?|weeks?|months?|years?) ago|last (?:week|month|year|visit|time|spring|summer|"
    r"fall|winter)|"
    r"(?:most )?recent|previous(?:ly)?|prior(?! to)|history of|hx of|s/p|status[- ]post|in (?:19|"
    r"20)\d\d|yesterday|"
    r"outside|elsewhere|(?:at|from|in) (?:an?|the|another|his|her)? ?(?:other|local|urgent care|"
    r"pcp)|"
    r"has had|have had|had (?:an?|his|her|their|\d+|two|three|several)|underwent|already|"
    r"up to date|"
    r"(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december) (?:of )?(?:\d{1,2},? )?"
    r"(?:19|20)\d\d|\d{1,2}/\d{1,2}/(?:19|20)?\d\d"
)
_HOSPITAL: Final = _words(r"(?:at|from|in) (?:an?|the|his|her)? ?(?:emergency|er|ed|hospital)")
"""Elsewhere for an office; where the note was written for a hospital."""
_PLANNED: Final = _words(
    r"will|would|we'll|i'll|we'd|shall|order(?:s|ing)?|recommend\w*|consider\w*|schedul\w+|"
    r"plan(?:s|ned|ning)?(?: to| for| on)?|"
    r"refer\w*|due (?:for|to)|needs?|should|may|might|could|can|if|pending|awaiting|next|future|"
    r"prior to|"
    r"to be|request\w*|candidate|options?|offer\w*|return|repeat|would like|wishes|wants?|"
    r"prescri\w+|trial of|"
    r"continue\w*|proceed with|discuss\w*|advised?|encourag\w+|instruct\w+|at home|to (?:evaluate|"
    r"assess|rule)"
)
_ORDERED: Final = _words(r"ordered|requested|scheduled")
_DID: Final = _words(
    rf"(?:was|were|is|are|been|being) (?:\w+ ){{0,3}}(?:{_ACT})|(?:i|we|she|he|they|nurse|ma|"
    rf"provider) (?:\w+ly )?(?:{_ACT}|gave|took|"
    r"did)|tolerated|hemostasis|sterile (?:fashion|technique|conditions|manner)|prepped|"
    r"consent (?:was |were )?obtained|"
    rf"(?:{_ACT}) (?:\w+ ){{0,8}}(?:today|in (?:the |our |my )?(?:office|clinic|room|ed|"
    rf"department))|"
    rf"lot (?:#|no|number)|(?:{_ACT})(?= *(?:[.,;]|$|x ?\d|im\b|per protocol|"
    rf"without (?:complication|difficulty|incident)))"
)
_HERE: Final = _words(
    r"today(?:'s)?|(?:in|at) (?:the |our |my |this )?(?:office|clinic|exam room|visit)|in-office|"
    r"(?:personally|independently) (?:reviewed|interpreted)|at bedside|point[- ]of[- ]care"
)
_REVIEWED: Final = re.compile(r"\breview", re.IGNORECASE)
_HEADED: Final = frozenset({kinds.PROCEDURE})
_RESULTS: Final = frozenset({kinds.RESULTS, kinds.EXAM})


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and when the notes were written.

    Parameters
    ----------
    service_date : str
        ISO date; written out in a sentence it means today.
    hospital : bool
        Whether it was a hospital or an emergency department.
    """

    service_date: str = ""
    hospital: bool = False


OFFICE: Final = Setting()


def status_of(sentence: str, start: int, end: int, section: str, setting: Setting = OFFICE) -> str:
    """What a sentence says about a procedure that it names; a constant above.

    Parameters
    ----------
    sentence : str
    start, end : int
        Offsets of the procedure in the sentence.
    section : str
        Kind of the section.
    setting : Setting
        Where and when it was written.
    """
    if section in UNREAD:
        return PAST
    against = _against(sentence, start, end)
    if against:
        return against
    sentence = _dated(sentence, setting.service_date)
    did = bool(_DID.search(sentence))
    if _PAST.search(sentence) or (not setting.hospital and _HOSPITAL.search(sentence)):
        return PAST
    planned = _PLANNED.search(sentence) or (
        _ORDERED.search(sentence) and not _HERE.search(sentence)
    )
    if section in _HEADED and not (planned and not did):
        return DONE
    if planned and not did:
        return PLANNED
    results = section in _RESULTS
    # "Reviewed today" says nothing about where and when it was taken.
    if did or (results and _HERE.search(sentence) and not _REVIEWED.search(sentence)):
        return DONE
    return RESULT if results else NAMED


def _dated(sentence: str, service_date: str) -> str:
    """A sentence with "today" in place of the date of service."""
    try:
        day = date.fromisoformat(service_date[:10])
    except ValueError:
        return sentence
    forms = (
        rf"0?{day.month}/0?{day.day}/(?:{day.year}|{day:%y})",
        f"{day:%Y-%m-%d}",
        rf"{day:%B} {day.day}(?:st|nd|rd|th)?,? {day.year}",
    )
    return re.sub(rf"\b(?:{'|'.join(forms)})\b", "today", sentence, flags=re.IGNORECASE)


def _against(sentence: str, start: int, end: int) -> str:
    if _DECLINED.search(sentence):
        return DECLINED
    said = context.status(sentence, start, end)
    if said in (context.FAMILY, context.OTHER_PERSON):
        return PAST
    if said == context.HYPOTHETICAL:
        return PLANNED
    # "No X-ray was taken": the thing itself is denied, not what it shows.
    before = sentence[max(0, start - 12) : start].lower()
    return DECLINED if re.search(r"\b(?:no|without|denies|never)\s+(?:\w+\s+)?$", before) else ""
