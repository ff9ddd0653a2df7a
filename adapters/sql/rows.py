"""The index tables, and the statements that put rows into them and take them out."""

from typing import Final

COLUMNS: Final = {
    "tok": ("s_tok", "sp, val, sys, raw, pk"),
    "sys": ("s_sys", "sp, sys, pk"),
    "str": ("s_str", "sp, val, exact, pk"),
    "ref": ("s_ref", "sp, tpk, pk"),
    "uri": ("s_uri", "sp, val, pk"),
    "dat": ("s_dat", "sp, lo, hi, pk"),
    "num": ("s_num", "sp, lo, hi, pk"),
    "qty": ("s_qty", "sp, code, sys, unit, lo, hi, pk"),
    "cmp": ("s_cmp", "sp, val, sys, lo, hi, val2, sys2, lo2, hi2, pk"),
}
DUE: Final = "due"
"""Keys of resources whose words are to be indexed."""
FAR: Final = "far"
"""References whose target's key is not known: parameter, type, id, and who refers to it."""
INSERT: Final = {
    **{
        table: f"INSERT INTO {name} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))}) "
        "ON CONFLICT DO NOTHING"
        for table, (name, columns) in COLUMNS.items()
    },
    DUE: "INSERT INTO s_due (pk) VALUES (?)",
}
DELETE: Final = {
    table: f"DELETE FROM {name} WHERE "
    + " AND ".join(f"{column} = ?" for column in columns.split(", "))
    for table, (name, columns) in COLUMNS.items()
}
