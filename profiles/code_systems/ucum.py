"""UCUM as a code system: a grammar, so its codes are judged and never listed (UCUM 2.1)."""

import re
from collections.abc import Iterator
from typing import Final

from profiles.fhirpath.ucum import LONGEST, unit
from profiles.fhirpath.ucum_units import PREFIXES
from terminology.code_system import Concept, FlatHierarchy
from terminology.systems import UCUM

_SPECIAL_METRIC: Final = (
    "Cel", "Np", "B", "B[SPL]", "B[V]", "B[mV]", "B[uV]", "B[10.nV]", "B[W]", "B[kW]", "bit_s",
)  # fmt: skip
_SPECIAL: Final = (
    "[degF]", "[degRe]", "[p'diop]", "%[slope]", "[hp'_X]", "[hp'_C]", "[hp'_M]", "[hp'_Q]", "[pH]",
    "[m/s2/Hz^0.5]",
)  # fmt: skip
_ANNOTATION: Final = r"(?:\{[!-z|~]*\})?"
_NON_RATIO: Final = re.compile(
    rf"(?:(?:{'|'.join(map(re.escape, PREFIXES))})?(?:{'|'.join(map(re.escape, _SPECIAL_METRIC))})"
    rf"|{'|'.join(map(re.escape, _SPECIAL))}){_ANNOTATION}"
)
"""Special units stand alone (UCUM 2.1, sections 21 and 22)."""


class UcumSystem(FlatHierarchy):
    """The grammar behind the protocol of code systems."""

    system: Final = UCUM
    version: Final = "2.1"
    name: Final = "UCUM"
    complete: Final = True
    listed: Final = False
    has_inactive: Final = False
    property_codes: Final = ()

    def covers(self, when: str) -> bool:
        """Always: units do not expire."""
        del when
        return True

    def concept(self, code: str) -> Concept | None:
        """A valid code, which is its own display."""
        valid = unit(code) is not None or (
            len(code) <= LONGEST and _NON_RATIO.fullmatch(code) is not None
        )
        return Concept(code, code) if valid else None

    def has(self, code: str, name: str, value: str) -> bool:
        """No concept has a property."""
        del code, name, value
        return False

    def codes(self) -> Iterator[str]:
        """None that could be listed."""
        return iter(())

    def search(self, text: str, limit: int) -> list[str]:
        """The text, where it is a code."""
        return [text] if limit and self.concept(text) is not None else []
