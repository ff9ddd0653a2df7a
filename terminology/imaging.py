"""Codes of imaging results, typed once.

Sources: DICOM PS3.16 (context groups named per block, DCM definitions in annex D), SNOMED CT codes as
listed in PS3.16 and in the IHE RAD IDR draft, LOINC document ontology. Only the codes used are here.
"""

from typing import Final

from terminology.coding import Code
from terminology.systems import (
    DCM,
    DIAGNOSTIC_SERVICE,
    LOINC,
    OBSERVATION_CATEGORY,
    SNOMED_CT,
    UCUM,
)

# Presence (IHE RAD IDR 6.7.3.6)
PRESENCE: Final = Code(SNOMED_CT, "705057003", "Presence")
PRESENT: Final = Code(SNOMED_CT, "52101004", "Present")
ABSENT: Final = Code(SNOMED_CT, "272519000", "Absent")
INDETERMINATE: Final = Code(SNOMED_CT, "82334004", "Indeterminate")

# Morphology and sites
LESION: Final = Code(SNOMED_CT, "52988006", "Lesion")
MORPHOLOGICALLY_ABNORMAL: Final = Code(SNOMED_CT, "49755003", "Morphologically Abnormal Structure")
BRAIN: Final = Code(SNOMED_CT, "12738006", "Brain")
LUNG: Final = Code(SNOMED_CT, "39607008", "Lung")
LEFT: Final = Code(SNOMED_CT, "7771000", "Left")
RIGHT: Final = Code(SNOMED_CT, "24028007", "Right")
MIDLINE: Final = Code(SNOMED_CT, "399488007", "Midline")
LATERALITY: Final = Code(SNOMED_CT, "272741003", "Laterality")

# Measurements (PS3.16 CID 7470 linear, CID 7472 volume)
VOLUME: Final = Code(SNOMED_CT, "118565006", "Volume")
LONG_AXIS: Final = Code(SNOMED_CT, "103339001", "Long Axis")
SHORT_AXIS: Final = Code(SNOMED_CT, "103340004", "Short Axis")

MILLIMETRE: Final = Code(UCUM, "mm", "millimeter")
MILLILITRE: Final = Code(UCUM, "mL", "milliliter")
CUBIC_MILLIMETRE: Final = Code(UCUM, "mm3", "cubic millimeter")
UNITY: Final = Code(UCUM, "1", "no units")

# Reports
IMAGING_STUDY_REPORT: Final = Code(LOINC, "18748-4", "Diagnostic imaging study")
RADIOLOGY: Final = Code(LOINC, "LP29684-5", "Radiology")
RADIOLOGY_SERVICE: Final = Code(DIAGNOSTIC_SERVICE, "RAD", "Radiology")
IMAGING_CATEGORY: Final = Code(OBSERVATION_CATEGORY, "imaging", "Imaging")
IMAGING_MEASUREMENTS: Final = Code(DCM, "125007", "Measurement Group")
TRACKING_UID: Final = Code(DCM, "112040", "Tracking Unique Identifier")
TRACKING_ID: Final = Code(DCM, "112039", "Tracking Identifier")

# Algorithm families (PS3.16 CID 7162)
ARTIFICIAL_INTELLIGENCE: Final = Code(DCM, "123109", "Artificial Intelligence")
