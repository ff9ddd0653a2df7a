"""Why an imaging series is not analysed: our own closed list, published under ``systems.REFUSAL``."""

from typing import Final

from terminology.coding import Code
from terminology.systems import REFUSAL

_TEXT: Final = {
    "no-images": "There is no image to analyse.",
    "missing-geometry": "Position, orientation or pixel spacing is missing or not a number.",
    "gap": "A slice is missing: the distances between slices are not uniform.",
    "duplicate-position": "Two slices lie at the same position.",
    "tilt": "The slices are sheared against their normal (gantry tilt).",
    "mixed-orientation": "The slices do not share one orientation.",
    "mixed-spacing": "The slices do not share one pixel spacing.",
    "mixed-shape": "The slices do not share one number of rows and columns.",
    "mixed-frames-of-reference": "The slices belong to different frames of reference.",
    "too-few-slices": "There are fewer slices than a volume needs.",
    "not-grayscale": "The images are not single-channel grayscale.",
    "pixel-data": "The pixel data is missing, truncated or cannot be decoded.",
    "transfer-syntax": "No installed codec decodes this transfer syntax.",
    "too-large": "The volume needs more memory than this worker may use.",
    "blank": "The images show nothing: no voxel stands out from the background.",
    "value-range": "Pixel values leave the range that their attributes allow.",
    "modality": "The modality is not one that the model was made for.",
    "body-part": "The body part is not one that the model was made for.",
    "not-a-volume": "The instances are not slices of a volume (localizer, single or no image).",
    "mixed-patients": "The study holds instances of more than one patient.",
    "other-series-preferred": "Another series of the study suits the model better and was analysed.",
}

REFUSALS: Final[dict[str, Code]] = {
    code: Code(REFUSAL, code, text.rstrip(".")) for code, text in _TEXT.items()
}


def refusal_text(code: str) -> str:
    """The sentence that explains a refusal to a person."""
    return _TEXT[code]
