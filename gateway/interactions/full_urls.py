"""The full URLs of a Bundle, and which of its entries a link leads to (R4 bundle.html#references)."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from gateway.interactions.entry import Entry
from gateway.interactions.links import NARRATIVE, REFERENCE, URI, Place
from gateway.literal_references import CONDITIONAL
from profiles.outcome import OperationOutcomeError

_RELATIVE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class FullUrls:
    """Full URL → entry, for the entries that write.

    Parameters
    ----------
    entries : iterable of Entry

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a full URL that two entries have, unless each says another version (bdl-7).
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[str, Entry | None] = {}
        self._versions: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            if entry.full_url and entry.writes and entry.method != "DELETE":
                self._add(entry)

    def _add(self, entry: Entry) -> None:
        url = entry.full_url
        if url not in self._entries:
            self._entries[url] = entry
            self._versions[url, _version(entry)] = entry
            return
        if (url, _version(entry)) in self._versions or (url, "") in self._versions:
            raise _twice(entry)
        if not _version(entry):
            raise _twice(entry)
        self._entries[url] = None
        self._versions[url, _version(entry)] = entry

    def __bool__(self) -> bool:
        return bool(self._entries)

    def entry(self, text: str, base: str) -> tuple[Entry, str, str] | None:
        """The entry that a link leads to, the version that it asks for and its fragment.

        Parameters
        ----------
        base : str
            That the relative links of the entry stand on.
        """
        found = self._entries.get(text)
        if found is not None:
            return found, "", ""
        plain, _, fragment = text.partition("#")
        plain, _, version = plain.partition("/_history/")
        for url in (plain, f"{base}/{plain}" if _RELATIVE.fullmatch(plain) else ""):
            if url in self._entries:
                return self._of_version(url, version), version, fragment
        return None

    def _of_version(self, url: str, version: str) -> Entry:
        found = self._entries[url] or self._versions.get((url, version))
        if found is None:
            raise OperationOutcomeError(
                "invalid", "a link leads to several entries with the same fullUrl"
            )
        return found


def _version(entry: Entry) -> str:
    meta = (entry.resource or {}).get("meta")
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def _twice(entry: Entry) -> OperationOutcomeError:
    place = f"Bundle.entry[{entry.at}].fullUrl"
    return OperationOutcomeError(
        "invalid", f"entry {entry.at}: another entry has the same fullUrl (bdl-7)", place
    )


def follow(
    place: Place, entry: Entry, urls: FullUrls, address: Callable[[Entry, bool], str | None]
) -> bool:
    """Replace the links of a place; false when one has to wait for what only the store knows.

    Parameters
    ----------
    entry : Entry
        Where the place is.
    address : callable
        Address of an entry, with its version where that is asked for; None when it is not known yet.
    """
    target = functools.partial(_target, place.leaf, entry.base, urls, address)
    if place.leaf == NARRATIVE:
        return place.replace_in_narrative(target)
    made = target(place.text)
    if made is not None:
        place.holder[place.key] = made
    return made is not None


def _target(
    leaf: str,
    base: str,
    urls: FullUrls,
    address: Callable[[Entry, bool], str | None],
    text: str,
) -> str | None:
    found = urls.entry(text, base)
    if found is None:
        return None if leaf == REFERENCE and CONDITIONAL.fullmatch(text) else text
    other, version, fragment = found
    if leaf == URI and _is_name(other.resource, other.full_url):
        return text
    made = address(other, bool(version))
    return made if made is None or not fragment else f"{made}#{fragment}"


def _is_name(resource: Any, url: str) -> bool:
    """Whether a full URL is the canonical one, by which a definition is known wherever it is stored."""
    return resource is not None and resource.get("url") == url
