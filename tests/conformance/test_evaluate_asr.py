"""``isthmus evaluate asr`` counts what is wrong, and nothing that is but written in another way."""

import csv
import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import evaluate
from conformance.asr_numbers import with_digits
from conformance.asr_scores import align, distances, occurrences, speaker_errors, term_errors
from conformance.asr_spelling import american
from conformance.asr_words import words_of
from conformance.evaluate_asr import by_speaker, read_terms

WORDS = st.lists(st.sampled_from("abcd"), max_size=7)


def slow_distance(one, other):
    """Edit distance by its definition."""

    @cache
    def rest(i, j):
        if i == len(one) or j == len(other):
            return len(one) - i + len(other) - j
        same = rest(i + 1, j + 1) + (one[i] != other[j])
        return min(same, rest(i + 1, j) + 1, rest(i, j + 1) + 1)

    return rest(0, 0)


@given(WORDS, WORDS)
@settings(max_examples=200, deadline=None)
def test_the_alignment_has_the_fewest_errors(one, other):
    """The fast table agrees with the definition, and the alignment with its own counts."""
    aligned = align(one, other)
    assert aligned.errors == int(distances(one, other)[-1, -1]) == slow_distance(one, other)
    assert [i for i, _ in aligned.pairs if i is not None] == list(range(len(one)))
    assert [j for _, j in aligned.pairs if j is not None] == list(range(len(other)))
    assert aligned.deletions == sum(j is None for _, j in aligned.pairs)
    assert aligned.insertions == sum(i is None for i, _ in aligned.pairs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("OK, Mum.", "okay mom"),
        ("It's 140/90.", "it is one hundred and forty over ninety"),
        ("one forty over ninety", "140 over 90"),
        ("I can't; she won't, we're sorry", "I can not she will not we are sorry"),
        ("gonna take 20mg", "going to take twenty milligrams"),
        ("2.5 ml", "two point five millilitres"),
        ("1,500 steps", "one thousand five hundred steps"),
        ("a hundred and five percent", "105%"),
        ("[inaudible] um the \u2018chest\u2019 pain", "the chest pain"),
        ("Doctor: hello\nPatient: hi", "hello hi"),
        ("[doctor] hello\n[patient] hi", "hello hi"),
        ("the first dose", "the 1st dose"),
        ("the patient's anaemia", "the patients anemia"),
        ("twenty-three", "23"),
        ("mm-hmm yes uh-huh", "yes"),
        ("one oh five over seventy", "105/70"),
        ("point five milligrams", ".5 mg"),
        ("zero point zero five", "0.050"),
        ("two and a half tablets", "2\u00bd tablets"),
        ("one and a half", "1 1/2"),
        ("half a tablet", "1/2 a tablet"),
        ("four to six weeks", "4-6 weeks"),
        ("at five thirty", "at 5:30"),
        ("ten thirty", "10:30"),
        ("nineteen eighty five", "1985"),
        ("the twenty-first", "the 21st"),
        ("thirtieth", "30th"),
        ("twenty dollars", "$20"),
        ("minus five", "-5"),
        ("A1C", "a one C"),
        ("b.i.d.", "BID"),
        ("twice per day", "twice/day"),
        ("90 milligrams per deciliter", "90mg/dL"),
        ("five millimeters", "5mm"),
        ("mm yes (laughs)", "yes"),
        ("She's been well", "she has been well"),
        ("it ain't", "it is not"),
        ("A&E", "a and e"),
        ("caf\u00e9", "cafe"),
    ],
)
def test_two_ways_of_writing_are_one(one, other):
    """What is said alike is compared alike."""
    assert words_of(one) == words_of(other)


def test_what_differs_stays_different():
    """An "oh" is no zero, a point between numbers stays, and other words are others."""
    assert words_of("oh no") == ["oh", "no"]
    assert words_of("2.5") != words_of("25")
    assert words_of("hydroxyzine") != words_of("hydralazine")
    assert words_of("no pain") != words_of("pain")
    assert words_of("the ER") == ["the", "er"]
    assert words_of("at this point five") == ["at", "this", "point", "5"]
    assert words_of(".5 mg") != words_of("5 mg")
    assert words_of("a twenty second hold") != words_of("a 22nd hold")
    assert words_of("(he takes aspirin)") == ["he", "takes", "aspirin"]
    assert words_of("555-1212") == ["555", "1212"]


TRICKY = """
one two nineteen twenty forty first second hundred thousand and a half point oh 1 5 0 30
c mm st oedema's 's been haemo ise our b.i.d. $ 1/2 - . : 'd ain't mum
"""
SPOKEN = st.lists(st.sampled_from(TRICKY.split())).map(" ".join)


@given(st.text(max_size=80) | st.text("amokdr '.19/%-:$&nte", max_size=40) | SPOKEN)
@settings(max_examples=600, deadline=None)
def test_any_text_has_words(text):
    """The normaliser takes any text, and they stay as they are when taken again."""
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    for word in words:
        assert word
        assert not any(letter.isspace() for letter in word)


NUMBERS = st.integers(min_value=0, max_value=999_999)
UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"


def spoken(number):
    """A number as it is said, written independently of what reads it."""
    if number >= 1000:
        rest = f" {spoken(number % 1000)}" if number % 1000 else ""
        return f"{spoken(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {spoken(number % 100)}" if number % 100 else ""
        return f"{spoken(number // 100)} hundred{rest}"
    if number >= 20:
        rest = f" {spoken(number % 10)}" if number % 10 else ""
        return f"{TEN_WORDS.split()[number // 10 - 2]}{rest}"
    return UNIT_WORDS.split()[number]


@given(NUMBERS)
@settings(max_examples=200, deadline=None)
def test_every_spoken_number_is_read(number):
    """Numbers below a million come out as their digits."""
    assert with_digits(f"take {spoken(number)} tablets".split()) == ["take", str(number), "tablets"]


def test_terms_are_counted_by_their_words():
    """A missed drug, a half-missed one and an invented one are each counted, the longest term first."""
    terms = {"metformin": "Metformin", "insulin glargine": "Insulin glargine", "insulin": "Insulin"}
    said = words_of("she takes metformin and insulin glargine")
    heard = words_of("she takes met forming and insulin large in aspirin metformin")
    assert occurrences(said, terms) == [(2, 3, "Metformin"), (4, 6, "Insulin glargine")]
    found = term_errors(said, heard, align(said, heard), terms)
    assert (found.words, found.missed, found.invented) == (3, 2, 1)
    assert dict(found.missed_terms) == {"Metformin": 1, "Insulin glargine": 1}


def test_speakers_are_assigned_as_fits_best():
    """Names of speakers do not matter, only who says what; a speaker too many costs their words."""
    said = {"doctor": ["a", "b"], "patient": ["c", "d"]}
    assert speaker_errors(said, {"1": ["c", "d"], "0": ["a", "x"]}) == 1
    assert speaker_errors(said, {"1": ["a", "b"]}) == 2
    assert speaker_errors({str(n): [] for n in range(9)}, {}) is None
    assert by_speaker("doctor: hi\npatient: oh hi\ndoctor: ok") == {
        "doctor": ["hi", "okay"],
        "patient": ["oh", "hi"],
    }
    assert by_speaker("hello\ndoctor: hi") == {}


def test_a_table_of_pairs_is_scored(tmp_path, capsys):
    """Rates of all words, terms and drugs are printed and written, and no text is."""
    pairs, drugs, out = tmp_path / "pairs.csv", tmp_path / "drugs.txt", tmp_path / "out.json"
    rows = [
        {
            "id": "a",
            "reference": "I take Metformin daily",
            "hypothesis": "i take met forming daily",
        },
        {"id": "b", "reference": "no pain at all", "hypothesis": "No pain at all."},
    ]
    with pairs.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "reference", "hypothesis"])
        writer.writeheader()
        writer.writerows(rows)
    drugs.write_text("# my drugs\nMetformin\n\n")
    arguments = ["--pairs", str(pairs), "--drugs", str(drugs), "--json", str(out)]
    assert evaluate.main(["asr", *arguments]) == 0
    result = json.loads(out.read_text())
    assert (result["words"], result["wer"]) == (8, 0.25)
    assert result["drugs"] == {
        "words": 1,
        "wer": 1.0,
        "invented": 0,
        "missed": {"Metformin": 1},
    }
    printed = capsys.readouterr().out
    assert "25.0 %" in printed
    assert "pain" not in printed + out.read_text()


def test_text_files_with_speakers_give_cpwer(tmp_path, capsys):
    """A swap of speakers costs words and not speakers."""
    said, heard = tmp_path / "said.txt", tmp_path / "heard.txt"
    said.write_text("Doctor: how are you\nPatient: fine\n")
    heard.write_text("S1: fine\nS0: how are you\n")
    assert evaluate.main(["asr", "--reference", str(said), "--hypothesis", str(heard)]) == 0
    printed = capsys.readouterr().out
    assert "cpWER        0.0 %" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--reference", "a"],
        ["--pairs", "absent.csv"],
        ["--pairs", "bad.csv"],
        ["--pairs", "binary.csv"],
    ],
)
def test_material_that_cannot_be_read_is_said(arguments, tmp_path, monkeypatch, capsys):
    """Missing files and columns end with a sentence and status 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("said,heard\na,b\n")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert evaluate.main(["asr", *arguments]) == 2
    assert capsys.readouterr().err.startswith("isthmus evaluate asr: ")


def test_empty_references_have_no_rate(tmp_path, capsys):
    """Words out of nothing are insertions, and no rate divides by zero."""
    pairs = tmp_path / "p.csv"
    pairs.write_text("reference,hypothesis\n,thanks for watching\n")
    assert evaluate.main(["asr", "--pairs", str(pairs)]) == 0
    assert "3 insertions" in capsys.readouterr().out
    assert read_terms(pairs)


@pytest.mark.parametrize(
    ("british", "american_spelling"),
    [
        ("catheterisation", "catheterization"),
        ("recognised", "recognized"),
        ("analysed", "analyzed"),
        ("behaviour", "behavior"),
        ("discolouration", "discoloration"),
        ("tumours", "tumors"),
        ("centimetres", "centimeters"),
        ("centre", "center"),
        ("counselling", "counseling"),
        ("haemoglobin", "hemoglobin"),
        ("hypoglycaemia", "hypoglycemia"),
        ("anaesthetist", "anesthetist"),
        ("orthopaedics", "orthopedics"),
        ("oesophageal", "esophageal"),
        ("oedematous", "edematous"),
        ("diarrhoeal", "diarrheal"),
        ("dyspnoea", "dyspnea"),
        ("foetal", "fetal"),
        ("coeliac", "celiac"),
        ("manoeuvres", "maneuvers"),
        ("sulphate", "sulfate"),
        ("practising", "practicing"),
        ("dialogue", "dialog"),
        ("defence", "defense"),
        ("programme", "program"),
    ],
)
def test_british_spellings_are_american_ones(british, american_spelling):
    """What differs between the two by a rule is one word."""
    assert american(british) == american(american_spelling)


def test_words_that_are_said_differently_stay_apart():
    """No rule of spelling makes one word out of two."""
    pairs = "filled filed|toes tes|hour hor|advise advice|prize price|cured cord|four for|aim em"
    for pair in pairs.split("|"):
        one, other = pair.split()
        assert american(one) != american(other)


@given(st.text("aeoiurslmnptdh", max_size=14))
@settings(max_examples=400, deadline=None)
def test_a_spelling_is_changed_once(word):
    """The American spelling of an American spelling is itself."""
    assert american(american(word)) == american(word)


@given(st.integers(1, 99), st.sampled_from([5, 25, 50, 125]))
@settings(max_examples=60, deadline=None)
def test_a_decimal_is_read_as_it_is_said(whole, part):
    """A dose with decimals comes out alike, spoken or written, and never without its point."""
    digits = " ".join(UNIT_WORDS.split()[int(digit)] for digit in str(part))
    said = words_of(f"{spoken(whole)} point {digits} milligrams")
    assert said == words_of(f"{whole}.{part}mg")
    assert said != words_of(f"{whole}{part} mg")
