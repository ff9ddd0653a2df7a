"""The reason of a visit and the agreement at its end: a note has both, and nobody says them as such."""

import re
from collections.abc import Sequence
from typing import Final

from ml.scribe.symptoms import REPORTED, Symptom
from ml.scribe.units import YES, Unit

REASON: Final = re.compile(
    r"\b(?:here(?: today)?|presents?(?: today)?|came in|coming in|come in|comes in|in today|"
    r"see me|evaluation|referred)\b"
    r"(?: today)?(?: to (?:the )?\w+)? (?:for|with|because of|complaining of|due to|about|"
    r"of) (?P<what>[^,.;]{3,80})"
)
REASON_END: Final = re.compile(
    r"\b(?:that|which|who|since|so|and (?:i|you|then|he|she|it)|tell me|can you|what|how|i|you|"
    r"is that|today|because|but)\b.*"
)
OWN: Final = re.compile(
    r"^(?:(?:your|my|her|his|the|a|an|some|this|evaluation of|evaluation for)\s+)+"
)
PAIN: Final = re.compile(
    r"\b(?:(?:left|right|lower|upper|low) )?(?:knee|shoulder|hip|ankle|elbow|wrist|hand|foot|arm|leg|finger|"
    r"thumb|toe|back|neck|chest|stomach|abdominal|ear|eye|head|joint|heel) "
    r"(?:pain|injury|swelling|problems?|surgery|replacement)\b"
)
EARLY: Final = 0.25
LONGEST_REASON: Final = 9
CONSENT: Final = re.compile(
    r"\b(?:sounds? (?:good|like a|okay|fair)|make sense|agree|okay with|comfortable with|"
    r"how does that sound|"
    r"good plan)\b"
)
PROPOSED: Final = re.compile(r"\b(?:going to|want you|would like|i will|we will|recommend)\b")
AGREES: Final = re.compile(
    r"\b(?:sounds? good|sounds? great|that is fine|perfect|agree|makes sense|good plan)\b"
)


def reason(units: Sequence[Unit], symptoms: Sequence[Symptom]) -> tuple[str, tuple[int, ...]]:
    """Why the patient came and where that was said; empty when nobody said it."""
    for unit in units:
        match = REASON.search(unit.text) if unit.position <= EARLY else None
        if match:
            what = OWN.sub("", REASON_END.sub("", match.group("what"))).strip(" -")
            if what and len(what.split()) <= LONGEST_REASON:
                return what, unit.segments
    early = (PAIN.search(unit.text) for unit in units if unit.position <= EARLY)
    for unit, match in zip(units, early, strict=False):
        if match:
            return match.group(), unit.segments
    first = next((one for one in symptoms if one.status == REPORTED), None)
    return (first.name, first.segments) if first else ("", ())


def agreement(units: Sequence[Unit]) -> tuple[int, ...]:
    """The segments in which the patient agrees with the plan; empty when nobody asked or agreed."""
    asked: Unit | None = None
    for unit in units:
        if unit.position < 0.5:
            continue
        if unit.role == "doctor":
            if unit.answer == "yes" and CONSENT.search(unit.text):
                return unit.segments
            asked = unit if CONSENT.search(unit.text) or PROPOSED.search(unit.text) else asked
        elif asked is not None:
            consented = CONSENT.search(asked.text) is not None and YES.match(unit.text)
            if AGREES.search(unit.text) or consented:
                return tuple(sorted({*asked.segments, *unit.segments}))
            asked = None
    return ()
