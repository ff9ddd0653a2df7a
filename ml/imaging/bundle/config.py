"""A MONAI configuration file as data: ``@`` references, ``%`` macros and ``$`` expressions resolved.

Only what is asked for is resolved. Keys that our own inference loop does not need (``imports``,
``device``, ``dataset``, ``evaluator``, ``handlers``) may hold anything: nobody looks at them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ml.imaging.bundle.expression import REFERENCE, Unsafe, evaluate
from ml.imaging.bundle.refused import BundleRefused

MAX_DEPTH: Final = 40
_MACRO: Final = re.compile(r"%(\w+(?:(?:::|#)\w+)*)")
_META: Final = ("_desc_", "_mode_", "_disabled_", "_requires_")


class Config:
    """One configuration file.

    Parameters
    ----------
    file : str
        Its name, for messages.
    content : mapping
        The parsed JSON object.
    """

    def __init__(self, file: str, content: Mapping[str, Any]) -> None:
        self.file = file
        self._content = content

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def raw(self, key: str) -> Any:
        """The unresolved value at ``a::b::0``.

        Raises
        ------
        BundleRefused
            There is no such key.
        """
        value: Any = self._content
        for part in re.split(r"::|#", key):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (LookupError, TypeError, ValueError):
                raise BundleRefused(self._at(key), f"`{part}` is referenced but absent") from None
        return value

    def get(self, key: str) -> Any:
        """The resolved value at a key: plain JSON values, components as objects with ``_target_``.

        Raises
        ------
        BundleRefused
            A reference is absent or circular, or an expression is not harmless.
        """
        return self._resolve(key, self.raw(key), (key,))

    def resolve(self, key: str, value: Any) -> Any:
        """As ``get``, for a value that was taken out of ``raw`` at this key."""
        return self._resolve(key, value, (key,))

    def _resolve(self, key: str, value: Any, trail: tuple[str, ...]) -> Any:
        if len(trail) > MAX_DEPTH:
            raise BundleRefused(self._at(key), "the configuration is nested too deeply")
        if isinstance(value, dict):
            return self._resolve_object(key, value, trail)
        if isinstance(value, list):
            trail = (*trail, "")
            return [self._resolve(f"{key}::{n}", item, trail) for n, item in enumerate(value)]
        if isinstance(value, str) and value[:1] in ("@", "%", "$"):
            return self._resolve_text(key, value, trail)
        return value

    def _resolve_object(self, key: str, value: dict[str, Any], trail: tuple[str, ...]) -> Any:
        if value.get("_requires_"):
            raise BundleRefused(
                self._at(f"{key}::_requires_"), "a component may not ask for others to run first"
            )
        if value.get("_mode_", "default") != "default":
            raise BundleRefused(self._at(f"{key}::_mode_"), f"`{value['_mode_']}` is not supported")
        resolved = {
            name: self._resolve(f"{key}::{name}", item, (*trail, ""))
            for name, item in value.items()
            if name not in _META
        }
        if value.get("_disabled_") and "_target_" in value:
            resolved["_disabled_"] = self._resolve(key, value["_disabled_"], (*trail, ""))
        return resolved

    def _resolve_text(self, key: str, text: str, trail: tuple[str, ...]) -> Any:
        if text.startswith("$"):
            try:
                return evaluate(text[1:], lambda name: self._follow(key, name, trail))
            except Unsafe as error:
                raise BundleRefused(
                    self._at(key),
                    f"`{_short(text)}` contains {error}; an expression here may hold literals, "
                    "arithmetic, comparisons, indexing and @references, and is never executed",
                ) from None
        pattern = REFERENCE if text.startswith("@") else _MACRO
        match = pattern.fullmatch(text)
        if match is None:
            raise BundleRefused(self._at(key), f"`{_short(text)}` is not a reference in this file")
        return self._follow(key, match.group(1), trail)

    def _follow(self, key: str, name: str, trail: tuple[str, ...]) -> Any:
        name = name.replace("#", "::")
        if name in trail:
            raise BundleRefused(self._at(key), f"the reference `{name}` leads back to itself")
        return self._resolve(name, self.raw(name), (*trail, name))

    def _at(self, key: str) -> str:
        return f"{self.file} {key}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
