"""Remittances as a payer writes them; pyx12 finds no error in what is made without changes."""

from collections.abc import Sequence

DAY = "20260520"
LINES = (
    "SVC*HC:99214:25*151.5*101.5**1~DTM*472*20260504~CAS*CO*45*40~CAS*PR*3*10~REF*6R*1~AMT*B6*111.5~",
    "SVC*HC:G0108*48.5*48.5**2~DTM*472*20260504~REF*6R*2~",
)


def paid(
    control: str = "CL-2026-0001",
    status: str = "1",
    charge: str = "200",
    amount: str = "150",
    payer_control: str = "PAYER-1",
    own: str = "",
    lines: Sequence[str] = LINES,
) -> str:
    """Loop 2100 of one claim; ``own`` stands between its CLP and its patient."""
    return (
        f"CLP*{control}*{status}*{charge}*{amount}*10*12*{payer_control}*11*1~{own}"
        "NM1*QC*1*MULLER*ANA****MI*W1234567~" + "".join(lines)
    )


def reversal() -> str:
    """The default claim taken back."""
    lines = (
        "SVC*HC:99214:25*-151.5*-101.5**1~DTM*472*20260504~CAS*CO*45*-40~CAS*PR*3*-10~REF*6R*1~",
        "SVC*HC:G0108*-48.5*-48.5**2~DTM*472*20260504~REF*6R*2~",
    )
    return paid(status="22", charge="-200", amount="-150", lines=lines).replace("*10*12", "*-10*12")


def remittance(
    *claims: str,
    amount: str = "150",
    trace: str = "EFT1001",
    adjustments: str = "",
    control: int = 7,
    flag: str = "C",
) -> str:
    """An interchange with one 835."""
    body = (
        f"BPR*I*{amount}*{flag}*CHK************{DAY}~"
        f"TRN*1*{trace}*1999999999~"
        f"DTM*405*{DAY}~"
        "N1*PR*EXAMPLE HEALTH PLAN~N3*1 PAYER WAY~N4*HARTFORD*CT*061030001~"
        "PER*BL*EDI DESK*TE*8005550100~"
        "N1*PE*GREEN HILL CLINIC*XX*1234567893~"
        + ("LX*1~" if claims else "")
        + "".join(claims)
        + adjustments
    )
    count = body.count("~") + 2
    number = f"{control:09d}"
    return (
        f"ISA*00*          *00*          *ZZ*66666          *30*123456789      *260520*1200*^*00501*"
        f"{number}*0*T*:~GS*HP*66666*123456789*20260520*1200*{control}*X*005010X221A1~"
        f"ST*835*0001~{body}SE*{count}*0001~GE*1*{control}~IEA*1*{number}~"
    )
