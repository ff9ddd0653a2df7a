"""ICD-10-CM: compiled from the official files, one SQLite file per release.

``compile`` makes a release, ``release`` reads it. Source of structure and conventions: the introduction of
the tabular list itself, and the ICD-10-CM Official Guidelines for Coding and Reporting, section I.A.
"""
