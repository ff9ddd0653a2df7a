"""JSON read and written without changing a number: decimals keep every digit (R4 datatypes.html#decimal)."""

import json
from typing import Any

from profiles.outcome import OperationOutcomeError


class Number(float):
    """A JSON number with a fraction or an exponent, and the text that it was written as."""

    text: str

    def __new__(cls, text: str) -> "Number":
        """Keep the text beside the value."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text


def loads_exact(body: bytes) -> Any:
    """Parse JSON that was checked already."""
    try:
        return json.loads(body, parse_float=Number)
    except (ValueError, RecursionError):
        raise OperationOutcomeError("structure", "the body is not JSON in UTF-8") from None


def dumps_exact(value: Any) -> bytes:
    """Write JSON; a ``Number`` is written as it was read."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, Number):
        parts.append(value.text)
    elif isinstance(value, dict):
        parts.append("{")
        for at, (name, inner) in enumerate(value.items()):
            parts.append(("," if at else "") + json.dumps(name, ensure_ascii=False) + ":")
            _write(inner, parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for at, inner in enumerate(value):
            if at:
                parts.append(",")
            _write(inner, parts)
        parts.append("]")
    else:
        parts.append(json.dumps(value, ensure_ascii=False))
