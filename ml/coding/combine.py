"""Rules between the codes of one encounter: combination codes, "with", integral symptoms, added codes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ml.coding.found import Found, cite
from ml.coding.problems import CAUSE

Codes = list[Found]

INTEGRAL: Final = (
    ("R05|R06|R09.0|R09.8", "J0|J1|J2|J4|J6|J8|J9|I50|I26|U07|I11.0|I13"),
    ("R07.8|R07.9|R07.2", "I20|I21|I22|I26|J18|M94.0|S22|S20|J93|I30"),
    ("R07.0|R13", "J02|J03|J36|K20|K22"),
    ("R10|R11|R14|R19.7|R12", "K2|K3|K4|K5|K8|A0|N10|N20|N21|N13"),
    ("R10.2", "N7|N8"),
    ("R30|R31|R35|R39|R32", "N10|N20|N21|N30|N39.0|N40.1|N41|N34"),
    ("R51", "G43|G44|J01|J32|I10|S06"),
    ("R42|H53.8", "H81|H83|G43"),
    ("R50|R68.83|R52", "A0|A3|A4|B0|B3|J0|J1|J2|J3|N10|N39.0|L03|U07|H66|K35|K57"),
    ("R53", "D5|D6|E03|I50|I11.0|F32|F33|J1|U07|B27|C"),
    ("R60", "I50|I11.0|I13|N04|K74|I87|I89"),
    ("R73", "E08|E09|E10|E11|E13"), ("R03.0", "I10|I11|I12|I13|I15|I16"), ("R63.4|R63.0", "C|F50"), ("R63.1|R35", "E10|E11"),
    ("R56", "G40"), ("R25.1", "G20|G25"), ("R21|L29", "L2|L3|L4|L5|B0|B3|B8"), ("R91.8", "J1|C34"), ("R09.81|J34.8|R09.82", "J0|J3"),
    ("R26|R29.6", "G20|G35|M17|M16"), ("R20", "G56|G57|G62|E11.4|M54.1"), ("R00.2|R00.0", "I47|I48|I49|E05"), ("R55", "I44|I49.5|I95"),
    ("R33|R35.1|R39.1", "N40"), ("R45|R41.8", "F0|F2|F3|F4"), ("R80", "N04|N05|E11.2|N18"), ("R79|R94.6", "E03|E05"), ("R82.7|R82.8", "N39.0|N30"),
    ("M25.56|M25.46|M25.66", "M17|S83|M22|M23|M70.5|M70.4|M76.5|S80.0|M71.2|S82|M93.2|S76.1|M94.2"),
    ("M25.51|M25.61|M79.62", "M75|M19.01|S43|S42|S46|S40|M24.41"),
    ("M25.55|R10.30|M79.65", "M16|S72|M70.6|S73|M25.85|M87.05|S76|M76.0"),
    ("M54.9|M54.5|M54.6", "M47|M48|M51|S33|S39.0|M43|M54.1|M54.3|M54.4|M53|S32|S22|M96.1|N20|S29.0|M46|M62.830"),
    ("M54.2", "M50|M47.81|M47.12|M47.22|S13|S16|M48.02|M54.12|S12"),
    ("M79.67|M25.57", "M72.2|M77|S92|S93|M20|M76|G57|S82|M21|M10|M66|S96|M19.07|M84.37"),
    ("M25.53|M79.64|M25.54|M79.63", "S52|S62|S63|G56|M65|M18|M67|M19.03|M19.04|M72.0|S61|S60|M70"),
    ("M25.52", "M77.0|M77.1|S52|M70.2|G56.2|S53|M19.02|S50"),
    ("M79.60|M79.66", "M54.1|I82|S8|L03|M84.36|G57|S76|M70|M54.3|M54.4"),
    ("M25.50", "M05|M06|M10|M15|M19|M32|L40.5"), ("M79.1|M79.89|R22", "M79.7|M35.3|M60|L03|I82|S"), ("M62.8|M62.83", "S16|S39.0|S29.0|S13"),
    ("N64.4", "N60|N61"), ("H57.1|H57.89", "H10|H16|H20|S05|T15"), ("H92.0", "H60|H65|H66|H61"), ("N93|N92", "D25|N84|N85"),
)  # fmt: skip
SYMPTOM: Final = re.compile(
    r"R|M25\.[56]|M54\.[2569]|M54\.5|M79\.[16]|N64\.4|H57\.1|H92\.0|G89\.29"
)
HEART: Final = re.compile(r"I50|I51\.[4-7]|I51\.89|I51\.9")
DIABETES: Final = {
    "N18": (".22", "I.C.4.a"), "G62.9": (".42", "I.A.15"), "G60.9": (".42", "I.A.15"), "G58.9": (".41", "I.A.15"), "G90.9": (".43", "I.A.15"), "K31.84": (".43", "I.A.15"),
    "H35.00": (".319", "I.A.15"), "H26.9": (".36", "I.A.15"), "I73.9": (".51", "I.A.15"), "L97.4": (".621", "I.A.15"), "L97.5": (".621", "I.A.15"),
    "L97": (".622", "I.A.15"), "L98.49": (".622", "I.A.15"), "N04": (".21", "I.A.15"), "R80.9": (".29", "I.A.15"), "M86": (".69", "I.A.15"), "M14.6": (".610", "I.A.15"),
    "R73.9": (".65", "I.A.15"), "E16.2": (".649", "I.A.15"),
}  # fmt: skip
MANIFEST: Final = frozenset(
    (
        "G62.9",
        "G60.9",
        "G58.9",
        "G90.9",
        "K31.84",
        "H35.00",
        "H26.9",
        "I73.9",
        "R80.9",
        "R73.9",
        "E16.2",
    )
)


def combined(found: Codes) -> Codes:
    """The codes of an encounter after the rules between codes, in their order."""
    for rule in RULES:
        found = rule(found)
    return found


def _certain(found: Codes) -> Codes:
    """The codes that are not only suspected."""
    return [one for one in found if not one.uncertain]


def _caused(found: Codes) -> Codes:
    """A symptom whose cause the same line gives is not coded (I.B.4, I.B.5)."""
    explained = {
        one.lead for one in _certain(found) if one.link == CAUSE and not SYMPTOM.match(one.code)
    }
    explained |= {
        one.lead
        for one in _certain(found)
        if one.link and ("confirmed", 1.0) in one.features and not SYMPTOM.match(one.code)
    }
    return [
        one
        for one in found
        if not (one.lead in explained and SYMPTOM.match(one.code) and not one.link)
    ]


def _integral(found: Codes) -> Codes:
    """A symptom that is routinely part of a coded disease is not coded beside it (I.B.5)."""
    diseases = [one.code for one in _certain(found) if one.score >= SURE]
    kept = []
    for one in found:
        parts = [
            part
            for part, of in INTEGRAL
            if re.match(part, one.code)
            and any(re.match(of, code) for code in diseases if code != one.code)
        ]
        if not parts or one.code in ("G89.29",):
            kept.append(one)
    return kept


SURE: Final = 0.6


def _best(found: Codes, pattern: str) -> Found | None:
    """The best certain code of a pattern."""
    fitting = [one for one in _certain(found) if re.match(pattern, one.code) and one.score >= SURE]
    return max(fitting, key=lambda one: one.score) if fitting else None


def _hypertension(found: Codes) -> Codes:
    """Hypertension with heart failure or kidney disease is one combination code (I.C.9.a, I.A.15)."""
    high = _best(found, r"I10$|I1A\.0$")
    if high is None:
        return found
    heart, kidney = _best(found, r"I50"), _best(found, r"N18")
    if heart is None and kidney is None:
        return found
    late = kidney is not None and kidney.code in ("N18.5", "N18.6")
    if heart and kidney:
        code, rule = ("I13.2" if late else "I13.0"), "I.C.9.a.3"
    elif heart:
        code, rule = "I11.0", "I.C.9.a.1"
    else:
        code, rule = ("I12.0" if late else "I12.9"), "I.C.9.a.2"
    others = tuple(span for other in (heart, kidney) if other for span in other.spans)
    said = "Hypertension is presumed to be linked with the heart or kidney disease beside it."
    made = replace(
        high,
        code=code,
        spans=high.spans + others,
        rules=(*high.rules, cite(rule, said)),
        query=(),
        asked="",
    )
    return [made if one is high else one for one in found]


def _diabetes(found: Codes) -> Codes:
    """Diabetes "with" a complication is one code, unless the note says otherwise (I.A.15, I.C.4.a)."""
    sugar = _best(found, r"E(?:08|09|10|11|13)\.9$")
    if sugar is None:
        return found
    base = sugar.code[:3]
    made: Codes = []
    dropped = []
    for one in _certain(found):
        key = next(
            (key for key in sorted(DIABETES, key=len, reverse=True) if one.code.startswith(key)),
            None,
        )
        if key is None or one.score < SURE:
            continue
        ending, rule = DIABETES[key]
        said = "The classification presumes that diabetes and this condition are linked."
        made.append(
            replace(
                sugar,
                code=base + ending,
                spans=sugar.spans + one.spans,
                rules=(*sugar.rules, cite(rule, said)),
                query=(),
                asked="",
            )
        )
        if one.code in MANIFEST:
            dropped.append(one)
    if not made:
        return found
    at = found.index(sugar)
    rest = [one for one in found if one is not sugar and one not in dropped]
    return [*rest[:at], *made, *rest[at:]]


def _chronic_pain(found: Codes) -> Codes:
    """Pain of a site that is documented as chronic has a code for that beside the site (I.C.6.b.1.b)."""
    made = []
    for one in found:
        made.append(one)
        name = one.spans[0].note.text[one.spans[0].start : one.spans[0].end]
        site = re.match(r"M54|M25\.5|M79\.6|R10|R07", one.code)
        if (
            site
            and re.search(r"\bchronic\b", name, re.IGNORECASE)
            and re.search(r"\bpain\b", name, re.IGNORECASE)
        ):
            said = "Chronic pain is reported in addition to its site."
            made.append(
                replace(one, code="G89.29", rules=(cite("I.C.6.b", said),), query=(), asked="")
            )
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
    """An unspecified code beside a specific one of its own category and site adds nothing (I.B.2)."""
    codes = {one.code for one in _certain(found) if one.score >= SURE}
    dropped = {
        less
        for less, more in LESS
        if less in codes and any(re.match(more, code) for code in codes if code != less)
    }
    return [one for one in found if one.code not in dropped]


LESS: Final = (
    ("I50.9", r"I50\.[1-8]"), ("J45.909", r"J45\.[2-5]|J45\.901"), ("N18.9", r"N18\.[1-6]"), ("N28.9", r"N18"), ("E11.9", r"E11\.[0-8]"), ("E10.9", r"E10\.[0-8]"),
    ("F32.A", r"F3[23]\.\d"), ("F32.9", r"F3[23]\.[0-5]"), ("M54.9", r"M54\.[2-6]"), ("D64.9", r"D5|D6[0-3]"), ("I48.91", r"I48\.[0-2]"), ("J06.9", r"J0[0-5]|J1|J20"),
    ("M19.90", r"M1[5-9]"), ("K29.70", r"K29\.[0-6]"), ("E78.5", r"E78\.[0-4]"), ("R51.9", r"G4[34]"), ("J44.9", r"J44\.[01]"), ("I10", r"I1[1-35]"), ("E03.9", r"E06\.3"),
    ("B34.9", r"J|A08|B0|U07"), ("R10.9", r"R10\.[0-8]"), ("E66.9", r"E66\.[0-8]"), ("Z87.891", r"F17"), ("Z72.0", r"F17"), ("I51.9", r"I"), ("C80.1", r"C"),
    ("G47.30", r"G47\.3[13]"), ("D50.9", r"D50\.0"), ("N39.0", r"N10|N30"), ("E04.9", r"E04\.[12]|E05"), ("I25.2", r"I21"), ("M25.50", r"M25\.5[1-7]"),
    ("F41.9", r"F41\.[01]|F40|F43"), ("R06.02", r"R06\.09"), ("E07.9", r"E0[0-6]"), ("K76.9", r"K7[0-6]"), ("T14.90XA", r"S"), ("L98.9", r"L|C|D"), ("G40.909", r"G40\.[0-3]"),
)  # fmt: skip
RULES: Final[tuple[Callable[[Codes], Codes], ...]] = (
    _caused, _chronic_pain, _distinct, _specific_first, _diabetes, _hypertension, _integral, _distinct,
)  # fmt: skip
