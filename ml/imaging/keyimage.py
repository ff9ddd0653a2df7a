"""The picture that goes with a finding: the key slice with every lesion on it outlined."""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ml.imaging.outline import outline_of
from ml.imaging.volume import Volume
from profiles.records import KeyImage, Lesion

SMALLEST_SIDE: Final = 512
CAPTION: Final = "AI result - not reviewed"
COLOURS: Final = ("#ffd400", "#00e5ff", "#ff6ad5", "#7dff6a", "#ff9d3c")


def key_images(
    volume: Volume, labels: npt.NDArray[np.uint8], lesions: Sequence[Lesion]
) -> tuple[KeyImage, ...]:
    """One picture per distinct key slice, in the order of the lesions."""
    places = {(frame.sop_uid, frame.frame): i for i, frame in enumerate(volume.frames)}
    keys = dict.fromkeys(lesion.key_slice for lesion in lesions)
    images = []
    for key in keys:
        index = places[(key.sop_uid, key.frame)]
        shown = tuple(
            lesion.segment for lesion in lesions if (labels[index] == lesion.segment).any()
        )
        picture = _picture(volume, index, labels[index], shown)
        buffer = BytesIO()
        picture.save(buffer, "PNG", compress_level=1)
        images.append(
            KeyImage(
                key_slice=key,
                segments=shown,
                rows=picture.height,
                columns=picture.width,
                png=base64.b64encode(buffer.getvalue()).decode(),
            )
        )
    return tuple(images)


def window(voxels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Grey levels between the 1st and 99.5th percentile of what is not background."""
    foreground = voxels[voxels > voxels.min()]
    low, high = np.percentile(foreground if foreground.size else voxels, (1.0, 99.5))
    scaled = np.clip((voxels - low) / max(float(high - low), 1e-6), 0, 1)
    grey: npt.NDArray[np.uint8] = (255 * scaled).astype(np.uint8)
    return grey


def _picture(
    volume: Volume, index: int, labels: npt.NDArray[np.uint8], shown: Sequence[int]
) -> Image.Image:
    grey = window(volume.voxels[index])
    rows, columns = grey.shape
    height, width = rows * volume.row_spacing_mm, columns * volume.column_spacing_mm
    zoom = SMALLEST_SIDE / min(height, width)
    size = (round(width * zoom), round(height * zoom))
    picture = Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(16)
    scale = np.array([size[1] / rows, size[0] / columns])
    for segment in shown:
        colour = COLOURS[(segment - 1) % len(COLOURS)]
        corners = (outline_of(labels == segment) + 0.5) * scale
        points = [(float(column), float(row)) for row, column in corners]
        draw.line([*points, points[0]], fill=colour, width=2, joint="curve")
        right = max(points)
        draw.text((right[0] + 6, right[1] - 8), str(segment), fill=colour, font=font)
    return _captioned(picture, font)


def _captioned(
    picture: Image.Image, font: ImageFont.ImageFont | ImageFont.FreeTypeFont
) -> Image.Image:
    """The warning stands below the anatomy, so that it can hide nothing."""
    framed = Image.new("RGB", (picture.width, picture.height + 26), "black")
    framed.paste(picture, (0, 0))
    ImageDraw.Draw(framed).text((8, picture.height + 4), CAPTION, fill="#ffb000", font=font)
    return framed
