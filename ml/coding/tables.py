"""The tables of this package: one fact a line, tab between columns, comments after ``#``."""

from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of one table.

    Parameters
    ----------
    name : str
        File name without its ending.
    """
    lines = (HERE / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("# "))


def words_named(name: str) -> str:
    """The words of one list of ``word_lists.tsv``, with blanks between them."""
    return next(words for key, words in rows("word_lists") if key == name)
