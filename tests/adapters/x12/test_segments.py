"""X12 is read as it was written, with whatever delimiters, or refused with the number of a segment."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.x12.characters import is_identifier, plain_text
from adapters.x12.envelope import Addressing, interchange, read_interchanges
from adapters.x12.segments import Delimiters, Segment, read_segments, segment
from profiles.outcome import OperationOutcomeError

STANDARD = Delimiters()
DELIMITERS = st.sampled_from(
    [STANDARD, Delimiters("|", ">", "!", "\n"), Delimiters("\x1d", "\x1f", "^", "\x1c")]
)
DATUM = st.text("ABC abc019.-'&", min_size=1, max_size=12)
ELEMENT = st.one_of(
    DATUM,
    st.just(""),
    st.lists(DATUM, min_size=2, max_size=4).map(tuple),
    st.just(("HC", "", "25")),
)
SEGMENTS = st.lists(
    st.builds(
        lambda name, elements: segment(name, *elements),
        st.sampled_from(["NM1", "N3", "CLM", "SV1", "HI"]),
        st.lists(ELEMENT, max_size=6),
    ),
    max_size=8,
)
ADDRESSING = Addressing(
    ("ZZ", "US"), ("30", "123456789"), 42, datetime(2026, 5, 4, 8, 9, tzinfo=UTC)
)


def _sent(bodies, delimiters=STANDARD):
    given_bodies = [("837", "005010X222A1", body) for body in bodies]
    return interchange(given_bodies, ADDRESSING, delimiters)


def _plain(segments):
    return [(one.id, one.elements) for one in segments]


@given(st.lists(SEGMENTS, min_size=1, max_size=3), DELIMITERS, st.sampled_from(["", "\r\n", "\n"]))
def test_what_is_written_is_read(bodies, delimiters, line_break):
    """Segments, composites and empty elements survive every set of delimiters and line breaks."""
    text = _sent(bodies, delimiters)
    if delimiters.segment != "\n":
        text = text.replace(delimiters.segment, delimiters.segment + line_break)
    (read,) = read_interchanges(text)
    assert [_plain(one.body) for one in read.groups[0].sets] == [_plain(body) for body in bodies]
    assert (read.sender, int(read.control)) == ("ZZ:US", 42)
    assert read.groups[0].version == "005010X222A1"


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    """No text makes the reader fail otherwise than by its error."""
    for tried in (text, "ISA" + text):
        with suppress(OperationOutcomeError):
            read_interchanges(tried)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data):
    """Removing any stretch of a file gives another valid file or an error."""
    text = _sent([[segment("BHT", "0019"), segment("CLM", "1", "10", ("11", "B", "1"))]])
    start = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(1, 20))
    with suppress(OperationOutcomeError):
        read_interchanges(text[:start] + text[start + length :])


def test_a_file_of_several_interchanges_may_change_its_delimiters():
    """Each header says its own delimiters."""
    one = _sent([[segment("N3", "A")]])
    other = _sent([[segment("N3", "A*B")]], Delimiters("|", ">", "!", "'"))
    first, second = read_interchanges(one + "\n" + other + "\n")
    assert first.groups[0].sets[0].body[0].at(1) == "A"
    assert second.groups[0].sets[0].body[0].at(1) == "A*B"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: t.replace("SE*3*", "SE*4*"), "segment 5: SE counts"),
        (lambda t: t.replace("*0001~GE", "*0002~GE"), "segment 5: SE has another control number"),
        (lambda t: t.replace("GE*1*42", "GE*2*42"), "segment 6: GE counts"),
        (lambda t: t.replace("GE*1*42", "GE*1*43"), "segment 6: GE has another"),
        (lambda t: t.replace("IEA*1*000000042", "IEA*1*000000041"), "segment 7: IEA has another"),
        (lambda t: t.replace("SE*3*0001~", ""), "segment 5 is not SE"),
        (lambda t: t.removesuffix("~"), "segment 7 does not end"),
        (lambda t: t[:60], "ISA header is incomplete"),
        (lambda t: t.replace("N3*A~", "*A~"), "segment 4 has no segment id"),
        (lambda t: t.replace(":~GS", "*~GS"), "no delimiters"),
        (lambda t: t + "BHT*1~", "segment 8 is not ISA"),
        (lambda t: t[3:], "does not begin with ISA"),
    ],
)
def test_an_envelope_that_does_not_close_is_refused(damage, said):
    """Counts, control numbers and missing segments are said by the number of the segment."""
    with pytest.raises(OperationOutcomeError, match=said):
        read_interchanges(damage(_sent([[segment("N3", "A")]])))


def test_errors_repeat_nothing_of_the_file():
    """What stands in a file may be about a patient."""
    text = _sent([[segment("NM1", "IL", "1", "SECRETNAME")]]).replace("SE*3", "SE*9")
    with pytest.raises(OperationOutcomeError) as caught:
        read_interchanges(text)
    assert "SECRETNAME" not in str(caught.value)


def test_elements_count_as_the_standard_counts_them():
    """The first element is 1, components too, and what is not there is empty."""
    one = Segment("CLM", (("A",), ("1",), ("11", "B", "7")))
    assert (one.at(1), one.at(3, 3), one.at(3, 4), one.at(9)) == ("A", "7", "", "")
    assert one.components(9) == ()


def test_a_large_file_is_read_in_one_pass():
    """Two hundred thousand segments are no more work each than two."""
    body = [segment("N3", "A")] * 200_000
    assert sum(1 for _ in read_segments(_sent([body]))) == 200_006


@pytest.mark.parametrize(
    ("given_text", "made"),
    [
        ("Müller-Lüdenscheidt", "Muller-Ludenscheidt"),
        ("O\u2019Brien", "O'Brien"),
        ("Suite 4: rear*", "Suite 4 rear"),
        ("two\nlines\x00", None),
        ("two\r\n lines", "two lines"),
        ("Straße", "Strasse"),
        ("王", None),
    ],
)
def test_text_of_people_is_brought_into_the_character_set(given_text, made):
    """Accents, breaks and delimiters are cleaned by rule; a letter without a counterpart is refused."""
    assert plain_text(given_text, Delimiters()) == made


@given(st.text(max_size=30))
def test_cleaned_text_never_holds_a_delimiter(text):
    """Whatever people write, no delimiter and no control character is left of it."""
    made = plain_text(text, Delimiters())
    assert made is None or (is_identifier(made, Delimiters()) and made.isprintable())


def test_an_identifier_is_never_changed():
    """An identifier with a delimiter, an accent or blanks around it is no identifier here."""
    given_texts = ["A1-2", "A*1", "A:1", "Ä1", " A1", "A1\n", "A^1"]
    assert [is_identifier(t, Delimiters()) for t in given_texts] == [True] + [False] * 6
