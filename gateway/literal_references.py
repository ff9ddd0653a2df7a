"""Outside of a transaction a reference is literal: a search in its place is refused.

R4 http.html#trules has searches as references in transactions alone, where they are resolved; everywhere else
a relative reference is ``[type]/[id]`` (R4 references.html#literal). Stored as it is, it would lead nowhere.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError

CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.*)", re.DOTALL)
"""A reference that is a search (R4 http.html#trefs): type and query."""


def require_literal_references(resource: dict[str, Any]) -> None:
    """Refuse a resource that refers by a search; a Bundle is kept as the message that it is.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` with the place of the first such reference.
    """
    kind = str(resource.get("resourceType"))
    if kind == "Bundle":
        return
    for place in _searches(resource, kind):
        raise OperationOutcomeError(
            "invalid", "a search stands for a reference in a transaction alone", place
        )


def _searches(value: Any, place: str) -> Iterator[str]:
    """Places of the references that are searches."""
    if isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _searches(inner, f"{place}[{at}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _searches(inner, f"{place}.{name}")
            elif name == "reference" and isinstance(inner, str):
                found = CONDITIONAL.fullmatch(inner)
                if found is not None and found[1] in definitions().resources:
                    yield f"{place}.reference"
