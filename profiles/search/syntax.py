"""Values of search parameters as they are written: escapes, alternatives, prefixes (R4 search.html)."""

import re
from typing import Final

from profiles.outcome import OperationOutcomeError

PREFIXES: Final = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
MOST_ALTERNATIVES: Final = 1000
"""Values joined by commas in one parameter; more are refused, not cut off."""

_SIGNS: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\,|$"})
_ESCAPED: Final = re.compile(r"\\([,|$\\])")


def split(text: str, separator: str) -> list[str]:
    r"""Parts between separators that are not escaped by ``\``; the escapes stay in the parts."""
    if "\\" not in text:
        return text.split(separator)
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == separator:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def plain(text: str) -> str:
    """A part without its escapes."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def token_of(system: str, value: str) -> str:
    """The value of a token search for an identifier; without a system, any system matches."""
    return "|".join(part.translate(_SIGNS) for part in (system, value) if part)


def alternatives(text: str, name: str) -> tuple[str, ...]:
    """The values of one parameter, any of which may match.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when there is no value or one that no text can have (R4 datatypes.html#string: U+0000),
        ``too-costly`` when there are too many.
    """
    if "\0" in text:
        raise OperationOutcomeError(
            "invalid", f"{name} has a character that no text can have", name
        )
    found = tuple(part for part in split(text, ",") if part)
    if not found:
        raise OperationOutcomeError("invalid", f"the search parameter {name} has no value", name)
    if len(found) > MOST_ALTERNATIVES:
        raise OperationOutcomeError(
            "too-costly", f"{name} has more than {MOST_ALTERNATIVES} values", name
        )
    return found


def prefixed(text: str) -> tuple[str, str]:
    """Prefix and rest of an ordered value; ``eq`` when there is none (R4 search.html#prefix)."""
    if text[:2] in PREFIXES:
        return text[:2], text[2:]
    return "eq", text
