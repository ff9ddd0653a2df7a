"""Files of the Alphabetic Index: small ones of the official shape, and what becomes of them."""

import zipfile
from pathlib import Path

import pytest

from terminology.icd10cm.index import read_index
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.importers import Import, Table, importers
from terminology.store_folder import TerminologyError

TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2027</version>
<chapter><name>4</name><desc>Endocrine (E00-E89)</desc><section id="E08-E13"><desc>Diabetes</desc>
<diag><name>E11</name><desc>Type 2 diabetes mellitus</desc>
 <diag><name>E11.2</name><desc>Type 2 diabetes mellitus with kidney complications</desc>
  <diag><name>E11.21</name><desc>Type 2 diabetes mellitus with diabetic nephropathy</desc></diag></diag>
 <diag><name>E11.9</name><desc>Type 2 diabetes mellitus without complications</desc></diag></diag>
</section></chapter>
<chapter><name>2</name><desc>Neoplasms (C00-D49)</desc><section id="C50"><desc>Breast (C50)</desc>
<diag><name>C50</name><desc>Malignant neoplasm of breast</desc>
 <diag><name>C50.6</name><desc>Malignant neoplasm of axillary tail of breast</desc></diag></diag>
<diag><name>D24</name><desc>Benign neoplasm of breast</desc></diag></section></chapter>
<chapter><name>19</name><desc>Injury (S00-T88)</desc><section id="T36-T50"><desc>Drugs</desc>
<diag><name>T39</name><desc>Poisoning by nonopioid analgesics</desc>
 <sevenChrDef><extension char="A">initial encounter</extension></sevenChrDef>
 <diag><name>T39.0</name><desc>Poisoning by salicylates</desc>
  <diag><name>T39.01</name><desc>Aspirin</desc>
   <diag><name>T39.011</name><desc>Poisoning by aspirin, accidental (unintentional)</desc></diag>
   <diag><name>T39.015</name><desc>Adverse effect of aspirin</desc></diag></diag></diag></diag>
</section></chapter>
<chapter><name>20</name><desc>External causes</desc><section id="W00-W19"><desc>Falls</desc>
<diag><name>W10</name><desc>Fall on stairs</desc></diag></section></chapter></ICD10CM.tabular>"""

DISEASES = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2027</version><title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
<letter><title>D</title>
<mainTerm><title>Diabetes, diabetic <nemod>(mellitus)</nemod> <nemod>(sugar)</nemod></title>
 <code>E11.9</code>
 <term level="1"><title>type 2</title><code>E11.9</code><seeAlso>Obesity</seeAlso>
  <term level="2"><title>with</title>
   <term level="3"><title>nephropathy</title><code>E11.21</code><manif>N08</manif></term>
   <term level="3"><title>kidney complications</title><code>E11.2-</code></term>
   <term level="3"><title>gone</title><code>E99.9</code></term>
  </term></term></mainTerm>
<mainTerm><title>Sugar sickness</title><see>Diabetes, diabetic, type 2</see></mainTerm>
<mainTerm><title>Mystery</title><see>condition</see></mainTerm>
</letter></ICD10CM.index>"""

NEOPLASMS = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2027</version><title>ICD-10-CM TABLE of NEOPLASMS</title>
<indexHeading><head col="1">Neoplasm</head><head col="2">Malignant Primary</head>
<head col="5">Benign</head></indexHeading>
<letter><title>N</title><mainTerm><title>Neoplasm, neoplastic</title>
<term level="1"><title>breast <nemod>(connective tissue)</nemod></title>
 <cell col="2">C50.-</cell><cell col="3">--</cell><cell col="5">D24</cell>
 <term level="2"><title>axillary tail</title><cell col="2">C50.6-</cell></term></term>
</mainTerm></letter></ICD10CM.index>"""

DRUGS = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2027</version><title>ICD-10-CM TABLE of DRUGS and CHEMICALS</title>
<indexHeading><head col="1">Substance</head>
<head col="2">Poisoning Accidental (unintentional)</head><head col="6">Adverse effect</head></indexHeading>
<letter><title>A</title><mainTerm><title>Aspirin</title>
<cell col="2">T39.011</cell><cell col="6">T39.015</cell></mainTerm></letter></ICD10CM.index>"""

CAUSES = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2027</version><title>ICD-10-CM EXTERNAL CAUSES INDEX</title>
<letter><title>T</title><mainTerm><title>Tumbling</title>
<term level="1"><title>down steps</title><code>W10</code></term></mainTerm></letter></ICD10CM.index>"""

FILES = {
    "icd10cm-tabular-2027.xml": TABULAR,
    "icd10cm-index-2027.xml": DISEASES,
    "icd10cm-neoplasm-2027.xml": NEOPLASMS,
    "icd10cm-drug-2027.xml": DRUGS,
    "icd10cm-eindex-2027.xml": CAUSES,
}


def _import(folder: Path, *names: str, begins: str = "2026-10-01", **changed: str) -> Table:
    paths = []
    for name in names or tuple(FILES):
        path = folder / "sources" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(changed.get("content", FILES.get(name, "")))
        paths.append(path)
    return importers()["icd10cm"].run(Import(folder, tuple(paths), begins))


@pytest.fixture
def october(tmp_path: Path) -> Release:
    """A small release with every table of the index."""
    _import(tmp_path)
    return Icd10Cm(tmp_path).on("2026-10-01")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("diabetes type 2 with nephropathy", "E11.21"),
        ("sugar sickness", "E11.9"),
        ("tumbling down steps", "W10"),
        ("neoplasm of breast, benign", "D24"),
        ("malignant primary neoplasm of the axillary tail", "C50.6"),
        ("aspirin adverse effect", "T39.015"),
    ],
)
def test_lines_of_every_table_are_searched(october: Release, text: str, code: str) -> None:
    """Terms, cells with their column, and terms that say "see" lead to their codes."""
    hit = october.search(text, 1)[0]
    assert hit.code == code


def test_terms_have_the_whole_path(october: Release) -> None:
    """A term of the index is its path, nonessential modifiers in parentheses, the column's head last."""
    terms = {text: code for code, text, kind in october.terms() if kind == "index"}
    assert terms["Diabetes, diabetic (mellitus) (sugar), type 2, with, nephropathy"] == "E11.21"
    assert (
        terms["Diabetes, diabetic (mellitus) (sugar), type 2, with, kidney complications"]
        == "E11.2"
    )
    assert terms["Neoplasm, neoplastic, breast (connective tissue), Benign"] == "D24"
    assert terms["Aspirin, Poisoning Accidental (unintentional)"] == "T39.011"
    assert not any("gone" in text for text in terms)


def test_what_a_line_says_besides_is_kept(october: Release) -> None:
    """The manifestation code and where the index sends the reader stand with the line."""
    (line,) = october.index("E11.21")
    assert line.manifestation == "N08"
    lines = {line.text: line for line in october.index("E11.9")}
    assert lines["Sugar sickness"].see == "Diabetes, diabetic, type 2"
    assert lines["Diabetes, diabetic (mellitus) (sugar), type 2"].see_also == "Obesity"


def test_a_reference_without_a_code_is_no_term(tmp_path: Path) -> None:
    """A line that leads to no term of the file stays a line without a code."""
    path = tmp_path / "index.xml"
    path.write_text(DISEASES)
    entries = {entry.text: entry for entry in read_index(path).entries}
    assert (entries["Mystery"].code, entries["Mystery"].see) == ("", "condition")


def test_every_source_is_named_and_nothing_is_made_twice(tmp_path: Path) -> None:
    """A release says what it was made of; the same files again leave it alone."""
    first = _import(tmp_path)
    assert set(first.sources) == set(FILES)
    before = Path(first.path).stat().st_mtime_ns
    assert _import(tmp_path) == first
    assert Path(first.path).stat().st_mtime_ns == before


def test_an_index_is_added_and_replaced(tmp_path: Path) -> None:
    """An index alone goes into the release of its date; a newer one of its title takes its place."""
    alone = _import(tmp_path, "icd10cm-tabular-2027.xml")
    with_index = _import(tmp_path, "icd10cm-index-2027.xml")
    assert alone.digest != with_index.digest
    newer = DISEASES.replace("Sugar sickness", "Sweet sickness")
    replaced = _import(tmp_path, "newer-index.xml", content=newer)
    assert set(replaced.sources) == {"icd10cm-tabular-2027.xml", "newer-index.xml"}
    terms = [text for _, text, _ in Icd10Cm(tmp_path).on("2026-10-01").terms()]
    assert "Sweet sickness" in terms
    assert "Sugar sickness" not in terms


CODES = (
    "E1121   Type 2 DM\nE119    Type 2 DM\nC506    x\nD24     x\nT39011A x\nT39015A x\nW10     x\n"
)


def _zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_files_are_taken_out_of_the_zip_that_they_came_in(tmp_path: Path) -> None:
    """Whatever folders a ZIP has, its lists are found, and what is beside them is passed over."""
    members = {f"Table and Index/{name}": content for name, content in FILES.items()}
    members |= {
        "readme.txt": "Read me",
        "guide.pdf": "%PDF",
        "../../x/icd10cm-codes-2027.txt": CODES,
    }
    packed = _zip(tmp_path / "icd10cm.zip", members)
    table = importers()["icd10cm"].run(Import(tmp_path / "made", (packed,), "2026-10-01"))
    assert set(table.sources) == {*FILES, "icd10cm-codes-2027.txt"}
    assert table.rows == 7
    assert not (tmp_path.parent / "x").exists()


def test_a_list_of_codes_says_what_is_billable(tmp_path: Path) -> None:
    """A leaf that the list lacks is kept and not billable; the order file says the same."""
    order = "".join(
        f"{number:05d} {line[:7]} {int(not line.startswith('D24'))} short{'':56}long\n"
        for number, line in enumerate(CODES.splitlines(), 1)
    )
    for name, content in (
        ("icd10cm-codes-2027.txt", CODES.replace("D24     x\n", "")),
        ("icd10cm-order-2027.txt", order),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "tabular.xml").write_text(TABULAR)
        (folder / name).write_text(content)
        files = (folder / name, folder / "tabular.xml")
        importers()["icd10cm"].run(Import(folder, files, "2026-10-01"))
        release = Icd10Cm(folder).on("2026-10-01")
        assert release.billable("E11.9")
        assert not release.billable("D24")
        assert release.get("D24") is not None


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"codes.txt": CODES + "Z99999  x\n", "t.xml": TABULAR}, "another release"),
        ({"codes.txt": CODES}, "with its tabular list"),
        ({"codes.txt": "no codes here", "t.xml": TABULAR}, "no list of codes"),
        ({"a.xml": TABULAR, "b.xml": TABULAR}, "one tabular list"),
        ({"a/t.xml": TABULAR, "b/t.xml": DISEASES}, "the same name"),
        ({"readme.txt": "nothing"}, "no tabular list, index or list"),
    ],
)
def test_a_zip_that_is_no_use_is_refused(
    tmp_path: Path, members: dict[str, str], said: str
) -> None:
    """Lists of other releases, doubles and ZIP files without any list change nothing."""
    packed = _zip(tmp_path / "x.zip", members)
    with pytest.raises(TerminologyError, match=said):
        importers()["icd10cm"].run(Import(tmp_path / "made", (packed,), "2026-10-01"))
    assert Icd10Cm(tmp_path / "made").releases == ()


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    """A ZIP that was cut off is refused."""
    packed = _zip(tmp_path / "x.zip", FILES)
    content = bytearray(packed.read_bytes())
    content[60:200] = b"\0" * 140
    packed.write_bytes(bytes(content))
    with pytest.raises(TerminologyError, match="cannot be unpacked"):
        importers()["icd10cm"].run(Import(tmp_path / "made", (packed,), "2026-10-01"))


def test_an_open_release_is_replaced_under_its_readers(tmp_path: Path) -> None:
    """Who has a release open reads on in it; who asks again gets the new one."""
    _import(tmp_path, "icd10cm-tabular-2027.xml")
    systems = Icd10Cm(tmp_path)
    old = systems.on("2026-10-01")
    _import(tmp_path, "icd10cm-index-2027.xml")
    assert old.index("E11.21") == ()
    assert len(systems.on("2026-10-01").index("E11.21")) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("icd10cm-index-2027.xml", DISEASES, "no tabular list"),
        ("other.xml", "<html/>", "neither a tabular list nor an index"),
        ("empty.xml", "<ICD10CM.index><version>2027</version></ICD10CM.index>", "no terms"),
        ("old.xml", DISEASES.replace("2027", "2026"), "not of fiscal year 2027"),
        ("old.xml", TABULAR.replace("2027", "2026"), "not of fiscal year 2027"),
        ("cut.xml", DISEASES[:-40], "no readable XML"),
        ("deep.xml", "<ICD10CM.index>" + "<mainTerm>" + "<term>" * 40, "no readable XML"),
    ],
)
def test_a_file_that_is_no_use_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    """Wrong kinds, years and damaged files are refused before anything is written."""
    with pytest.raises(TerminologyError, match=said):
        _import(tmp_path, name, content=content)
    assert Icd10Cm(tmp_path).releases == ()


def test_entities_do_not_grow_without_bounds(tmp_path: Path) -> None:
    """A file that expands entities over and over is refused, not expanded."""
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    for one, other in zip("bcdefghij", "abcdefghi", strict=True):
        bomb += f'<!ENTITY {one} "{f"&{other};" * 10}">'
    bomb += "]><ICD10CM.index><title>&j;</title></ICD10CM.index>"
    with pytest.raises(TerminologyError, match="no readable XML"):
        _import(tmp_path, "bomb.xml", content=bomb)
