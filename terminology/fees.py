"""A site's fee table: what one unit of a service is charged at, by code.

``<data>/terminology/fees.csv`` with the columns code, amount, currency and, where a facility bills, revenue.
Without the file nothing is priced. Amounts stay the texts that they are.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from terminology.store_folder import TerminologyError

FILE: Final = "fees.csv"
_AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,4})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_REVENUE: Final = re.compile(r"(\d{4})?")


@dataclass(frozen=True, slots=True)
class Fee:
    """One row: the charge for a unit, its ISO 4217 currency, its revenue code (NUBC, empty without one)."""

    amount: str
    currency: str
    revenue: str = ""


def fees_of(folder: Path) -> Mapping[str, Fee]:
    """The fees by code; none without the file.

    Raises
    ------
    TerminologyError
        For a row that is none, by its number.
    """
    path = folder / FILE
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> dict[str, Fee]:
    del changed, size  # part of the key alone: a file that was replaced is read anew
    found = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                code, fee = _row(row, number)
                found[code] = fee
    except (UnicodeDecodeError, csv.Error):
        raise TerminologyError(f"{FILE} is no CSV in UTF-8") from None
    return found


def _row(row: Mapping[str | None, str | list[str] | None], number: int) -> tuple[str, Fee]:
    code, amount, currency, revenue = (
        str(row.get(name) or "").strip() for name in ("code", "amount", "currency", "revenue")
    )
    fits = _AMOUNT.fullmatch(amount) and _CURRENCY.fullmatch(currency)
    if not code or not fits or not _REVENUE.fullmatch(revenue):
        raise TerminologyError(
            f"{FILE}, row {number}: a row is a code, an amount such as 92.10, a currency such as USD and "
            "perhaps a revenue code of four digits"
        )
    return code, Fee(amount, currency, revenue)
