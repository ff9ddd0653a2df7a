"""Codes, modifiers and units of what was done, within the site's list.

Modifiers: RT, LT and 50 from the documented side (CMS PFS bilateral indicator), FA to T9 from the
finger or toe; 26 and TC where only the
reading or only the taking of an image was done (PFS PC/TC indicator). 59 and X{EPSU} say that two
services were separate: that is a person's to say, so they are never set here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ml.coding.digits import digit_modifiers
from ml.coding.doses import SOURCE as HCPCS_SOURCE
from ml.coding.doses import Dose, code_of, doses
from ml.coding.procedure_codes import ProcedureCodes
from ml.coding.procedure_table import Choice, choices_of, fits
from ml.coding.procedures import Performed
from profiles.coding_records import CodingRemark, Evidence, RuleCitation

SIDED: Final = {"right": ("RT",), "left": ("LT",)}
UNDOCUMENTED: Final = 0.5
"""What a score is multiplied by when the number depends on something that the note does not say."""
ASKED: Final = 0.5
"""From this score on a missing detail is asked for."""
ADMINISTRATION: Final = "vaccine administration"
IN_HOSPITAL: Final = ("imaging", "remote")
SUPPLIED: Final = ("lab", "vaccine")
READ_HERE: Final = (
    "interpreted by me",
    "my interpretation",
    "my read",
    "independently interpreted",
    "personally interpreted",
    "i interpreted",
    "read by me",
)
TAKEN_ONLY: Final = ("technical component", "technical only")


@dataclass(frozen=True, slots=True)
class Line:
    """A line before its diagnoses are known."""

    code: str
    display: str
    score: float
    evidence: tuple[Evidence, ...]
    rules: tuple[RuleCitation, ...]
    modifiers: tuple[str, ...] = ()
    units: int = 1
    name: str = ""
    minor: bool = False
    adds: bool = False
    """Whether another of the same code adds its units instead of being the same service again."""
    features: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class Lines:
    """What became of everything that was done."""

    lines: list[Line]
    remarks: list[CodingRemark]


def lines_of(done: Sequence[Performed], codes: ProcedureCodes, *, hospital: bool) -> Lines:
    """Lines and remarks.

    Parameters
    ----------
    done : sequence of Performed
    codes : ProcedureCodes
        What the site may use on the day.
    hospital : bool
        The hospital bills images, tests and drugs there: of images only a reading is coded.
    """
    found = Lines([], [])
    furnished = [one for one in done if not hospital or _of_physician(one)]
    for one in furnished:
        if hospital and one.details.get("part") == "whole":
            one.details["part"] = "reading"
        _add_concept(found, one, codes, hospital=hospital)
        if one.concept.kind == "injection" and not hospital:
            _add_drugs(found, one, codes)
    _add_administration(found, [one for one in furnished if one.concept.kind == "vaccine"], codes)
    found.lines = _merged(found.lines)
    return found


def _of_physician(one: Performed) -> bool:
    """Whether a service in a hospital is the physician's: tests, drugs and images are the hospital's."""
    if one.concept.kind in IN_HOSPITAL:
        return _says(one, READ_HERE)
    return one.concept.kind not in SUPPLIED and "shot" not in one.concept.flags


def _add_concept(found: Lines, one: Performed, codes: ProcedureCodes, *, hospital: bool) -> None:
    fitting = [choice for choice in one.concept.choices if fits(choice, one.details)]
    score = one.score
    if not fitting:
        fitting, asked = _open(one)
        if asked and score >= ASKED:
            found.remarks.append(asked)
        score *= UNDOCUMENTED
    for choice in fitting[:1]:
        for code, further in choice.numbers:
            units = _count(one) - further if further else 1
            line = _line(one, choice, code, score, units)
            line = replace(line, modifiers=_modifiers(one, code, codes, hospital=hospital))
            _offer(found, line, codes)
    if "sided" in one.concept.flags and not one.side and fitting and one.score >= ASKED:
        found.remarks.append(
            _query(one, f"Which side: {one.concept.name}? The modifier depends on it.", ())
        )


def _open(one: Performed) -> tuple[list[Choice], CodingRemark | None]:
    """The choices that are left when a detail is not documented, and the question that decides."""
    left = [choice for choice in one.concept.choices if _possible(choice, one.details)]
    if not left:
        return [], None
    missing = sorted(name for name in one.concept.details if not one.details.get(name))
    numbers = tuple(dict.fromkeys(code for choice in left for code, _ in choice.numbers))
    if len(left) == 1:
        return left, None
    text = f"Please document the {' and '.join(map(_said, missing))} of the {one.concept.name}."
    return left, _query(one, text, numbers)


def _possible(choice: Choice, details: dict[str, str]) -> bool:
    known = tuple(pair for pair in choice.when if details.get(pair[0]))
    return fits(replace(choice, when=known), details)


def _said(detail: str) -> str:
    return {"cm": "length in cm", "views": "number of views", "lesions": "number of lesions"}.get(
        detail, detail
    )


def _query(one: Performed, text: str, numbers: tuple[str, ...]) -> CodingRemark:
    return CodingRemark("query", text, numbers, (one.evidence,))


def _line(one: Performed, choice: Choice, code: str, score: float, units: int = 1) -> Line:
    details = ", ".join(f"{name} {value}" for name, value in one.details.items() if value)
    said = f"{one.concept.name}{f' ({details})' if details else ''}: documented as done"
    rule = RuleCitation(f"procedure.{one.concept.name.replace(' ', '-')}", said, choice.source)
    return Line(
        code,
        "",
        round(score, 4),
        (one.evidence,),
        (rule,),
        units=max(1, units),
        name=one.concept.name,
        minor="minor" in one.concept.flags,
        adds="shot" in one.concept.flags,
        features=(("done", one.score), ("here", float(one.here))),
    )


def _count(one: Performed) -> int:
    said = one.details.get("lesions", "")
    return int(said) if said.isdigit() else 1


def _modifiers(
    one: Performed, code: str, codes: ProcedureCodes, *, hospital: bool
) -> tuple[str, ...]:
    known = codes.get(code)
    found: tuple[str, ...] = ()
    splits = known is None or known.property("pctc") in ("", "1")
    if one.concept.kind in IN_HOSPITAL and splits:
        if hospital or _says(one, ("interpretation only", "professional component")):
            found += ("26",)
        elif _says(one, TAKEN_ONLY):
            found += ("TC",)
    digits = digit_modifiers(one.texts[0]) if "digit" in one.concept.flags else ()
    if len(digits) == 1:
        return (*found, *digits)
    if "sided" not in one.concept.flags:
        return found
    if one.side == "both" and "counted" not in one.concept.flags:
        twice = known is None or known.property("bilateral") in ("", "1", "3")
        return (*found, "50") if twice else found
    return (*found, *SIDED.get(one.side, ()))


def _says(one: Performed, words: Sequence[str]) -> bool:
    return any(word in one.texts[1].lower() for word in words)


def _offer(found: Lines, line: Line, codes: ProcedureCodes) -> None:
    known = codes.get(line.code)
    if known is not None:
        found.lines.append(replace(line, display=known.display))
    elif line.score >= ASKED:
        text = f"{line.name}: documented, and {line.code} is not in the site's list for this day."
        found.remarks.append(CodingRemark("omission", text, (line.code,), line.evidence))


def _say_once(found: Lines, remark: CodingRemark) -> None:
    """Add a remark, once for the same words: two concepts of one sentence may name one drug."""
    if remark not in found.remarks:
        found.remarks.append(remark)


def _add_drugs(found: Lines, one: Performed, codes: ProcedureCodes) -> None:
    given = list(_given(one))
    if given and not codes.has_hcpcs:
        text = "An injected drug is documented: without the site's HCPCS release it is not coded."
        _say_once(found, CodingRemark("omission", text, (), (one.evidence,)))
        return
    for dose in given:
        code = code_of(dose, codes)
        if code is None:
            text = "An injected drug is documented and no HCPCS code of this day was found for it."
            _say_once(found, CodingRemark("omission", text, (), (one.evidence,)))
            continue
        unit = "mg" if dose.mass else "units"
        rule = RuleCitation(
            "procedure.dose",
            f"{dose.drug}, {dose.amount:g} {unit}: {code.units} units",
            HCPCS_SOURCE,
        )
        found.lines.append(
            Line(
                code.code,
                code.display,
                one.score,
                (one.evidence,),
                (rule,),
                (),
                code.units,
                one.concept.name,
                adds=True,
            )
        )


def _given(one: Performed) -> Iterator[Dose]:
    """The doses of the sentence, else of the sentences around it; each drug once."""
    for text in one.texts[:2]:
        seen = {dose.drug: dose for dose in doses(text)}
        if seen:
            yield from seen.values()
            return


def _add_administration(found: Lines, vaccines: Sequence[Performed], codes: ProcedureCodes) -> None:
    if not vaccines:
        return
    (choice,) = choices_of(ADMINISTRATION)
    evidence = tuple(dict.fromkeys(one.evidence for one in vaccines))
    score = min(one.score for one in vaccines)
    for code, further in choice.numbers:
        units = len(vaccines) - 1 if further else 1
        if units:
            rule = RuleCitation(
                "procedure.vaccine-administration", f"{len(vaccines)} vaccines given", choice.source
            )
            line = Line(code, "", score, evidence, (rule,), (), units, ADMINISTRATION, minor=True)
            _offer(found, line, codes)


def _merged(lines: Sequence[Line]) -> list[Line]:
    """One line per code and modifiers: the surest, with the evidence of all; doses are added up."""
    best: dict[tuple[str, tuple[str, ...]], Line] = {}
    for line in sorted(lines, key=lambda line: -line.score):
        key = (line.code, line.modifiers)
        same = best.get(key)
        if same is None:
            best[key] = line
        elif line.evidence[0] not in same.evidence:
            evidence = (*same.evidence, *line.evidence)
            units = same.units + line.units if line.adds else max(same.units, line.units)
            best[key] = replace(same, evidence=evidence, units=units)
    return list(best.values())
