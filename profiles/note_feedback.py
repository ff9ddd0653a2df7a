"""What reviewers made of drafted notes: decisions and words, by section and by version of the scribe."""

from collections.abc import Iterable, Mapping
from typing import Any

from profiles.note_decisions import ACCEPTED, MODIFIED, REJECTED, SectionRecord


def note_report(records: Iterable[SectionRecord]) -> dict[str, Any]:
    """Counts in all, by section and by scribe; ``kept`` is the share of drafted words that stood.

    ``edited`` is the share of words that a person has put in or taken out, of those before and after.
    """
    whole: dict[str, int] = {}
    sections: dict[str, dict[str, int]] = {}
    scribes: dict[str, dict[str, int]] = {}
    for record in records:
        named = f"{record.section} {record.title}".strip()
        scribe = f"{record.scribe} {record.scribe_version}".strip()
        for counts in (
            whole,
            sections.setdefault(named, {}),
            scribes.setdefault(scribe, {}),
        ):
            _add(counts, record)
    return {
        "all": _shares(whole),
        "sections": {name: _shares(counts) for name, counts in sorted(sections.items())},
        "scribes": {name: _shares(counts) for name, counts in sorted(scribes.items())},
    }


def _add(counts: dict[str, int], record: SectionRecord) -> None:
    changes = record.changes
    said = {
        "decisions": 1,
        record.decision: 1,
        "words_before": changes.before,
        "words_after": changes.after,
        "words_kept": changes.kept,
        "words_inserted": changes.inserted,
        "words_deleted": changes.deleted,
        "sentences": record.sentences,
        "sentences_kept": record.sentences_kept,
    }
    for name, number in said.items():
        counts[name] = counts.get(name, 0) + number


def _shares(counts: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {ACCEPTED: 0, MODIFIED: 0, REJECTED: 0, **counts}
    before, after = counts.get("words_before", 0), counts.get("words_after", 0)
    changed = counts.get("words_inserted", 0) + counts.get("words_deleted", 0)
    found["kept"] = round(counts["words_kept"] / before, 4) if before else None
    found["edited"] = round(changed / (before + after), 4) if before + after else None
    return found
