"""Who speaks, as a person says it, on any transcript."""

from hypothesis import given
from hypothesis import strategies as st

from profiles.outcome import OperationOutcomeError
from profiles.speaker_corrections import (
    CORRECTED,
    ROLES,
    UNKNOWN,
    SpeakerCorrection,
    SpeakerRecord,
    corrected,
    speaker_changes,
    speaker_report,
    with_estimates,
)
from profiles.speech_records import SpeakerRole
from tests.make_note import TRANSCRIPT, transcripts

_corrections = st.lists(
    st.builds(
        SpeakerCorrection,
        st.sampled_from((*ROLES, "cat")),
        st.sampled_from(("", UNKNOWN, *ROLES)),
        st.none() | st.integers(0, 1),
        st.lists(st.integers(0, 5), max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(transcripts(), _corrections)
def test_words_stay_and_only_speakers_change(transcript, corrections):
    """A correction is refused with a reason, or changes roles of named turns and nothing else."""
    try:
        after = corrected(transcript, corrections)
    except OperationOutcomeError:
        return
    named = {number for one in corrections for number in one.segments}
    for old, new in zip(transcript.segments, after.segments, strict=True):
        assert (old.text, old.start_s, old.number) == (new.text, new.start_s, new.number)
        if CORRECTED not in new.flags:
            assert old == new
            assert new.number not in named
        else:
            assert new.role in ROLES
    changed = sum(times for _, _, times in speaker_changes(transcript, after))
    assert changed == sum(
        old.role != new.role for old, new in zip(transcript.segments, after.segments, strict=True)
    )


def test_what_a_scribe_has_estimated_is_said_with_how_sure_it_is():
    """The kept transcript has the role that the note was written with; others stay as they were."""
    after = with_estimates(TRANSCRIPT, (SpeakerRole(2, "doctor", 0.6),))
    assert (after.segments[2].role, after.segments[2].role_confidence) == ("doctor", 0.6)
    assert after.segments[:2] == TRANSCRIPT.segments[:2]


def test_corrections_are_summed_by_engine():
    """Turns looked at and changed, in all and by what had recognised them."""
    one = SpeakerRecord("whisper", "1", 10, (("doctor", "patient", 3),), "Practitioner/1", "2026")
    two = SpeakerRecord("attached", "1", 4, (("unknown", "other", 1),), "Practitioner/1", "2026")
    report = speaker_report([one, one, two])
    assert (report["corrections"], report["segments"], report["changed"]) == (3, 24, 7)
    assert report["engines"]["whisper 1"] == {"corrections": 2, "segments": 20, "changed": 6}
    assert report["changes"]["doctor -> patient"] == 6
