"""A code of ICD-10-CM with the notes that hold for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IcdNote:
    """A note of the tabular list and the code, section or chapter at which it stands."""

    text: str
    at: str


@dataclass(frozen=True, slots=True)
class ExcludesNote:
    """An Excludes1 note that keeps two codes apart: the note, where it stands, the code it names."""

    text: str
    at: str
    excluded: str


@dataclass(frozen=True, slots=True)
class IcdCode:
    """A code, a section (``E08-E13``) or a chapter (``4``).

    Notes other than ``inclusion`` hold for everything below the place where they stand; the nearest comes
    first.

    Parameters
    ----------
    code, display : str
        The code with its dot, and its title.
    kind : str
        ``chapter``, ``section`` or ``diag``.
    parent : str
        Code of the node above; empty at a chapter.
    billable : bool
        Whether it may be reported: nothing stands below it.
    seventh : mapping of str to str
        7th characters that it needs and their meaning; empty when it takes none or has it.
    """

    code: str
    display: str
    kind: str
    parent: str
    billable: bool
    seventh: Mapping[str, str] = field(default_factory=dict)
    inclusion: tuple[str, ...] = ()
    includes: tuple[IcdNote, ...] = ()
    excludes1: tuple[IcdNote, ...] = ()
    excludes2: tuple[IcdNote, ...] = ()
    code_first: tuple[IcdNote, ...] = ()
    use_additional: tuple[IcdNote, ...] = ()
    code_also: tuple[IcdNote, ...] = ()
    note: tuple[IcdNote, ...] = ()
    seventh_note: tuple[IcdNote, ...] = ()
