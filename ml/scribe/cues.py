"""Words by which a sentence shows what part of a note it belongs to."""

import re
from typing import Final

ALLERGIES: Final = re.compile(r"\ballerg(?:y|ies|ic)\b(?!.*\b(?:season|pollen|spring|fall)\b)")
FAMILY: Final = re.compile(
    r"\b(?:mother|father|mom|dad|brother|sister|grandmother|grandfather|aunt|uncle|family history|"
    r"runs in)\b"
)
ILLNESS: Final = re.compile(
    r"\b(?:cancer|diabetes|diabetic|heart|hypertension|stroke|disease|arthritis|gout|thyroid|"
    r"history|died|attack|"
    r"asthma|cholesterol|adopted|problems?|stones?|had)\b"
)
SOCIAL: Final = re.compile(
    r"\b(?:smok\w+|tobacco|cigarettes?|alcohol|drinks?|beers?|wine|married|divorced|retired|"
    r"works? (?:as|in|at|for)|"
    r"lives? (?:with|alone|in)|marijuana|recreational drugs?|illicit|occupation|job)\b"
)
SURGICAL: Final = re.compile(
    r"\b(?:surger(?:y|ies)|\w+ectomy|\w+plasty|bypass|c-section|operation|hernia repair|"
    r"transplant)\b"
)
PAST: Final = re.compile(r"\b(?:past medical history|medical history|history of|diagnosed with)\b")
VITALS: Final = re.compile(
    r"\b(?:blood pressure|heart rate|pulse|temperature|oxygen saturation|o2 sat|respirations?|"
    r"vital signs?|vitals|"
    r"weight is|bmi)\b"
)
WHO: Final = re.compile(r"\byears?[- ]old\b.*\b(?:presents?|here|comes?|came|seen)\b")
"""Who comes and why: it opens the history."""
PLAN: Final = re.compile(
    r"\b(?:will|advised|recommend(?:ed|s)?|continue|start|stop|prescri\w+|order|refer\w*|increase|"
    r"decrease|schedule|"
    r"follow|take|avoid|should|going to|send|need to|therapy|mg)\b"
)
FOLLOW_UP: Final = re.compile(
    r"\b(?:follow[- ]?up(?! on\b)|see (?:her|him|the patient|you) (?:back|again|in)|come back|return (?:in|"
    r"to)|call (?:me|us|the office)|"
    r"appointment|let me know)\b"
)
