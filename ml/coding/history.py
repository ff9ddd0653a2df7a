"""History of a condition: its Z code by the range of the condition's code (guideline I.C.21.c.4)."""

from typing import Final

from ml.coding.tables import rows

FRACTURE: Final = frozenset(("S02", "S12", "S22", "S32", "S42", "S52", "S62", "S72", "S82", "S92"))


def history_code(code: str) -> str | None:
    """The code for a personal history of a condition; None when there is none.

    Parameters
    ----------
    code : str
        Code of the condition while it is present.
    """
    category = code[:3]
    if category in FRACTURE:
        return "Z87.81"
    if category[0] == "Z":
        return code
    for first, last, history in rows("history_codes"):
        if first <= category <= last:
            return None if history == "-" else history
    return None
