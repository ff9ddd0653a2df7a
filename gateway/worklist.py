"""What waits for a person, and what could not be drafted: two lists in pages, each by a key.

A line costs two reads; a page begins where the last one ended, so the last page of a long list is as fast as
the first.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.store import Store
from gateway.cursor import opened, sealed
from gateway.page import patient_words, target, words
from profiles.outcome import OperationOutcomeError
from profiles.search.request import Pair, understand
from profiles.task import (
    ADJUDICATE,
    ANALYZE,
    CODE,
    FOLLOW_UP,
    TRANSCRIBE,
    UNDONE,
    code_of,
    why_undone,
)
from terminology.coding import Code
from terminology.systems import TASK_CODE, TASK_STATE

PAGE: Final = 25
PAGES: Final = {
    "Composition": "/notes",
    "DiagnosticReport": "/reports",
    "Claim": "/claims",
    "ClaimResponse": "/received",
}
"""Where a person reviews what a Task is about."""
KINDS: Final = {
    "": "Everything",
    "Composition": "Notes",
    "DiagnosticReport": "Reports",
    "Claim": "Claims",
    "ClaimResponse": "Received claims",
}
ORDERS: Final = {"longest": "authored-on", "newest": "-authored-on"}
_WAITING: Final = ("awaiting-review", "awaiting-person")
_DRAFTING: Final = (TRANSCRIBE, CODE, ANALYZE)
_STEPS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def worklist(store: Store, asked: Mapping[str, str]) -> dict[str, Any]:
    """One page of what waits, the longest wait first unless ``order`` says ``newest``.

    Parameters
    ----------
    asked : mapping
        ``kind`` (a type of ``KINDS``), ``order``, ``after`` (a cursor); what is unknown counts as not given.
    """
    kind = asked.get("kind", "") if asked.get("kind") in KINDS else ""
    order = asked.get("order", "") if asked.get("order") in ORDERS else "longest"
    pairs = [("business-status", _states(_WAITING)), ("status", "requested")]
    if kind:
        pairs.append((f"focus:{kind}._id:missing", "false"))
    pairs.append(("_sort", ORDERS[order]))
    found, after = _page(store, pairs, asked.get("after", ""), f"worklist {kind} {order}")
    now = datetime.now(UTC)
    return {
        "lines": [_waiting(store, task, now) for task in found],
        "after": after,
        "kind": kind,
        "order": order,
        "first": not asked.get("after"),
        "kinds": KINDS,
    }


def not_drafted(store: Store, after: str) -> dict[str, Any]:
    """One page of the jobs that have ended without a result, the newest first, each with its reason.

    One that a later job on the same thing has made good is not shown.
    """
    pairs = [
        ("business-status", _states(sorted(UNDONE))),
        ("code", _codes(_DRAFTING)),
        ("_sort", "-_lastUpdated"),
    ]
    found, following = _page(store, pairs, after, "not drafted")
    now = datetime.now(UTC)
    lines = [_undone(store, task, now) for task in found if _is_last(store, task)]
    return {"lines": lines, "after": following, "first": not after}


def address_of(task: Mapping[str, Any]) -> str:
    """The page on which a person looks at what a Task is about; empty where there is none."""
    kind, _, key = str(task.get("focus", {}).get("reference", "")).partition("/")
    return f"{PAGES[kind]}/{key}" if kind in PAGES and key and "/" not in key else ""


def age(authored: str, now: datetime) -> str:
    """How long ago something was, in the largest unit that it fills."""
    try:
        then = datetime.fromisoformat(authored)
    except ValueError:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = (now - then).total_seconds()
    for length, name in _STEPS:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {name}{'' if number == 1 else 's'}"
    return "just now"


def _page(
    store: Store, pairs: Sequence[Pair], cursor: str, purpose: str
) -> tuple[list[dict[str, Any]], str]:
    """Tasks of one page, and the cursor of the next, empty on the last.

    An address that somebody has typed or cut leads to the first page.
    """
    store.refresh()
    wanted = understand(("Task",), pairs, store.registry.searchable)
    wanted.count, wanted.total = PAGE, "none"
    page = store.run(wanted, after=_place(store, cursor, purpose))
    after = "" if page.after is None else sealed(store, page.after, purpose)
    return [match.json() for match in page.matches], after


def _place(store: Store, cursor: str, purpose: str) -> list[Any] | None:
    try:
        return opened(store, cursor, purpose) if cursor else None
    except OperationOutcomeError:
        return None


def _waiting(store: Store, task: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    focus = target(store, task.get("focus"))
    kind = str(focus.get("resourceType", ""))
    asked = "Follow up" if code_of(task) == FOLLOW_UP.code else ""
    line = _line(store, task, focus, now)
    if asked and kind == "ClaimResponse":  # followed up on the page of the Claim that was answered
        line["href"] = address_of({"focus": focus.get("request", {})}) or line["href"]
    return {
        **line,
        "what": " · ".join(filter(None, (asked, _named(kind, focus, code_of(task))))),
        "state": str(focus.get("status", "")),
        "reason": words(task.get("reasonCode")) if asked else "",
    }


def _undone(store: Store, task: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        **_line(store, task, {}, now),
        "what": words(task.get("code")),
        "state": words(task.get("businessStatus")),
        "reason": why_undone(task),
    }


def _line(
    store: Store, task: Mapping[str, Any], about: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    authored = str(task.get("authoredOn") or task["meta"]["lastUpdated"])
    patient = target(store, task.get("for") or about.get("subject") or about.get("patient"))
    return {
        "href": address_of(task) or f"/fhir/Task/{task['id']}?_pretty=true",
        "patient": patient_words(patient) if patient else "not known here",
        "authored": authored,
        "age": age(authored, now),
    }


def _named(kind: str, focus: Mapping[str, Any], code: str) -> str:
    """What it is, in words: the type of the note, else its kind."""
    if kind == "Composition":
        return str(focus.get("title") or words(focus.get("type")) or "Note")
    if kind == "DiagnosticReport":
        return words(focus.get("code")) or "Report"
    if code == ADJUDICATE.code:
        return "Received claim"
    return {"Claim": "Claim", "ClaimResponse": "Payer's answer"}.get(kind, "Review")


def _is_last(store: Store, task: Mapping[str, Any]) -> bool:
    """Whether no later job of the same kind has dealt with the same thing."""
    focus = str(task.get("focus", {}).get("reference", ""))
    wanted = [
        ("focus", focus),
        ("code", f"{TASK_CODE}|{code_of(task)}"),
        ("_sort", "-_lastUpdated"),
    ]
    newest = store.search("Task", wanted, count=1).matches if focus else ()
    return not newest or newest[0].id == task["id"]


def _states(codes: Sequence[str]) -> str:
    return ",".join(f"{TASK_STATE}|{code}" for code in codes)


def _codes(codes: Sequence[Code]) -> str:
    return ",".join(f"{one.system}|{one.code}" for one in codes)
