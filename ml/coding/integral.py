"""Signs and symptoms beside a diagnosis that explains them (guidelines I.B.4 to I.B.6)."""

import re
from typing import Final

from ml.coding.found import Found, certain
from ml.coding.problems import CAUSE
from ml.coding.tables import rows

SYMPTOM: Final = re.compile(
    r"R(?!65|57)|M25\.[456]|M54\.[2569]|M79\.[1268]|N64\.4|H57\.[18]|H92\.0"
)


def caused(found: list[Found]) -> list[Found]:
    """A symptom whose cause the same line gives is not coded (I.B.4)."""
    explained = {
        one.lead
        for one in certain(found)
        if not SYMPTOM.match(one.code)
        and (one.link == CAUSE or (one.link and ("confirmed", 1.0) in one.features))
    }
    return [
        one for one in found if one.link or one.lead not in explained or not SYMPTOM.match(one.code)
    ]


def integral(found: list[Found]) -> list[Found]:
    """A symptom that is routinely part of a coded disease is not coded beside it (I.B.5)."""
    diseases = [one.code for one in certain(found)]
    return [one for one in found if not _part(one.code, diseases)]


def _part(symptom: str, diseases: list[str]) -> bool:
    """Whether a code is a symptom of one of some diseases."""
    for symptoms, explained in rows("integral_symptoms"):
        if not symptom.startswith(tuple(symptoms.split())):
            continue
        beginnings = tuple(explained.split())
        if any(code.startswith(beginnings) for code in diseases if code != symptom):
            return True
    return False
