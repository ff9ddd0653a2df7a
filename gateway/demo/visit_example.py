"""The visit of the demonstration: an invented dialogue, written for this purpose, and what it says."""

from collections.abc import Sequence
from typing import Final

DIALOGUE: Final = (
    ("Doctor", "Good morning, Mrs. Sample. What brings you in today?"),
    ("Patient", "My left shoulder has been hurting for about three weeks, mostly at night."),
    ("Doctor", "Did you fall or injure it?"),
    ("Patient", "No, I painted the kitchen ceiling, and it started the day after."),
    ("Doctor", "Any numbness or tingling in the hand?"),
    ("Patient", "No, nothing like that."),
    ("Doctor", "What have you taken for it?"),
    ("Patient", "I take ibuprofen 400 milligrams twice a day, and it helps a little."),
    ("Doctor", "And your blood pressure, are you still on lisinopril?"),
    ("Patient", "Yes, 20 milligrams every morning."),
    ("Doctor", "Your blood pressure today is 132 over 78."),
    (
        "Doctor",
        "On your exam there is tenderness over the left shoulder, and lifting the arm is painful.",
    ),
    ("Doctor", "I think you have tendinitis of the left rotator cuff."),
    ("Doctor", "I want you to start physical therapy and to continue the ibuprofen."),
    ("Doctor", "Your hypertension is well controlled, so continue lisinopril 20 milligrams a day."),
    ("Doctor", "I will see you back in six weeks."),
)
SAID: Final = ("ibuprofen", "lisinopril", "132", "left shoulder")
"""Words that have to be in the note."""
SECONDS: Final = 4


def webvtt(times: Sequence[tuple[float, float]] = ()) -> str:
    """The dialogue as a transcript (W3C WebVTT).

    Parameters
    ----------
    times : sequence of (float, float)
        Of each turn, where it was spoken; else each takes a few seconds.
    """
    spans = times or [(at * SECONDS, (at + 1) * SECONDS) for at in range(len(DIALOGUE))]
    cues = [
        f"{_moment(start)} --> {_moment(end)}\n<v {who}>{text}\n"
        for (start, end), (who, text) in zip(spans, DIALOGUE, strict=True)
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def _moment(seconds: float) -> str:
    minutes, milliseconds = divmod(round(1000 * seconds), 60_000)
    return f"00:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
