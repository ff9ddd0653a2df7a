"""Values of FHIR as elements of X12, with everything that is missing or does not fit collected on the way.

Every method gives the element, or an empty one and a fault; whoever writes a transaction asks at its end
whether there is any fault, so that all of them are said together and nothing half-written leaves.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.x12.characters import is_identifier, plain_text
from adapters.x12.segments import Delimiters
from profiles.exact_json import Number
from profiles.outcome import OperationOutcomeError

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ZIP_SHORT, _ZIP_LONG = 5, 9
_PHONE: Final = 10
_MOST_DIGITS: Final = 18


class Elements:
    """Makes elements and remembers faults.

    Parameters
    ----------
    delimiters : Delimiters
        What no element may contain.
    """

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.faults: list[tuple[str, str, str]] = []

    def require_none(self, what: str) -> None:
        """Refuse everything that was found to be wrong, at once.

        Raises
        ------
        OperationOutcomeError
            Of the first fault's kind, with every fault as an issue.
        """
        if self.faults:
            found = tuple(dict.fromkeys(self.faults))
            kind = found[0][0]
            raise OperationOutcomeError(
                kind, f"{what} lacks what X12 needs", found[0][2], issues=found
            )

    def missing(self, at: str, what: str) -> str:
        """Remember that something is not there; an empty element."""
        self.faults.append(("required", f"{what} is missing", at))
        return ""

    def unfit(self, at: str, text: str) -> str:
        """Remember that something is there but cannot be sent; an empty element."""
        self.faults.append(("value", text, at))
        return ""

    def words(
        self, value: Any, at: str, what: str, most: int, *, least: int = 1, needed: bool = True
    ) -> str:
        """Words of people, cleaned by rule; a text that is too long is never cut."""
        if not value:
            return self.missing(at, what) if needed else ""
        made = plain_text(str(value), self.delimiters)
        if made is None:
            return self.unfit(at, f"{what} has letters that X12 cannot write")
        if not made:
            return self.missing(at, what) if needed else ""
        return self._of_length(made, at, what, least, most)

    def token(
        self, value: Any, at: str, what: str, most: int, *, least: int = 1, needed: bool = True
    ) -> str:
        """An identifier or a code, exactly as it is."""
        if not value:
            return self.missing(at, what) if needed else ""
        if not is_identifier(str(value), self.delimiters):
            return self.unfit(at, f"{what} has characters that X12 cannot write")
        return self._of_length(str(value), at, what, least, most)

    def _of_length(self, made: str, at: str, what: str, least: int, most: int) -> str:
        if len(made) > most:
            return self.unfit(at, f"{what} has more than {most} characters")
        if len(made) < least:
            return self.unfit(at, f"{what} has fewer than {least} characters")
        return made

    def day(self, value: Any, at: str, what: str, *, needed: bool = True) -> str:
        """A date of eight digits, of a date or dateTime that names its day."""
        if not value:
            return self.missing(at, what) if needed else ""
        if not _DAY.match(str(value)):
            return self.unfit(at, f"{what} does not name a day")
        return str(value)[:10].replace("-", "")

    def amount(self, money: Mapping[str, Any] | None, at: str, what: str) -> Decimal:
        """A Money in US dollars, exactly; zero where there is none."""
        given = money or {}
        if given.get("value") is None:
            self.missing(at, what)
            return Decimal(0)
        if given.get("currency", "USD") != "USD":
            self.unfit(at, f"{what} is not in US dollars")
        return self.number(given["value"], at, what)

    def signed(self, money: Mapping[str, Any] | None, at: str, what: str) -> Decimal:
        """As ``amount``, for one that may be negative."""
        given = dict(money or {})
        value = given.get("value")
        if isinstance(value, int | float) and value < 0:
            text = repr(value).removeprefix("-")
            return -self.amount({**given, "value": Number(text)}, at, what)
        return self.amount(given, at, what)

    def number(self, value: Any, at: str, what: str) -> Decimal:
        """A decimal exactly as it was written, of at most eighteen digits and not negative."""
        try:
            found = Decimal(repr(value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or found < 0 or len(shown(found)) > _MOST_DIGITS:
            self.unfit(at, f"{what} is no amount that X12 can write")
            return Decimal(0)
        return found

    def npi(self, value: Any, at: str, what: str) -> str:
        """A National Provider Identifier; its check digit must be right (45 CFR 162.406)."""
        if not value:
            return self.missing(at, f"the NPI of {what}")
        if not is_npi(str(value)):
            return self.unfit(at, f"the NPI of {what} is no NPI: its check digit is wrong")
        return str(value)

    def zip_code(self, value: Any, at: str, *, long: bool) -> str:
        """A ZIP code without its hyphen; nine digits where the guide wants all of them."""
        given = str(value or "").replace("-", "").strip()
        if not given:
            return self.missing(at, "the ZIP code")
        lengths = (_ZIP_LONG,) if long else (_ZIP_SHORT, _ZIP_LONG)
        if not given.isdecimal() or len(given) not in lengths:
            wanted = "nine digits" if long else "five or nine digits"
            return self.unfit(at, f"the ZIP code needs {wanted}")
        return given

    def phone(self, value: Any, at: str) -> str:
        """A telephone number of ten digits, as written in North America."""
        digits = re.sub(r"\D", "", str(value or ""))
        if len(digits) == _PHONE + 1 and digits[0] == "1":
            digits = digits[1:]
        return digits if len(digits) == _PHONE else self.unfit(at, "a telephone has ten digits")


def shown(number: Decimal) -> str:
    """A number as X12 writes it: no exponent and no needless zeros (data type R)."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_npi(text: str) -> bool:
    """Whether ten digits have the check digit of an NPI: Luhn's, with the prefix 80840 (ISO/IEC 7812)."""
    if not (len(text) == 10 and text.isascii() and text.isdecimal()):
        return False
    total = 24
    for at, digit in enumerate(map(int, reversed(text))):
        doubled = digit * 2 if at % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
