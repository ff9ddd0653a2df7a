"""``isthmus evaluate asr``: how many words a recogniser gets wrong, by one documented normaliser.

Pairs come as a table (CSV, TSV) with the columns ``reference`` and ``hypothesis`` (and ``id``), as JSON
lines with these members, or as files: as many references as hypotheses in the same order, or two folders
whose files have the same names (plain text, WebVTT, our transcripts as JSON). Lists of terms hold one term a
line; ``#`` begins a remark. Lines that begin with a speaker ("doctor:", "[patient]") give cpWER as well. No
word of a text is printed or written; terms of your lists are.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conformance.asr_pairs import Pair, pairs_beside, read_pairs
from conformance.asr_scores import TermErrors, align, speaker_errors, term_errors
from conformance.asr_words import SPEAKER, words_of

LONGEST_WORDS: Final = 10_000
"""An hour of talk. Alignment takes memory by the product of the words, 200 MB here: cut longer texts."""

_SHOWN: Final = 10


@dataclass(slots=True)
class Total:
    """Errors of all pairs together.

    Parameters
    ----------
    words, substitutions, deletions, insertions : int
    speaker_words, speaker_errors : int
        Of the pairs in which both texts name speakers.
    terms : dict of str to TermErrors
        By list.
    """

    words: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    speaker_words: int = 0
    speaker_errors: int = 0
    terms: dict[str, TermErrors] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    """Evaluate and print; 0 unless the material cannot be read."""
    chosen = _parser().parse_args(arguments)
    try:
        pairs = list(_pairs(chosen))
        lists = {"terms": chosen.terms, "drugs": chosen.drugs}
        terms = {name: read_terms(file) for name, file in lists.items() if file is not None}
    except (OSError, UnicodeError, csv.Error, ValueError) as error:
        sys.stderr.write(f"isthmus evaluate asr: {error}\n")
        return 2
    result = evaluate(pairs, terms)
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in _for_people(result)))
    return 0


def evaluate(pairs: Sequence[Pair], terms: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Score pairs.

    Parameters
    ----------
    pairs : sequence of Pair
    terms : mapping of str to mapping
        By the name of a list, what ``read_terms`` gives.

    Returns
    -------
    dict
        Rates of all words together, and of each pair.
    """
    total = Total(terms={name: TermErrors() for name in terms})
    each = [_scored(pair, terms, total) for pair in pairs]
    errors = total.substitutions + total.deletions + total.insertions
    result: dict[str, Any] = {
        "pairs": len(pairs),
        "words": total.words,
        "wer": _rate(errors, total.words),
        "substitutions": total.substitutions,
        "deletions": total.deletions,
        "insertions": total.insertions,
    }
    if total.speaker_words:
        result["cpwer"] = _rate(total.speaker_errors, total.speaker_words)
    for name, found in total.terms.items():
        result[name] = {
            "words": found.words,
            "wer": _rate(found.missed, found.words),
            "invented": found.invented,
            "missed": dict(found.missed_terms.most_common()),
        }
    return {**result, "each": each}


def read_terms(file: Path) -> dict[str, str]:
    """Normalised words of each term, joined by blanks, to the line that it stands on."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    named = (line.partition("#")[0].strip() for line in lines)
    return {" ".join(words): name for name in named if (words := words_of(name))}


def by_speaker(text: str) -> dict[str, list[str]]:
    """The words of each speaker; empty where a line does not say whose it is."""
    marks = list(SPEAKER.finditer(text))
    if not marks or text[: marks[0].start()].strip():
        return {}
    said: dict[str, list[str]] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        name = (mark.group(1) or mark.group(2)).lower()
        said.setdefault(name, []).append(text[mark.end() : end])
    return {name: words_of(" ".join(parts)) for name, parts in said.items()}


def _scored(pair: Pair, terms: Mapping[str, Mapping[str, str]], total: Total) -> dict[str, Any]:
    reference, hypothesis = words_of(pair.reference), words_of(pair.hypothesis)
    if max(len(reference), len(hypothesis)) > LONGEST_WORDS:
        return {"id": pair.name, "refused": f"longer than {LONGEST_WORDS} words"}
    aligned = align(reference, hypothesis)
    total.words += len(reference)
    total.substitutions += aligned.substitutions
    total.deletions += aligned.deletions
    total.insertions += aligned.insertions
    scored: dict[str, Any] = {
        "id": pair.name,
        "words": len(reference),
        "wer": _rate(aligned.errors, len(reference)),
    }
    for name, known in terms.items():
        found = term_errors(reference, hypothesis, aligned, known)
        total.terms[name].add(found)
        scored[name] = _rate(found.missed, found.words)
    return scored | _by_speakers(pair, total)


def _by_speakers(pair: Pair, total: Total) -> dict[str, float | None]:
    said, heard = by_speaker(pair.reference), by_speaker(pair.hypothesis)
    errors = speaker_errors(said, heard) if said and heard else None
    if errors is None:
        return {}
    words = sum(map(len, said.values()))
    total.speaker_words += words
    total.speaker_errors += errors
    return {"cpwer": _rate(errors, words)}


def _rate(errors: int, words: int) -> float | None:
    """Errors per word; without a word there is none."""
    return round(errors / words, 5) if words else None


def _for_people(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"{result['pairs']} pairs, {result['words']} words"
    kinds = ", ".join(
        f"{result[kind]} {kind}" for kind in ("substitutions", "deletions", "insertions")
    )
    yield f"WER        {_percent(result['wer'])}  ({kinds})"
    if "cpwer" in result:
        yield f"cpWER      {_percent(result['cpwer'])}"
    for name, title in (("terms", "Term WER"), ("drugs", "Drug WER")):
        if name in result:
            found = result[name]
            yield (
                f"{title:<10} {_percent(found['wer'])}  "
                f"({found['words']} words, {found['invented']} invented)"
            )
            missed = list(found["missed"].items())[:_SHOWN]
            if missed:
                yield "           missed " + ", ".join(f"{term} {times}" for term, times in missed)
    for one in result["each"]:
        if "refused" in one:
            yield f"not scored: {one['id']} is {one['refused']}"


def _percent(rate: float | None) -> str:
    return "    -" if rate is None else f"{100 * rate:5.1f} %"


def _pairs(chosen: argparse.Namespace) -> Iterator[Pair]:
    if not chosen.pairs and not chosen.reference and not chosen.hypothesis:
        raise ValueError("--pairs, or --reference and --hypothesis, are needed")
    for file in chosen.pairs:
        yield from read_pairs(file)
    yield from pairs_beside(chosen.reference, chosen.hypothesis)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isthmus evaluate asr",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--pairs",
        type=Path,
        action="append",
        default=[],
        help="CSV, TSV or JSON lines; may be given again",
    )
    add("--reference", type=Path, action="append", default=[], help="file or folder as it was said")
    add(
        "--hypothesis",
        type=Path,
        action="append",
        default=[],
        help="file or folder as it was recognised",
    )
    add("--terms", type=Path, help="medical terms, one a line")
    add("--drugs", type=Path, help="names of drugs, one a line")
    add("--json", dest="out", type=Path, metavar="OUT", help="write everything, with each pair")
    return parser
