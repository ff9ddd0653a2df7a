"""Small files in the official layouts of CMS, with invented rows and bare numbers only."""

from pathlib import Path

from terminology.importers import Import, Table, importers

NOTICE = '"CPT only copyright 2026 American Medical Association, and more notices."\n'


def hcpcs_record(
    code: str, long: str, short: str = "", *, record: str = "3", sequence: int = 100, **dates: str
) -> str:
    """One record of the fixed-width file of HCPCS Level II."""
    line = [" "] * 320

    def put(at: int, text: str) -> None:
        line[at - 1 : at - 1 + len(text)] = text

    put(1 if len(code) == 5 else 4, code)
    put(6, f"{sequence:05d}{record}")
    put(12, long)
    put(92, short)
    put(120, "51")
    put(230, dates.get("coverage", "D"))
    put(269, dates.get("added", "20020101"))
    put(277, dates.get("acted", "20020101"))
    put(285, dates.get("ended", ""))
    put(293, dates.get("action", "N"))
    return "".join(line)


HCPCS_TEXT = "\n".join(
    (
        hcpcs_record(
            "A4550", "Surgical trays for the operating", "Surgical trays", ended="20251231"
        ),
        hcpcs_record("A4550", "room", record="4", sequence=200),
        hcpcs_record("G0438", "Annual wellness visit, first", "Wellness visit first", coverage="C"),
        hcpcs_record("J1100", "Injection, dexamethasone, 1 mg", "Dexamethasone inj"),
        hcpcs_record(
            "S9999", "Sales tax", "Sales tax", ended="20050331", acted="20100101", action="R"
        ),
        hcpcs_record("E0100", "Cane", "Cane", coverage="M"),
        hcpcs_record("RT", "Right side of the body", "Right side", record="7"),
        hcpcs_record("LT", "Left side of the body", "Left side", record="7"),
        hcpcs_record("XU", "Unusual non-overlapping service", "Unusual service", record="7"),
    )
)
HCPCS_SHEET = (
    NOTICE
    + "HCPC,SEQNUM,RECID,LONG DESCRIPTION,SHORT DESCRIPTION,PRICE1,COV,ADD DT,ACT EFF DT,TERM DT,ACTION CD\n"
    "A4550,00100,3,Surgical trays,Surgical trays,51,D,1/1/2002,1/1/2002,12/31/2025,N\n"
    'J1100,00100,3,"Injection, dexamethasone, 1 mg",Dexamethasone inj,51,D,20020101,20020101,,N\n'
    "RT,00100,7,Right side,Right side,,,20020101,20020101,,N\n"
)
PTP_HEADER = (
    NOTICE + "Column1/Column2 Edits\t\t\t\t\t\t\n"
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date\tModifier\t"
    "PTP Edit Rationale\n"
    "\t\t\t\t*=no data\t0=not allowed\t\n\t\t\t\t\t1=allowed\t\n\t\t\t\t\t9=not applicable\t\n"
)
PTP_ROWS = (
    "20610\t99213\t\t20200101\t*\t1\tCPT Manual or CMS manual coding instruction\n"
    "80053\t80048\t*\t19960101\t*\t0\tMore extensive procedure\n"
    "11042\t97597\t\t20100101\t20191231\t1\tMisuse of column two code\n"
    "11042\t97597\t\t20240101\t*\t0\tMisuse of column two code\n"
    "11042\t97602\t\t20100101\t20100101\t9\tMisuse of column two code\n"
)
MUE_CSV = (
    NOTICE
    + '"HCPCS/\nCPT Code",Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n'
    "20610,2,1 Line Edit,Clinical: CMS Workgroup\n"
    "80053,1,2 Date of Service Edit: Policy,Code Descriptor\n"
    "97110,6,3 Date of Service Edit: Clinical,Clinical: Data\n"
)
FEE_SCHEDULE = (
    "2026 National Physician Fee Schedule,,,,,,\n"
    + NOTICE
    + ",,,,,,\n,,,STATUS,PCTC,GLOB,BILAT\nHCPCS,MOD,DESCRIPTION,CODE,IND,DAYS,SURG\n"
    "20610,,A DESCRIPTION THAT IS NOT KEPT,A,0,000,1\n"
    "99213,,A DESCRIPTION THAT IS NOT KEPT,A,0,XXX,0\n"
    "71046,,A DESCRIPTION THAT IS NOT KEPT,A,1,XXX,3\n"
    "71046,26,A DESCRIPTION THAT IS NOT KEPT,A,1,XXX,3\n"
    "80053,,A DESCRIPTION THAT IS NOT KEPT,X,9,XXX,9\n"
)
ADD_ON_CSV = (
    "Add-On_Code,AOC_Edit_Type,Primary_Code,AOC_Edit_EffDT,AOC_Edit_Del_DT\n"
    "11045,1,11042,2013091,\n11045,1,97597,2013091,2014365\n99417,1,99215,20240101,\n"
    "64727,2,CCCCC,2013091,\n"
)


def imported(
    folder: Path,
    name: str,
    file: str,
    content: str | bytes,
    begins: str = "2026-01-01",
    **options: str,
) -> Table:
    """Import one file that is written for it."""
    path = folder / "sources" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return importers()[name].run(Import(folder, (path,), begins, options=options))


def every_table(folder: Path) -> None:
    """Import one small release of every table that is not ICD-10-CM."""
    imported(folder, "hcpcs", "HCPC2026_JAN_ANWEB.txt", HCPCS_TEXT)
    imported(folder, "cpt", "PPRRVU2026_Jan.csv", FEE_SCHEDULE)
    for service in ("practitioner", "hospital"):
        imported(folder, "ncci", "ccipra-v320r0-f1.txt", PTP_HEADER + PTP_ROWS, service=service)
        imported(folder, "mue", "MCR_MUE.csv", MUE_CSV, service=service)
    supplies = MUE_CSV.replace("20610,2", "J1100,9").replace("Practitioner", "DME Supplier")
    imported(folder, "mue", "MCR_MUE.csv", supplies, service="dme")
    imported(folder, "add-on", "AOC.csv", ADD_ON_CSV)
