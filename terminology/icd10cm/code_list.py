"""The list of billable codes that is published beside the tabular list (``icd10cm-codes``, ``-order``).

``icd10cm-codes-YYYY.txt`` has a billable code and its title on each line; ``icd10cm-order-YYYY.txt`` an order
number, every code, and 1 where it is billable (layout: the ``icd10OrderFiles`` note of CMS).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminology.icd10cm.codes import CATEGORY
from terminology.store_folder import TerminologyError

_BILLABLE: Final = re.compile(r"(?P<code>[A-Z][0-9A-Z]{2,6})\s+\S")
_ALONE: Final = re.compile(r"[A-Z][0-9A-Z]{2,6}")
_ORDERED: Final = re.compile(r"\d{5} (?P<code>[A-Z][0-9A-Z]{2,6})\s+(?P<billable>[01])\s")


@dataclass(frozen=True, slots=True)
class CodeList:
    """A file and the billable codes that it lists, without their dots."""

    path: Path
    billable: frozenset[str]


def read_whole_list(path: Path) -> CodeList:
    """A list of every node, as the package ``simple-icd-10-cm`` has it: billable is what has none below."""
    listed = {one for one in path.read_text("utf-8").split() if _ALONE.fullmatch(one)}
    above = {code[:end] for code in listed for end in range(CATEGORY, len(code))}
    return CodeList(path, frozenset(listed - above))


def read_code_list(path: Path) -> CodeList:
    """A published list of codes.

    Raises
    ------
    TerminologyError
        When a line is of neither form.
    """
    found = set()
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            for line in lines:
                if not line.strip():
                    continue
                ordered = _ORDERED.match(line)
                match = ordered or _BILLABLE.match(line)
                if match is None:
                    raise TerminologyError(f"{path.name} is no list of codes")
                if ordered is None or ordered["billable"] == "1":
                    found.add(match["code"])
    except OSError as error:
        raise TerminologyError(f"{path.name} cannot be read: {error.strerror}") from None
    if not found:
        raise TerminologyError(f"{path.name} is no list of codes")
    return CodeList(path, frozenset(found))
