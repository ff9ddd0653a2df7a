"""Units of UCUM as a number and a code that is defined already (UCUM 2.1, tables 1 to 9)."""

from fractions import Fraction
from typing import Final


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _table(text: str) -> dict[str, tuple[Fraction, str]]:
    rows = (row.split() for row in text.split(";"))
    return {name: (Fraction(number), code) for name, number, code in rows}


PREFIXES: Final = {
    prefix: Fraction(10) ** exponent
    for prefix, exponent in zip(
        _names("Y Z E P T G M k h da d c m u n p f a z y"),
        (24, 21, 18, 15, 12, 9, 6, 3, 2, 1, -1, -2, -3, -6, -9, -12, -15, -18, -21, -24),
        strict=True,
    )
} | {prefix: Fraction(1024) ** at for at, prefix in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)}

BASE: Final = frozenset(_names("m s g rad K C cd"))

ARBITRARY: Final = frozenset(
    _names(
        """
    [iU] [IU] [arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U]
    [smgy'U] [bdsk'U] [ka'U] [knk'U] [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU]
    [CFU] [IR] [BAU] [AU] [Amb'a'1'U] [PNU] [Lf] [D'ag'U] [FEU] [ELU] [EU]
    """
    )
)

METRIC: Final = _table(
    """
    mol 6.0221367 10*23; sr 1 rad2; Hz 1 s-1; N 1 kg.m/s2; Pa 1 N/m2; J 1 N.m; W 1 J/s; A 1 C/s;
    V 1 J/C; F 1 C/V; Ohm 1 V/A; S 1 Ohm-1; Wb 1 V.s; T 1 Wb/m2; H 1 Wb/A; lm 1 cd.sr; lx 1 lm/m2;
    Bq 1 s-1; Gy 1 J/kg; Sv 1 J/kg; l 1 dm3; L 1 dm3; ar 100 m2; t 1000 kg; bar 100000 Pa;
    u 1.6605402e-24 g; eV 1.60217733e-19 J; pc 3.085678e16 m; kat 1 mol/s; U 1 umol/min; eq 1 mol;
    osm 1 mol; g% 1 g/dL; cal 4.184 J; cal_th 4.184 J; cal_IT 4.1868 J; m[H2O] 9.80665 kPa;
    m[Hg] 133.322 kPa; Ci 3.7e10 Bq; R 2.58e-4 C/kg; RAD 100 erg/g; REM 1 RAD; dyn 1 g.cm/s2;
    erg 1 dyn.cm; P 1 dyn.s/cm2; G 1e-4 T; Ky 1 cm-1; Gal 1 cm/s2; st 1 m3; bit 1 1; By 8 bit;
    Bd 1 /s; [m/s2/Hz^0.5] 1 m/s2; [g] 9.80665 m/s2; [c] 299792458 m/s; [ly] 1 [c].a_j
    """
)
"""Those that take a prefix."""

PLAIN: Final = _table(
    """
    10* 10 1; 10^ 10 1; % 0.01 1; [ppth] 1e-3 1; [ppm] 1e-6 1; [ppb] 1e-9 1; [pptr] 1e-12 1;
    [pi] 3.1415926535897932384626433832795 1; gon 0.9 deg; deg 2 [pi].rad/360; ' 1 deg/60;
    '' 1 '/60; min 60 s; h 60 min; d 24 h; wk 7 d; a_j 365.25 d; a_t 365.24219 d; a_g 365.2425 d;
    a 1 a_j; mo_j 1 a_j/12; mo_s 29.53059 d; mo_g 1 a_g/12; mo 1 mo_j; atm 101325 Pa;
    [in_i] 2.54 cm; [ft_i] 12 [in_i]; [yd_i] 3 [ft_i]; [mi_i] 5280 [ft_i]; [nmi_i] 1852 m;
    [kn_i] 1 [nmi_i]/h; [sin_i] 1 [in_i]2; [sft_i] 1 [ft_i]2; [cin_i] 1 [in_i]3; [gr] 64.79891 mg;
    [lb_av] 7000 [gr]; [oz_av] 1 [lb_av]/16; [dr_av] 1 [oz_av]/16; [stone_av] 14 [lb_av];
    [ston_av] 2000 [lb_av]; [lbf_av] 1 [lb_av].[g]; [psi] 1 [lbf_av]/[sin_i];
    [in_i'Hg] 1 m[Hg].[in_i]/m; [in_i'H2O] 1 m[H2O].[in_i]/m; [gal_us] 231 [in_i]3;
    [qt_us] 1 [gal_us]/4; [pt_us] 1 [qt_us]/2; [foz_us] 1 [pt_us]/16; [cup_us] 16 [tbs_us];
    [tbs_us] 1 [foz_us]/2; [tsp_us] 1 [tbs_us]/3; [drp] 1 ml/20; [Btu] 1.05435 kJ;
    [HP] 550 [ft_i].[lbf_av]/s; [Cal] 1 kcal_th; [HPF] 1 1; [LPF] 100 1; mho 1 S;
    [mesh_i] 1 /[in_i]; [Ch] 1 mm/3;
    [MET] 3.5 mL/min/kg; Ao 0.1 nm; b 100 fm2; sph 4 [pi].sr;
    St 1 cm2/s; [PRU] 1 mm[Hg].s/ml; [wood'U] 1 mm[Hg].min/L
    """
)
