"""What procedures are called in notes, and the numbers that they have: two tables as data.

Numbers and our own words alone: CPT belongs to the AMA, and its descriptions are nowhere in this house.
A number is suggested only when the site's own list has it.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
NAME: Final = "name"


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the table of numbers.

    Parameters
    ----------
    when : tuple of (str, str)
        What has to be documented: detail and value, or its range such as ``2-3`` or ``4-``.
    numbers : tuple of (str, int)
        Each number with 1 when it stands for each further one of a count, else 0.
    source : str
    """

    when: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, int], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Concept:
    """A procedure, test or injection by our own name.

    Parameters
    ----------
    kind : str
        ``imaging``, ``remote`` (imaging that an office has seldom), ``test``, ``lab``, ``injection``,
        ``procedure``, ``vaccine`` or ``counselling``.
    flags : frozenset of str
        ``sided``: left and right are told apart. ``counted``: its numbers tell one side from both.
        ``minor``: a minor procedure beside which an E/M visit needs modifier 25. ``office``: a test that
        is made where the patient is. ``scored``: done when its score is written. ``shot``: a drug is given.
        ``digit``: fingers and toes are told apart.
    words : tuple of tuple of re.Pattern
        Alternatives; of one, every part has to stand in the sentence.
    choices : tuple of Choice
    """

    name: str
    kind: str
    flags: frozenset[str]
    words: tuple[tuple[re.Pattern[str], ...], ...]
    choices: tuple[Choice, ...]

    @property
    def details(self) -> tuple[str, ...]:
        """What a note has to say so that one number can be chosen."""
        return tuple(dict.fromkeys(name for choice in self.choices for name, _ in choice.when))


@cache
def concepts() -> tuple[Concept, ...]:
    """Every concept in the order of the table."""
    words = _rows("procedure_words.tsv", 4)
    names = {row[0]: row[3] for row in words if row[1] == NAME}
    choices: dict[str, list[Choice]] = {}
    for concept, when, numbers, source in _rows("procedure_numbers.tsv", 4):
        choices.setdefault(concept, []).append(Choice(_when(when), _numbers(numbers), source))
    return tuple(
        Concept(
            name,
            kind,
            frozenset(flags.split()),
            tuple(_parts(one, names) for one in said.split(" || ")),
            tuple(choices.get(name, ())),
        )
        for name, kind, flags, said in words
        if kind != NAME
    )


def fits(choice: Choice, details: dict[str, str]) -> bool:
    """Whether what is documented is what a line of the table asks for."""
    return all(_in(wanted, details.get(name, "")) for name, wanted in choice.when)


def choices_of(name: str) -> tuple[Choice, ...]:
    """The numbers of a concept that is not found by words, such as giving a vaccine."""
    return tuple(
        Choice(_when(when), _numbers(numbers), source)
        for concept, when, numbers, source in _rows("procedure_numbers.tsv", 4)
        if concept == name
    )


def _in(wanted: str, said: str) -> bool:
    low, dash, high = wanted.partition("-")
    if not dash:
        return wanted == said
    try:
        value = float(said)
    except ValueError:
        return False
    return (not low or value >= float(low)) and (not high or value <= float(high))


@cache
def _rows(name: str, width: int) -> tuple[tuple[str, ...], ...]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    if any(len(row) != width for row in rows):
        raise ValueError(f"{name} has a row of another width")
    return tuple(rows)


def _parts(said: str, names: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    filled = re.sub(r"\{([a-z]+)\}", lambda found: names[found[1]], said)
    return tuple(
        re.compile(rf"(?<!\w)(?:{part})(?!\w)", re.IGNORECASE) for part in filled.split(" & ")
    )


def _when(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (one.partition("=") for one in text.split(",") if one)
    return tuple((name, value) for name, _, value in pairs)


def _numbers(text: str) -> tuple[tuple[str, int], ...]:
    found = []
    for one in text.split():
        code, star, _ = one.partition("*")
        found.append((code, 1 if star else 0))
    return tuple(found)
