"""Rules between the codes of one encounter: combination codes, "with", chronic pain, each code once."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ml.coding.found import Found, certain, cite
from ml.coding.integral import caused, integral
from ml.coding.tables import rows

Codes = list[Found]

PAIN: Final = re.compile(r"M54|M25\.5|M79\.6|R10|R07")
UNLINKED: Final = re.compile(
    r"(?:not (?:due|related|secondary|attributed) to|unrelated to|independent of) (?:\w+ ){0,2}"
    r"(?P<of>diabet|hypertens)|non-?(?P<un>diabetic|hypertensive)",
    re.IGNORECASE,
)


def combined(found: Codes) -> Codes:
    """The codes of an encounter after the rules between codes, in their order."""
    for rule in RULES:
        found = rule(found)
    return found


def _best(found: Codes, pattern: str) -> Found | None:
    """The best certain code of a pattern."""
    fitting = [one for one in certain(found) if re.match(pattern, one.code)]
    return max(fitting, key=lambda one: one.score) if fitting else None


def _unlinked(found: Codes, cause: str) -> bool:
    """Whether a note says that a condition does not come from diabetes or hypertension (I.A.15)."""
    texts = {span.note.text for one in found for span in one.spans}
    return any(
        (match["of"] or match["un"]).lower().startswith(cause)
        for text in texts
        for match in UNLINKED.finditer(text)
    )


def _hypertension(found: Codes) -> Codes:
    """Hypertension with heart failure or kidney disease is one combination code (I.C.9.a, I.A.15)."""
    high = _best(found, r"I10$|I1A\.0$")
    heart, kidney = _best(found, r"I50"), _best(found, r"N18")
    if high is None or (heart is None and kidney is None) or _unlinked(found, "hypertens"):
        return found
    late = kidney is not None and kidney.code in ("N18.5", "N18.6")
    if heart is not None and kidney is not None:
        code, rule = ("I13.2" if late else "I13.0"), "I.C.9.a.3"
    elif heart is not None:
        code, rule = "I11.0", "I.C.9.a.1"
    else:
        code, rule = ("I12.0" if late else "I12.9"), "I.C.9.a.2"
    others = tuple(span for other in (heart, kidney) if other is not None for span in other.spans)
    said = "Hypertension is presumed to be linked with the heart or kidney disease beside it."
    made = replace(
        high,
        code=code,
        spans=high.spans + others,
        rules=(*high.rules, cite(rule, said)),
        among=(),
    )
    return [made if one is high else one for one in found]


def _with(code: str) -> tuple[str, ...] | None:
    """The row of ``diabetes_with.tsv`` for a condition; the longest beginning counts."""
    fitting = [row for row in rows("diabetes_with") if code.startswith(row[0])]
    return max(fitting, key=lambda row: len(row[0])) if fitting else None


def _diabetes(found: Codes) -> Codes:
    """Diabetes "with" a complication is one code, unless the note says otherwise (I.A.15, I.C.4.a)."""
    sugar = _best(found, r"E(?:08|09|10|11|13)\.9$") or _best(found, r"E(?:08|09|10|11|13)\.")
    if sugar is None or _unlinked(found, "diabet"):
        return found
    said = "The classification presumes that diabetes and this condition are linked."
    made, whole = [], []
    for one in certain(found):
        row = _with(one.code)
        if row is None:
            continue
        rules = (*sugar.rules, cite(row[2], said))
        code = sugar.code[:3] + row[1]
        if any(known.code == code for known in found):
            continue
        made.append(replace(sugar, code=code, spans=sugar.spans + one.spans, rules=rules, among=()))
        if row[3] == "whole":
            whole.append(one)
    if not made:
        return found
    at = found.index(sugar)
    whole += [sugar] if sugar.code.endswith(".9") else []
    before = [one for one in found[:at] if one not in whole]
    made = made if sugar in whole else [sugar, *made]
    after = [one for one in found[at + 1 :] if one not in whole]
    return [*before, *made, *after]


def _combinations(found: Codes) -> Codes:
    """Two codes that have one code for both (I.B.9)."""
    for first, beside, code, replaced, rule in rows("combinations"):
        one, other = _best(found, re.escape(first) + "$"), _best(found, beside)
        if one is None or other is None or one is other:
            continue
        rules = (*one.rules, cite(rule, "One code combines the two conditions."))
        made = replace(one, code=code, spans=one.spans + other.spans, rules=rules, among=())
        gone = other if replaced == "both" else None
        found = [made if known is one else known for known in found if known is not gone]
    return found


def _chronic_pain(found: Codes) -> Codes:
    """Pain of a site that is documented as chronic has a code for that beside the site (I.C.6.b.1.b)."""
    made = []
    said = "Chronic pain is reported in addition to its site."
    for one in found:
        made.append(one)
        span = one.spans[0]
        name = span.note.text[span.start : span.end].lower()
        if PAIN.match(one.code) and "chronic" in name and "pain" in name:
            rules = (cite("I.C.6.b.1.b", said),)
            made.append(replace(one, code="G89.29", rules=rules, among=()))
    return made


def _distinct(found: Codes) -> Codes:
    """Each code once, with the best score and the spans of all its mentions."""
    best: dict[str, Found] = {}
    for one in found:
        known = best.get(one.code)
        if known is None:
            best[one.code] = one
            continue
        top, other = (one, known) if one.score > known.score else (known, one)
        spans = tuple(dict.fromkeys(top.spans + other.spans))
        best[one.code] = replace(top, spans=spans, lead=min(top.lead, other.lead))
    return list(best.values())


def _specific_first(found: Codes) -> Codes:
    """An unspecified code beside a specific one of its own family adds nothing (I.B.2)."""
    codes = {one.code for one in certain(found)}
    idle = {
        less
        for less, more in rows("less_specific")
        if less in codes and any(re.match(more, code) for code in codes if code != less)
    }
    return [one for one in found if one.code not in idle]


RULES: Final[tuple[Callable[[Codes], Codes], ...]] = (
    caused,
    _chronic_pain,
    _distinct,
    _specific_first,
    _combinations,
    _diabetes,
    _hypertension,
    integral,
    _distinct,
)
