"""What a demonstration says."""

import sys


def say(text: str) -> None:
    """Write at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_progress(what: str, done: int, total: int) -> None:
    """One quiet line on a terminal, a line at the end elsewhere."""
    if sys.stdout.isatty():
        bar = "█" * round(20 * done / total)
        say(f"\r{what:<40} ▕{bar:<20}▏ {done}/{total}" + ("\n" if done == total else ""))
    elif done == total:
        say(f"{what}: {done} instances stored\n")
