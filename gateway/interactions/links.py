"""Links inside a transaction: placeholders and conditional references become the ids of this server.

R4 http.html#trules, bundle.html#references. They are replaced in the bytes of the Bundle before anything is
checked, so that what is checked is what is stored.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from gateway.interactions.entry import Entry, read_entries
from gateway.interactions.write import Writes
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError
from profiles.search.values import literal
from profiles.strict_json import parse

_REFERENCE: Final = re.compile(rb'("reference"\s*:\s*")([^"\\]+)(")')
_OTHER: Final = re.compile(
    rb'("(?!(?:fullUrl|value|valueString|system|text|display|id|reference|div)")\w+"\s*:\s*")'
    rb'(urn:(?:uuid|oid):[^"\\]+)(")'
)
_IN_NARRATIVE: Final = re.compile(rb'((?:href|src)=\\")(urn:(?:uuid|oid):[^"\\]+)(\\")')
_CONDITIONAL: Final = re.compile(r"([A-Z]\w+)\?(.+)")


def resolve(writes: Writes, body: bytes, bundle: dict[str, Any]) -> list[Entry]:
    """The entries of a transaction with every link resolved.

    Parameters
    ----------
    body, bundle
        The Bundle as it came, and parsed.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for an entry that cannot be understood or a resource that is written twice,
        ``precondition`` for a condition that is not met by one resource.
    """
    entries = _understood(read_entries(bundle, writes.base))
    links: dict[str, str] = {}
    for entry in entries:
        _identify(writes, entry, links)
    _require_once(entries)
    rewritten = _rewritten(writes, body, links)
    for entry, again in zip(entries, parse(rewritten).get("entry", []), strict=True):
        entry.resource, entry.request = again.get("resource"), again["request"]
    return entries


def _understood(entries: Iterable[Entry | OperationOutcomeError]) -> list[Entry]:
    found = []
    for at, entry in enumerate(entries):
        if isinstance(entry, OperationOutcomeError):
            raise OperationOutcomeError(
                entry.kind_name, f"entry {at}: {entry.diagnostics}", f"Bundle.entry[{at}]"
            )
        found.append(entry)
    return found


def _identify(writes: Writes, entry: Entry, links: dict[str, str]) -> None:
    """Give the resource of an entry its id, and remember what its placeholder stands for."""
    if entry.method == "POST":
        condition = entry.request.get("ifNoneExist")
        if condition:
            entry.existing = writes.match(entry.kind, condition, "ifNoneExist")
        entry.new_id = new_id() if entry.existing is None else ""
    elif entry.method == "PUT" and not entry.id:
        existing = writes.match(entry.kind, entry.query, "the condition")
        own = (entry.resource or {}).get("id")
        entry.new_id = existing.id if existing is not None else own or new_id()
    elif entry.method != "PUT":
        return
    wanted = entry.id or entry.new_id or (entry.existing.id if entry.existing else "")
    address = f"{entry.kind}/{wanted}"
    if not entry.full_url:
        return
    if links.get(entry.full_url, address) != address:
        raise OperationOutcomeError(
            "invalid", "two entries have the same fullUrl", f"Bundle.entry[{entry.at}].fullUrl"
        )
    links[entry.full_url] = address
    found = literal("/".join(entry.full_url.split("/")[-2:]))
    if found is not None and entry.full_url.startswith("http"):
        links.setdefault("/".join(found), address)


def _require_once(entries: list[Entry]) -> None:
    """No resource may be written by two entries (R4 http.html#trules)."""
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.method in ("GET", "HEAD", "POST"):
            continue
        key = (entry.kind, entry.id or entry.new_id or entry.query)
        if key in seen:
            raise OperationOutcomeError(
                "invalid",
                "two entries of the transaction write the same resource",
                f"Bundle.entry[{entry.at}].request.url",
            )
        seen.add(key)


def _rewritten(writes: Writes, body: bytes, links: dict[str, str]) -> bytes:
    found: dict[bytes, bytes] = {}

    def replaced(match: re.Match[bytes]) -> bytes:
        wanted = match[2]
        made = found.get(wanted)
        if made is None:
            made = found[wanted] = _target(writes, wanted.decode(), links).encode()
        return match[1] + made + match[3]

    body = _REFERENCE.sub(replaced, body)
    if b"urn:" in body:
        body = _IN_NARRATIVE.sub(replaced, _OTHER.sub(replaced, body))
    return body


def _target(writes: Writes, text: str, links: dict[str, str]) -> str:
    """What a reference becomes; a fragment and a version stay behind it."""
    known = links.get(text)
    if known is not None:
        return known
    condition = _CONDITIONAL.fullmatch(text)
    if condition is None:
        return text
    existing = writes.match(condition[1], condition[2], "a conditional reference")
    if existing is None:
        raise OperationOutcomeError(
            "precondition", f"a conditional reference to {condition[1]} matches nothing"
        )
    return f"{existing.type}/{existing.id}"
