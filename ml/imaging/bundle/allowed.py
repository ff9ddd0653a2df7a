"""What a bundle may ask for: tables of component names, and what each becomes here.

The value is the import path of the class that is built, or a word on how it is handled without
building it. A component that is not in these tables makes the bundle refused.
"""

from typing import Final

_NETS: Final = "monai.networks.nets"
_TRANSFORMS: Final = "monai.transforms"

NETWORKS: Final[dict[str, str]] = {
    name: f"{_NETS}.{name}"
    for name in (
        "AttentionUnet",
        "BasicUNet",
        "DynUNet",
        "FlexibleUNet",
        "SegResNet",
        "SegResNetDS",
        "SwinUNETR",
        "UNETR",
        "UNet",
        "VNet",
    )
}

TRANSFORMS: Final[dict[str, str]] = {
    name: f"{_TRANSFORMS}.{name}"
    for name in (
        "CastToTyped",
        "CropForegroundd",
        "EnsureTyped",
        "GaussianSmoothd",
        "MedianSmoothd",
        "NormalizeIntensityd",
        "Orientationd",
        "ScaleIntensityRangePercentilesd",
        "ScaleIntensityRanged",
        "ScaleIntensityd",
        "ShiftIntensityd",
        "Spacingd",
        "ThresholdIntensityd",
    )
}

REPLACED: Final = frozenset({"EnsureChannelFirstd", "LoadImaged", "AddChanneld"})
"""Done by the volume builder: the volume arrives loaded, with one channel."""

INFERERS: Final = frozenset({"SimpleInferer", "SlidingWindowInferer", "SlidingWindowInfererAdapt"})

POSTPROCESSING: Final = frozenset({"Activationsd", "AsDiscreted"})
"""Read as settings of our own inverse mapping."""

POSTPROCESSING_NOT_NEEDED: Final = frozenset(
    {
        "CopyItemsd",
        "DeleteItemsd",
        "EnsureTyped",
        "Invertd",
        "KeepLargestConnectedComponentd",
        "Lambdad",
        "SaveImaged",
    }
)
"""Steps after the network that inference here replaces by its own mapping to the source grid."""

_PREFIXES: Final = (
    "monai.networks.nets.",
    "monai.transforms.",
    "monai.inferers.",
    "monai.",
)


def plain_name(target: str) -> str:
    """Class name of a ``_target_``: MONAI's own module path may stand before it.

    A path outside MONAI stays as it is, and so is in no table.
    """
    for prefix in _PREFIXES:
        if target.startswith(prefix):
            rest = target.removeprefix(prefix)
            last = rest.rpartition(".")[2]
            return last if all(part.isidentifier() for part in rest.split(".")) else target
    return target
