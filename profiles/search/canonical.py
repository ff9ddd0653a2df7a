"""References by canonical address, with or without a business version (R4 references.html#canonical)."""

import functools
from typing import Final

from profiles.search.paths import json_paths

_ADDRESSES: Final = frozenset({"canonical", "uri"})


@functools.lru_cache(maxsize=1024)
def names_canonical(kind: str, expression: str) -> bool:
    """Whether a reference parameter of a type has values that are addresses of definitions."""
    return any(path.type in _ADDRESSES for path in json_paths(expression, kind) or ())


def versions_of(version: str) -> tuple[str, ...]:
    """A version and those that hold it: 1.2.3, 1.2, 1."""
    parts = version.split(".")
    return tuple(".".join(parts[:end]) for end in range(len(parts), 0, -1))
