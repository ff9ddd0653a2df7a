"""Loop 2410: the drug of a service line, as its National Drug Code with the amount that was given.

A detail of the item whose product is an NDC says it. An NDC has eleven digits here, in the parts 5-4-2; one
with hyphens is brought to that (45 CFR 162.1002, NCPDP), one of ten digits without them cannot be.
"""

import re
from typing import Final

from adapters.x12.elements import shown
from adapters.x12.segments import Segment, segment
from adapters.x12.service_lines import Item, quantity
from adapters.x12.source import Source, code_of
from terminology.x12 import NDC

PARTS: Final = (5, 4, 2)
UNITS: Final = {"mL": "ML", "ml": "ML", "g": "GR", "mg": "ME", "[iU]": "F2"}
"""UCUM to the unit of CTP05 (data element 355); anything else is counted (UN)."""
_HYPHENATED: Final = re.compile(r"(\d{4,5})-(\d{3,4})-(\d{1,2})")


def drug(source: Source, at: str, item: Item) -> list[Segment]:
    """LIN and CTP of the one drug that a line may name."""
    drugs = [
        (f"{at}.detail[{number}]", detail, code)
        for number, detail in enumerate(item.get("detail", ()))
        if (code := code_of(detail.get("productOrService"), NDC))
    ]
    for place, _, _ in drugs[1:]:
        source.elements.unfit(place, "a line names one drug")
    return [one for found in drugs[:1] for one in _segments(source, *found)]


def _segments(source: Source, at: str, detail: Item, code: str) -> list[Segment]:
    count, _ = quantity(detail, at, source.elements)
    given = detail.get("quantity", {})
    unit = UNITS.get(str(given.get("code", given.get("unit", ""))), "UN")
    digits = eleven_digits(code)
    if not digits:
        source.elements.unfit(f"{at}.productOrService", "a drug code has eleven digits, 5-4-2")
    return [segment("LIN", "", "N4", digits), segment("CTP", "", "", "", shown(count), (unit,))]


def eleven_digits(code: str) -> str:
    """An NDC in its eleven digits; empty where they cannot be known."""
    if re.fullmatch(r"\d{11}", code, re.ASCII):
        return code
    match = _HYPHENATED.fullmatch(code)
    if match is None or not code.isascii():
        return ""
    return "".join(part.zfill(size) for part, size in zip(match.groups(), PARTS, strict=True))
