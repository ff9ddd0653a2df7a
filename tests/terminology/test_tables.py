"""Importers of HCPCS, CPT numbers, NCCI, MUE, add-on codes and HCC, and what is looked up in their tables."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology.add_on import add_on_codes
from terminology.hcc import hcc_releases
from terminology.hcc_import import compile_installed, installed_is_current
from terminology.icd10cm.code_system import Icd10CmSystem
from terminology.icd10cm.release import Icd10Cm
from terminology.importers import Import, importers
from terminology.mue import unit_edits
from terminology.ncci import PairEdit, pair_edits
from terminology.procedures import procedure_codes
from terminology.store_folder import TerminologyError
from terminology.tables.keys import code_key, day_number, key_code, number_day, pair_key
from terminology.tables.source_files import day, rows
from tests.make_tables import (
    ADD_ON_CSV,
    FEE_SCHEDULE,
    HCPCS_SHEET,
    HCPCS_TEXT,
    MUE_CSV,
    PTP_HEADER,
    PTP_ROWS,
    imported,
)
from tests.make_terminology import terminology_folder


def zipped(**members: str) -> bytes:
    """A ZIP of some texts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def test_hcpcs_text_is_read_with_its_further_lines_dates_and_modifiers(tmp_path: Path) -> None:
    """The fixed-width file gives descriptions over several lines, days of use, coverage and modifiers."""
    table = imported(tmp_path, "hcpcs", "HCPC2026_JAN_ANWEB.txt", HCPCS_TEXT)
    assert (table.rows, table.version, len(table.digest)) == (8, "2026-01-01", 64)
    release = procedure_codes(tmp_path, "hcpcs").on("2026-05-04")
    assert release is not None
    trays = release.get("a4550")
    assert trays is not None
    assert trays.display == "Surgical trays for the operating room"
    assert (trays.begins, trays.ends, trays.property("coverage")) == (
        "2002-01-01",
        "2025-12-31",
        "D",
    )
    assert [release.holds("A4550", when) for when in ("2025-12-31", "2026-01-01")] == [True, False]
    assert release.holds("Z9999", "2026-01-01") is None
    right = release.get("RT")
    assert right is not None
    assert right.short == "Right side"
    taxes = release.get("S9999")
    assert taxes is not None
    assert (taxes.begins, taxes.ends) == ("2010-01-01", "")


def test_the_sheet_of_hcpcs_gives_the_same_as_its_text(tmp_path: Path) -> None:
    """The sheet saved as CSV, below its notices, is read by the names of its columns."""
    imported(tmp_path, "hcpcs", "HCPC2026_JAN_ANWEB.csv", HCPCS_SHEET)
    release = procedure_codes(tmp_path, "hcpcs").on("2026-05-04")
    assert release is not None
    assert [one.code for one in release] == ["RT", "A4550", "J1100"]
    trays = release.get("A4550")
    assert trays is not None
    assert trays.ends == "2025-12-31"


def test_the_zip_of_cms_is_read_as_it_comes(tmp_path: Path) -> None:
    """Of the ZIP the file of codes is taken, not the record layout beside it."""
    content = zipped(HCPC2026_JAN_ANWEB__txt=HCPCS_TEXT, HCPC2026_recordlayout__txt="text")
    assert imported(tmp_path, "hcpcs", "january.zip", content).rows == 8


def test_a_zip_that_cannot_be_unpacked_is_refused(tmp_path: Path) -> None:
    """A damaged ZIP, one with a password and one with other files are said to be that."""
    content = zipped(HCPC2026_JAN_ANWEB__txt=HCPCS_TEXT)
    locked = content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    assert locked != content
    damaged = content[:60] + bytes(200) + content[260:]
    for sent in (locked, damaged, zipped(other__pdf="text")):
        with pytest.raises(TerminologyError):
            imported(tmp_path, "hcpcs", "january.zip", sent)


def test_codes_are_found_by_words_and_by_their_beginning(tmp_path: Path) -> None:
    """A search ranks descriptions by the words they share; one word that begins codes lists those."""
    imported(tmp_path, "hcpcs", "HCPC2026_JAN_ANWEB.txt", HCPCS_TEXT)
    search = importers()["hcpcs"].search
    assert search is not None
    assert search(tmp_path, "dexamethasone injection", "", 5)[0].code == "J1100"
    assert [one.code for one in search(tmp_path, "G04", "", 5)] == ["G0438"]
    assert search(tmp_path, "nothing of that", "2001-01-01", 5) == []


def test_a_site_gives_its_cpt_numbers_in_three_forms(tmp_path: Path) -> None:
    """Numbers alone, a CSV with the site's labels, and the fee schedule without its descriptions."""
    imported(tmp_path, "cpt", "numbers.txt", "99213\n99214\n20610\nno number\n", "2024-01-01")
    listed = "Code,Label,Begins,Ends\n99213,Our visit,2025-01-01,2025-12-31\n"
    imported(tmp_path, "cpt", "list.csv", listed, "2025-01-01")
    imported(tmp_path, "cpt", "PPRRVU2026_Jan.csv", FEE_SCHEDULE, "2026-01-01")
    releases = procedure_codes(tmp_path, "cpt")
    found = [releases.on(f"{year}-06-01") for year in (2023, 2024, 2025, 2026)]
    assert [None if one is None else [code.code for code in one] for one in found] == [
        None,
        ["20610", "99213", "99214"],
        ["99213"],
        ["20610", "71046", "80053", "99213"],
    ]
    site, schedule = found[2], found[3]
    assert site is not None
    assert schedule is not None
    visit, joint = site.get("99213"), schedule.get("20610")
    assert visit is not None
    assert joint is not None
    assert (visit.display, visit.ends) == ("Our visit", "2025-12-31")
    assert (joint.display, joint.property("bilateral"), joint.property("global")) == (
        "",
        "1",
        "000",
    )
    assert b"NOT KEPT" not in (tmp_path / "cpt-2026-01-01.table").read_bytes()


def test_a_pair_of_services_has_the_edit_of_its_day(tmp_path: Path) -> None:
    """A pair that was deleted and came back has the edit that was in force on the day, in its order only."""
    table = imported(tmp_path, "ncci", "ccipra-v322r0-f1.txt", PTP_HEADER + PTP_ROWS)
    assert (table.rows, table.version) == (5, "v32.2r0")
    edits = pair_edits(tmp_path, "ncci-practitioner").on("2026-05-04")
    assert edits is not None
    misuse = "Misuse of column two code"
    assert edits.edit("11042", "97597", "2019-12-31") == PairEdit("1", misuse)
    assert edits.edit("11042", "97597", "2021-01-01") is None
    assert edits.edit("11042", "97597", "2026-05-04") == PairEdit("0", misuse)
    assert edits.edit("97597", "11042", "2026-05-04") is None
    assert edits.edit("11042", "97602", "2010-01-01") is None
    assert edits.edit("1104", "97602", "2010-01-01") is None


def test_units_have_an_edit_per_quarter(tmp_path: Path) -> None:
    """The MUE of the quarter in force are asked; codes without one have none."""
    imported(tmp_path, "mue", "MCR_MUE.csv", MUE_CSV, "2026-01-01")
    imported(tmp_path, "mue", "MCR_MUE.csv", MUE_CSV.replace("20610,2", "20610,4"), "2026-04-01")
    releases = unit_edits(tmp_path, "mue-practitioner")
    assert releases.on("2025-12-31") is None
    found = [
        one.edit("20610") for when in ("2026-03-31", "2026-04-01") if (one := releases.on(when))
    ]
    assert [(one.most, one.indicator) for one in found if one] == [(2, 1), (4, 1)]
    latest = releases.on("2026-05-04")
    assert latest is not None
    assert latest.edit("99213") is None


def test_an_add_on_code_has_its_primary_codes(tmp_path: Path) -> None:
    """Primary codes are those of the day; days may be given as CMS does, by year and day of the year."""
    imported(tmp_path, "add-on", "AOC.csv", ADD_ON_CSV)
    codes = add_on_codes(tmp_path).on("2026-05-04")
    assert codes is not None
    assert codes.primaries("11045", "2014-12-31") == {"11042", "97597"}
    assert codes.primaries("11045", "2015-01-01") == {"11042"}
    assert codes.primaries("99213", "2015-01-01") == frozenset()


def test_categories_of_the_installed_package_are_compiled_once(tmp_path: Path) -> None:
    """A diagnosis has its category per model on its date of service, and its age edit."""
    assert not installed_is_current(tmp_path)
    made = compile_installed(tmp_path)
    assert [table.begins for table in made] == ["2024-01-01", "2025-01-01", "2026-01-01"]
    assert installed_is_current(tmp_path)
    assert compile_installed(tmp_path) == []
    release = hcc_releases(tmp_path).on("2025-05-04")
    assert release is not None
    assert ("CMS-HCC Model V28", 37) in release.categories("E11.22")
    assert release.categories("R51.9") == ()
    edits = [one for one in release.edits("J43.9") if one.model == "CMS-HCC Model V28"]
    assert [one.fires(17) for one in edits] == [True]
    assert [one.fires(18) for one in edits] == [False]
    april = Icd10Cm(terminology_folder()).on("2026-04-01")
    concept = Icd10CmSystem(april, release).concept("E11.22")
    assert concept is not None
    counted = [one for one in concept.properties if one.code == "hcc"]
    assert ("37", "CMS-HCC Model V28") in [(one.value, one.description) for one in counted]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hcpcs", "nothing,of,that\n"),
        ("hcpcs", b"PK\x03\x04 a spreadsheet"),
        ("cpt", "description only\n"),
        ("ncci", MUE_CSV),
        ("mue", PTP_HEADER + PTP_ROWS),
        ("add-on", MUE_CSV),
        ("hcc", MUE_CSV),
        ("ncci", PTP_HEADER + PTP_ROWS.replace("20200101", "yesterday")),
        ("mue", b"\xff\xfe\x00"),
        ("hcpcs", ""),
    ],
)
def test_a_file_of_another_kind_is_refused_and_changes_nothing(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    """What an importer cannot use it says, and the folder of code systems stays as it was."""
    with pytest.raises(TerminologyError):
        imported(tmp_path, name, "file.csv", content)
    assert list(tmp_path.glob("*.table")) == []


def test_files_of_two_releases_are_not_one(tmp_path: Path) -> None:
    """Parts of two quarters of the NCCI edits are refused together."""
    parts = [tmp_path / name for name in ("ccipra-v321r0-f1.txt", "ccipra-v322r0-f2.txt")]
    for part in parts:
        part.write_text(PTP_HEADER + PTP_ROWS)
    with pytest.raises(TerminologyError, match="several releases"):
        importers()["ncci"].run(Import(tmp_path, tuple(parts), "2026-07-01"))


CODES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=7)


@given(CODES, CODES)
def test_codes_keep_their_order_as_numbers(one: str, other: str) -> None:
    """A code comes back from its number, and codes of one length are in the order of their numbers."""
    assert key_code(code_key(one)) == one
    if len(one) == len(other):
        assert (one < other) == (code_key(one) < code_key(other))


@given(st.text(max_size=8))
def test_no_text_breaks_a_key(text: str) -> None:
    """Whatever is asked for has a number or none."""
    assert code_key(text) == -1 or key_code(code_key(text)) == text
    assert pair_key(text, text) >= -1
    assert number_day(day_number(text)) in ("", text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """A text is a table of rows, or is refused with a reason; a date is a date, or is refused."""
    for read in (lambda: list(rows(text)), lambda: day(text)):
        with suppress(TerminologyError):
            read()


OFFICIAL = {
    "hcpcs": (HCPCS_TEXT, HCPCS_SHEET),
    "cpt": (FEE_SCHEDULE, "99213\n99214\n"),
    "ncci": (PTP_HEADER + PTP_ROWS,),
    "mue": (MUE_CSV,),
    "add-on": (ADD_ON_CSV,),
    "hcc": ("diagnosis_code,cc,model_name\nE1122,37,CMS-HCC Model V28\n",),
}


@pytest.mark.parametrize("cut", [0, 17])
def test_a_header_that_a_carriage_return_ends_is_read_as_the_rows_are(
    tmp_path: Path, cut: int
) -> None:
    """A column that only seems to be in the first line is missed, not looked up in vain."""
    text = OFFICIAL["hcc"][0]
    with pytest.raises(TerminologyError):
        imported(tmp_path, "hcc", "file.csv", (text[:cut] + "\r\0,\t" + text[cut:]).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_file_is_imported_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A file with anything put in, taken out or doubled gives a table that can be read, or an error."""
    name = data.draw(st.sampled_from(sorted(OFFICIAL)))
    text = data.draw(st.sampled_from(OFFICIAL[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        at, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        put = data.draw(
            st.one_of(st.text(max_size=12), st.just(text[at:end] * 2), st.just("\r\0,\t"))
        )
        text = text[:at] + put + text[end:]
    folder = tmp_path_factory.mktemp("damaged")
    with suppress(TerminologyError):
        table = imported(folder, name, "file.csv", text.encode("utf-8", "surrogatepass"))
        (listed,) = importers()[name].tables(folder)
        assert listed == table
