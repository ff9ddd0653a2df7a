"""Value sets and code systems that are known here, as FHIRPath asks them."""

from profiles.code_systems.known import KnownCodes
from profiles.code_systems.value_set import ValueSetContent


class Membership:
    """Answers ``memberOf`` and ``subsumes`` (R4 fhirpath.html#functions).

    Parameters
    ----------
    known : KnownCodes
        What can be asked; each value set is opened once.
    """

    def __init__(self, known: KnownCodes) -> None:
        self._known = known
        self._contents: dict[str, ValueSetContent | None] = {}

    def contains(self, value_set: str, system: str, code: str) -> bool | None:
        """Whether a code is in a value set, an empty system fits any; None where the set is not known.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` when its content cannot be known here.
        """
        if value_set not in self._contents:
            resource = self._known.value_set(value_set)
            content = None if resource is None else ValueSetContent(self._known, resource)
            self._contents[value_set] = content
        content = self._contents[value_set]
        return None if content is None else content.contains(system, code)

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Whether a code is above another of its system; None where that is not known."""
        found = self._known.system(system)
        if found is None or found.concept(above) is None or found.concept(below) is None:
            return None
        return found.subsumes(above, below)
