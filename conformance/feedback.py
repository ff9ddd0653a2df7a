"""``isthmus feedback``: what reviewers made of the coder's codes, and what may be learned from it.

report     acceptance by code, category, rule and coder version; what is replaced by what
notes      what was kept of drafted notes, in words, by section and by version of the scribe; speakers
propose    what enough people changed alike often enough; nothing is used before it is approved
evaluate   the effect of proposals on decisions that were never learned from, or on notes with labels
approve    print that effect, then put one proposal into the table of learned defaults
revert     take one default out again, or bring an earlier table back
list       the table in force and its versions
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters.store import Store, open_store
from conformance.feedback_effect import effect_on_claims, effect_on_notes
from gateway.feedback_records import feedback, judged_claims, note_feedback, speaker_feedback
from gateway.settings import TERMINOLOGY, Settings, load_settings
from ml.worker import Places
from profiles.feedback import Learning, Proposal, proposals, report, shown
from profiles.fhir_time import instant
from profiles.note_feedback import note_report
from profiles.outcome import OperationOutcomeError
from profiles.speaker_corrections import speaker_report
from terminology.learned_defaults import (
    LearnedDefault,
    learned_defaults,
    versions,
    write_defaults,
)
from terminology.store_folder import TerminologyError

_USUAL: Final = Learning()
MOST_SHOWN: Final = 20
"""Lines of each table for people; ``--json`` has them all."""


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands; the exit status of the process."""
    chosen = _parser().parse_args(arguments)
    settings = load_settings()
    chosen.folder = Path(chosen.data or settings.data)
    chosen.codes = chosen.folder / TERMINOLOGY
    chosen.settings = settings
    try:
        answer, text = _COMMANDS[chosen.command](chosen)
    except TerminologyError as error:
        raise OperationOutcomeError("invalid", str(error)) from None
    sys.stdout.write(json.dumps(answer, indent=1) + "\n" if chosen.json else text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isthmus feedback",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", default="", help="data folder; default: the setting `data`")
    common.add_argument("--json", action="store_true", help="print JSON")
    learning = argparse.ArgumentParser(add_help=False)
    learning.add_argument("--decisions", type=int, default=_USUAL.decisions)
    learning.add_argument("--persons", type=int, default=_USUAL.persons)
    learning.add_argument("--share", type=float, default=_USUAL.share)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("report", parents=[common], help="acceptance of what was suggested")
    commands.add_parser("notes", parents=[common], help="what was kept of drafted notes")
    commands.add_parser("propose", parents=[common, learning], help="what may be learned")
    evaluate = commands.add_parser("evaluate", parents=[common, learning], help="the effect")
    evaluate.add_argument("ids", nargs="*", metavar="ID", help="proposals; all where none is named")
    evaluate.add_argument("--notes", type=Path, help="CSV of notes instead of the site's own")
    evaluate.add_argument("--labels", type=Path, help="codes of these notes")
    approve = commands.add_parser("approve", parents=[common, learning], help="use a proposal")
    approve.add_argument("id", metavar="ID")
    approve.add_argument("--by", required=True, metavar="NAME", help="who approves it")
    approve.add_argument(
        "--anyway", action="store_true", help="although its effect is bad or not known"
    )
    revert = commands.add_parser("revert", parents=[common], help="take a default out again")
    revert.add_argument("id", nargs="?", default="", metavar="ID")
    revert.add_argument("--to", type=int, metavar="VERSION", help="bring this version back")
    commands.add_parser("list", parents=[common], help="the table in force")
    return parser


Answer = tuple[Any, str]


@contextmanager
def _store(settings: Settings, folder: Path) -> Iterator[Store]:
    if not settings.database and not (folder / "isthmus.sqlite").exists():
        raise OperationOutcomeError("not-found", "there is no store in the data folder")
    store = open_store(folder, database=settings.database, tends=False)
    try:
        yield store
    finally:
        store.close()


def _report(chosen: argparse.Namespace) -> Answer:
    with _store(chosen.settings, chosen.folder) as store:
        found = report([record for call in feedback(store) for record in call.records])
    return found, _for_people(found)


def _notes(chosen: argparse.Namespace) -> Answer:
    with _store(chosen.settings, chosen.folder) as store:
        found = {
            **note_report(note_feedback(store)),
            "speakers": speaker_report(speaker_feedback(store)),
        }
    rows = {"all sections": found["all"], **found["sections"], **found["scribes"]}
    lines = [
        f"{name:<40}{row['accepted']:>6}{row['modified']:>6}{row['rejected']:>6}"
        f"{row['kept'] or 0:>8.1%}{row['edited'] or 0:>8.1%}\n"
        for name, row in rows.items()
    ]
    head = f"{'':<40}{'acc.':>6}{'mod.':>6}{'rej.':>6}{'kept':>8}{'edited':>8}\n"
    return found, "".join([head, *lines, _speakers_line(found["speakers"])])


def _speakers_line(found: Mapping[str, Any]) -> str:
    changes = ", ".join(f"{name} {times}" for name, times in found["changes"].items())
    said = f"{found['corrections']} corrections, {found['changed']} of {found['segments']} turns"
    return f"speakers: {said}{f' ({changes})' if changes else ''}\n"


def _propose(chosen: argparse.Namespace) -> Answer:
    found = [shown(one) for one in _proposals(chosen)]
    lines = [
        f"{p['id']}  {p['suggested']} -> {p['chosen'] or 'nothing'}  "
        f"{p['decisions']} of {p['of']} decisions, {p['persons']} persons  {p['term']}\n"
        for p in found
    ]
    return found, "".join(lines) or "Nothing has been decided alike often enough.\n"


def _proposals(chosen: argparse.Namespace) -> list[Proposal]:
    """Proposals out of the open side, without what is in force already."""
    wanted = Learning(chosen.decisions, chosen.persons, chosen.share)
    with _store(chosen.settings, chosen.folder) as store:
        records = [r for call in feedback(store) if not call.sealed for r in call.records]
    used = {row.id for row in learned_defaults(chosen.codes)}
    return [one for one in proposals(records, wanted) if one.id not in used]


def _rows(found: Sequence[Proposal], by: str) -> tuple[LearnedDefault, ...]:
    now = instant(datetime.now(UTC))
    return tuple(
        LearnedDefault(
            one.id,
            one.term,
            one.suggested.system,
            one.suggested.code,
            "" if one.chosen is None else one.chosen.code,
            one.suggested.version if one.chosen is None else one.chosen.version,
            by,
            now,
            one.decisions,
            one.persons,
        )
        for one in found
    )


def _evaluate(chosen: argparse.Namespace) -> Answer:
    known = {one.id: one for one in _proposals(chosen)}
    missing = [id_ for id_ in chosen.ids if id_ not in known]
    if missing:
        raise OperationOutcomeError("not-found", "there is no such proposal; see feedback propose")
    wanted = [known[id_] for id_ in chosen.ids] or list(known.values())
    found = _effect(chosen, wanted)
    return found, _effect_for_people(found)


def _effect(chosen: argparse.Namespace, wanted: Sequence[Proposal]) -> dict[str, Any]:
    before = learned_defaults(chosen.codes)
    after = (*before, *_rows(wanted, "nobody yet"))
    if getattr(chosen, "notes", None) is not None:
        if chosen.labels is None:
            raise OperationOutcomeError("required", "notes are evaluated with --labels", "labels")
        places = Places(Path(chosen.settings.models), chosen.codes)
        return effect_on_notes(chosen.notes, chosen.labels, places, before, after)
    with _store(chosen.settings, chosen.folder) as store:
        return effect_on_claims(list(judged_claims(store)), chosen.codes, before, after)


def _approve(chosen: argparse.Namespace) -> Answer:
    wanted = [one for one in _proposals(chosen) if one.id == chosen.id]
    if not wanted:
        raise OperationOutcomeError("not-found", "there is no such proposal; see feedback propose")
    found = _effect(chosen, wanted)
    text = _effect_for_people(found)
    doubt = _doubt(found)
    if doubt and not chosen.anyway:
        raise OperationOutcomeError(
            "business-rule", f"{text}{doubt}; --anyway approves it all the same"
        )
    before = learned_defaults(chosen.codes)
    known = versions(chosen.codes)
    rows = (*before, *_rows(wanted, chosen.by))
    version = write_defaults(chosen.codes, rows, known[-1] if known else 0)
    answer = {"version": version, "approved": asdict(rows[-1]), "effect": found}
    return answer, f"{text}Approved by {chosen.by}: version {version} is in force.\n"


def _doubt(found: Mapping[str, Any]) -> str:
    """What speaks against approving a default with this effect; empty when nothing does."""
    if not found["changed"]:
        return "no sealed decision is touched by it: its effect is not known"
    worse = found["exact"]["after"]["f1"] < found["exact"]["before"]["f1"]
    return "on the sealed decisions this makes codes worse" if worse else ""


def _revert(chosen: argparse.Namespace) -> Answer:
    if bool(chosen.id) == (chosen.to is not None):
        raise OperationOutcomeError("required", "revert takes an ID, or --to VERSION")
    known = versions(chosen.codes)
    now = learned_defaults(chosen.codes)
    if chosen.id:
        rows = tuple(row for row in now if row.id != chosen.id)
        if rows == now:
            raise OperationOutcomeError("not-found", "no default of this ID is in force")
    else:
        rows = learned_defaults(chosen.codes, chosen.to)
    version = write_defaults(chosen.codes, rows, known[-1] if known else 0)
    answer = {"version": version, "defaults": [asdict(row) for row in rows]}
    return answer, f"Version {version} is in force, with {len(rows)} defaults.\n"


def _list(chosen: argparse.Namespace) -> Answer:
    rows = learned_defaults(chosen.codes)
    known = versions(chosen.codes)
    lines = [
        f"{row.id}  {row.replaces} -> {row.code or 'nothing'}  approved by {row.approved_by} on "
        f"{row.approved_at[:10]}  {row.term}\n"
        for row in rows
    ]
    answer = {"versions": list(known), "defaults": [asdict(row) for row in rows]}
    return answer, "".join(lines) or "No default is in force.\n"


def _for_people(found: Mapping[str, Any]) -> str:
    parts = [
        f"{found['decisions']} decisions, {found['on_codes']} on single codes.\n",
        _rates_line("all", found["overall"]),
    ]
    for name in ("by_code", "by_category", "by_rule", "by_coder"):
        parts.append(f"\n{name.replace('_', ' ')}\n")
        parts += [_rates_line(one["key"], one) for one in found[name][:MOST_SHOWN]]
        parts.append(_more(found[name]))
    parts.append("\nreplaced\n")
    parts += [
        f"{one['times']:>6}  {one['suggested']} -> {one['chosen']}\n"
        for one in found["replaced"][:MOST_SHOWN]
    ]
    return "".join([*parts, _more(found["replaced"])])


def _more(listed: Sequence[Any]) -> str:
    left = len(listed) - MOST_SHOWN
    return f"        and {left} more; --json has all\n" if left > 0 else ""


def _rates_line(key: str, rates: Mapping[str, Any]) -> str:
    share = "     -" if rates["acceptance"] is None else f"{rates['acceptance']:6.1%}"
    counts = ", ".join(
        f"{rates[name]} {name}" for name in ("accepted", "modified", "rejected", "added")
    )
    return f"{share}  {key}: {counts}\n"


def _effect_for_people(found: Mapping[str, Any]) -> str:
    lines = [
        f"{found['encounters']} encounters, {found['changed']} of them changed ({found['on']}).\n"
    ]
    for level in ("exact", "category"):
        before, after = found[level]["before"], found[level]["after"]
        lines.append(
            f"{level:<9} micro-F1 {before['f1']:.4f} -> {after['f1']:.4f}  "
            f"precision {before['precision']:.4f} -> {after['precision']:.4f}  "
            f"recall {before['recall']:.4f} -> {after['recall']:.4f}\n"
        )
    return "".join(lines)


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], Answer]]] = {
    "notes": _notes,
    "report": _report,
    "propose": _propose,
    "evaluate": _evaluate,
    "approve": _approve,
    "revert": _revert,
    "list": _list,
}
