"""Makes an unspecified code as specific as the note documents it (guideline I.B.2), and never more.

Each family lists what may be said about a problem and the code that follows. Only text about the
problem is asked: its line, its block, and sentences that name it again.
"""

import re
from collections.abc import Callable
from typing import Final

from ml.coding.support import says

Said = Callable[[str], bool]
Refine = Callable[[str, Said], str]
Kinds = tuple[tuple[str, str], ...]
"""What may be said, and the code that follows; what is said first in the list counts."""

_CLASSES: Final[dict[str, Kinds]] = {
    "D50.9": ((r"\bblood loss|menorrhagia|heavy menstrual", "D50.0"),),
    "D64.9": (
        (r"acute blood loss", "D62"),
        (r"chronic blood loss", "D50.0"),
        (r"iron[- ]deficien", "D50.9"),
        (r"pernicious", "D51.0"),
        (r"b-?12 deficien", "D51.9"),
    ),
    "E66.9": (
        (r"class (?:3|iii|three)", "E66.813"),
        (r"class (?:2|ii|two)", "E66.812"),
        (r"class (?:1|i|one)\b", "E66.811"),
        (r"\bmorbid|\bsevere(?:ly)? obes", "E66.01"),
    ),
    "F17.200": ((r"\bcigarettes?\b(?! dependence)(?<!e-cigarettes)(?<!e-cigarette)", "F17.210"),),
    "I48.91": (
        (r"long[- ]?standing persistent", "I48.11"),
        (r"\bpersistent\b", "I48.19"),
        (r"\bpermanent\b", "I48.21"),
        (r"\bparoxysmal\b", "I48.0"),
        (r"\bchronic (?:atrial|a-?fib)", "I48.20"),
    ),
    # What a stroke of the past has left (I.C.9.d).
    "I63.9": ((r"\bresidual|\bsequela|\blate effect|\bdeficits? from", "I69.30"),),
    "K21.9": ((r"\besophagitis\b", "K21.00"),),
    "M54.10": (
        (r"\blumbosacral\b|\bS1\b", "M54.17"),
        (r"\blumbar\b|\blow(?:er)? back\b|\bL[1-5]\b", "M54.16"),
        (r"\bcervical\b|\bneck\b|\bC[3-8]\b", "M54.12"),
        (r"\bthoracic\b", "M54.14"),
    ),
    "M54.9": (
        (r"\b(?:low(?:er)?|lumbar)[- ](?:back|spine)|\blumbar\b|\blumbago|\bL[1-5]\b", "M54.50"),
        (r"\b(?:upper|mid(?:dle)?|thoracic)[- ](?:back|spine)|\bthoracic\b", "M54.6"),
    ),
}
"""Families in which one thing said decides alone: cause, class, duration, part of the body."""
_ASTHMA: Final[Kinds] = (
    (r"mild intermittent", "J45.2"),
    (r"mild persistent", "J45.3"),
    (r"moderate persistent", "J45.4"),
    (r"severe persistent", "J45.5"),
)
_SEVERITY: Final[Kinds] = (
    (r"\bsevere\b.{0,40}psychotic", "3"),
    (r"\bsevere\b", "2"),
    (r"\bmoderate\b", "1"),
    (r"\bmild\b", "0"),
)
_STAGES: Final[Kinds] = tuple(
    (rf"\b(?:stage|ckd|grade|g)[- ]?(?:{words})\b", stage)
    for words, stage in (
        ("3 ?a", "N18.31"),
        ("3 ?b", "N18.32"),
        ("5|v", "N18.5"),
        ("4|iv", "N18.4"),
        ("3|iii", "N18.30"),
        ("2|ii", "N18.2"),
        ("1|i", "N18.1"),
    )
)


def _first(kinds: Kinds, said: Said, otherwise: str) -> str:
    """The code of the first of several things that is said."""
    return next((code for words, code in kinds if said(words)), otherwise)


def _heart_failure(code: str, said: Said) -> str:
    """I50.-: type and acuity."""
    systolic = said(
        r"\bsystolic (?:heart|hf|chf|congestive|dysfunction|\(congestive\))|\bhfref\b|failure with "
        r"(?:a )?reduced (?:ejection fraction|ef)|\bsystolic and\b"
    )
    diastolic = said(
        r"\bdiastolic (?:heart|hf|chf|congestive|dysfunction|\(congestive\))|\bhfpef\b|failure with "
        r"(?:a )?preserved (?:ejection fraction|ef)"
    )
    mixed = said(
        r"\bcombined (?:systolic|diastolic)|mixed (?:presentation|systolic|heart failure)|both "
        r"systolic and diastolic"
    )
    acute = said(r"\bacute(?! (?:distress|cardio))|\bexacerbat|decompensat")
    chronic = said(r"\bchronic\b")
    kind = (
        "4" if mixed or (systolic and diastolic) else "2" if systolic else "3" if diastolic else ""
    )
    if not kind:
        return code
    grade = "3" if acute and chronic else "1" if acute else "2" if chronic else "0"
    return f"I50.{kind}{grade}"


def _asthma(code: str, said: Said) -> str:
    """J45.-: severity and exacerbation."""
    worse = said(r"\bexacerbat|\bflare|asthma attack|acute asthma")
    base = _first(_ASTHMA, said, "")
    if base:
        return base + ("1" if worse else "0")
    return "J45.901" if worse else code


def _lung(code: str, said: Said) -> str:
    """J44.-: exacerbation, infection."""
    if said(r"with (?:acute )?(?:pneumonia|bronchitis|lower respiratory)"):
        return "J44.0"
    return "J44.1" if said(r"\b(?:acute )?exacerbation|\bflare|decompensat|acutely worse") else code


def _kidney(code: str, said: Said) -> str:
    """N18.-: stage."""
    if said(r"\besrd\b|end[- ]stage|on (?:hemo)?dialysis"):
        return "N18.6"
    return _first(_STAGES, said, code)


def _depression(code: str, said: Said) -> str:
    """F32.A, F32.9, F33.9: severity of a depressive episode, where major depression is documented."""
    major = code != "F32.A" or said(r"\bmajor depress|\bmdd\b")
    if not major:
        return code
    recurrent = code.startswith("F33") or said(r"\brecurrent\b")
    base = "F33" if recurrent else "F32"
    return f"{base}.{_first(_SEVERITY, said, '9')}"


def _diabetes(code: str, said: Said) -> str:
    """E11.9, E10.9: type, and control that the provider names hyperglycemia."""
    base = "E10" if said(r"\btype (?:1|i|one)\b") else code[:3]
    if said(
        r"\bhyperglycemi|poor(?:ly)?[- ]control|out of control|inadequate(?:ly)? control|not (?:well|"
        r"adequately) controlled"
    ):
        return f"{base}.65"
    if said(r"\bhypoglycemi"):
        return f"{base}.649"
    return f"{base}.9"


def _arthritis(code: str, said: Said) -> str:
    """M19.90: the joint, where the text about it names one alone."""
    joints = [
        (joint, base)
        for joint, base in (
            ("knee", "M17"),
            ("hip", "M16"),
            ("shoulder", "M19.01"),
            ("ankle", "M19.07"),
            ("wrist", "M19.03"),
            ("elbow", "M19.02"),
        )
        if said(rf"\b{joint}s?\b")
    ]
    if len(joints) != 1:
        return code
    joint, base = joints[0]
    both = said(rf"\b(?:bilateral|both) {joint}s?\b")
    side = (
        "both"
        if both
        else "right"
        if said(rf"\bright {joint}\b")
        else "left"
        if said(rf"\bleft {joint}\b")
        else ""
    )
    if base in ("M17", "M16"):
        return {"both": f"{base}.0", "right": f"{base}.11", "left": f"{base}.12"}.get(
            side, f"{base}.9"
        )
    return {"right": f"{base}1", "left": f"{base}2"}.get(side, f"{base}9")


FAMILIES: Final[dict[str, Refine]] = {
    **dict.fromkeys(
        ("I50.9", "I50.20", "I50.22", "I50.30", "I50.32", "I50.40", "I50.42"), _heart_failure
    ),
    **dict.fromkeys(("F32.A", "F32.9", "F33.9"), _depression),
    **dict.fromkeys(("E11.9", "E10.9"), _diabetes),
    "J45.909": _asthma,
    "J44.9": _lung,
    "N18.9": _kidney,
    "M19.90": _arthritis,
}


def specific(code: str, sentences: list[str]) -> str:
    """The code that the text about a problem supports.

    Parameters
    ----------
    code : str
        The code of the problem's own words.
    sentences : list of str
        Text about the problem.
    """

    def said(words: str) -> bool:
        return says(sentences, re.compile(words, re.IGNORECASE))

    refine = FAMILIES.get(code)
    return refine(code, said) if refine is not None else _first(_CLASSES.get(code, ()), said, code)
