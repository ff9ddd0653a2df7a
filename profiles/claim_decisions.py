"""What a person decides on the codes of a draft Claim, and what is kept of it for later learning.

Records without behaviour. A ``DecisionRecord`` holds codes, scores and keys of the terminology, never text of
a note nor the words in which a person gave a reason: those stand in the Claim and its Provenance.
"""

from dataclasses import dataclass
from typing import Final

from profiles.coding_records import Evidence

DIAGNOSIS: Final = "diagnosis"
ITEM: Final = "item"
ELEMENTS: Final = (DIAGNOSIS, ITEM)

ACCEPT: Final = "accept"
MODIFY: Final = "modify"
REJECT: Final = "reject"
ADD: Final = "add"
DECISIONS: Final = (ACCEPT, MODIFY, REJECT, ADD)


@dataclass(frozen=True, slots=True)
class ReleasedCode:
    """A code as its release has it; ``version`` and ``display`` are empty where there is none."""

    system: str
    code: str
    version: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class CodeDecision:
    """One decision on one code of a Claim.

    Parameters
    ----------
    decision : str
        ``accept``, ``modify``, ``reject`` or ``add``.
    element : str
        ``diagnosis`` or ``item``.
    sequence : int
        Of the coded element, in the version that the person saw; 0 where ``target`` names it or it is new.
    target : str
        Code of the coded element, where no sequence is given.
    chosen : ReleasedCode or None
        The code that takes its place, or that is added.
    reason : str
        For people; empty when none was given.
    modifiers, pointers : tuple of str or None
        Of a line; None leaves them. A pointer is a sequence that the person saw, or a diagnosis code.
    units : int or None
        Of a line; None leaves them.
    position : int or None
        Where the element is to stand among its kind, from 1.
    evidence : tuple of Evidence
        Of an addition.
    """

    decision: str
    element: str
    sequence: int = 0
    target: str = ""
    chosen: ReleasedCode | None = None
    reason: str = ""
    modifiers: tuple[str, ...] | None = None
    pointers: tuple[str, ...] | None = None
    units: int | None = None
    position: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision with what led the coder to its suggestion.

    Parameters
    ----------
    element, decision : str
        As in ``CodeDecision``.
    whole : bool
        Whether it follows from the decision on the whole Claim instead of one on this code.
    suggested, chosen : ReleasedCode or None
        What the coder said, and what the person let stand; None where there was or is nothing.
    score : float or None
        The coder's; None for a code that it never considered.
    status, term : str
        ``suggested`` or ``below-threshold``; the term of the terminology that led to the code.
    rules : tuple of str
        Ids of the rules that the coder had applied.
    features : tuple of (str, float)
        What the score was made of.
    coder, coder_version : str
    person : str
        Reference of who decided, else the name.
    moment : str
        Instant of the decision.
    """

    element: str
    decision: str
    whole: bool
    suggested: ReleasedCode | None
    chosen: ReleasedCode | None
    score: float | None
    status: str
    term: str
    rules: tuple[str, ...]
    features: tuple[tuple[str, float], ...]
    coder: str
    coder_version: str
    person: str
    moment: str
