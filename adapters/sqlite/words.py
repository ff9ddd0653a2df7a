"""The words of a resource, for ``_text`` and ``_content`` (R4 search.html#text)."""

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from profiles.search.values import folded

_TAG: Final = re.compile(r"<[^>]*>")


def narrative_of(*columns: Any) -> str:
    """Folded text of the narrative; the one column is the body."""
    (body,) = columns
    if b'"div"' not in body:
        return ""
    parsed = orjson.loads(body)
    text = parsed.get("text", {})
    return folded(_TAG.sub(" ", text.get("div", "")))


def content_of(*columns: Any) -> str:
    """Folded text of everything; the one column is the body."""
    (body,) = columns
    return folded(" ".join(_texts(orjson.loads(body)))) if body else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _TAG.sub(" ", value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
