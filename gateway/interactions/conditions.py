"""Conditions of entries that name other entries by their full URLs, as references do.

R4 says what becomes of links in resources (http.html#trules) and nothing of those in conditions. A search for
a placeholder could only find nothing, so that an import that is sent again would double what it has created.
"""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qsl, urlencode

from gateway.interactions.entry import Entry
from gateway.interactions.full_urls import FullUrls
from profiles.search.parameters import SearchParameter


class Conditions:
    """The conditions of a transaction.

    Parameters
    ----------
    urls : FullUrls
    parameters : callable
        The search parameters of a type.
    """

    def __init__(
        self, urls: FullUrls, parameters: Callable[[str], Mapping[str, SearchParameter]]
    ) -> None:
        self._urls = urls
        self._parameters = parameters

    def in_turn(self, entries: list[Entry]) -> Iterator[Entry]:
        """The entries, each after those that its condition names; a circle as it stands."""
        waiting = {entry.at: entry for entry in entries}
        named = {at: self._named(entry) for at, entry in waiting.items()}
        while waiting:
            ready = [at for at in waiting if not named[at] & waiting.keys() - {at}]
            for at in ready or list(waiting):
                yield waiting.pop(at)

    def text(self, entry: Entry) -> str:
        """The condition of an entry with the addresses that its placeholders have led to."""
        if not self._named(entry):
            return entry.condition
        return urlencode(
            [
                (name, f"{found.kind}/{found.target}" if found and found.target else text)
                for name, text, found in self._pairs(entry)
            ]
        )

    def _named(self, entry: Entry) -> set[int]:
        return {found.at for _, _, found in self._pairs(entry) if found} if self._urls else set()

    def _pairs(self, entry: Entry) -> Iterator[tuple[str, str, Entry | None]]:
        known = self._parameters(entry.kind)
        for name, text in parse_qsl(entry.condition.lstrip("?"), keep_blank_values=True):
            parameter = known.get(name.partition(":")[0])
            refers = parameter is not None and parameter.kind == "reference"
            found = self._urls.entry(text, entry.base) if refers else None
            yield name, text, found[0] if found else None
