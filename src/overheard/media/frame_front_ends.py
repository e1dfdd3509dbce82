"""Front ends of single frames: eight-bit RGB of any size in, what a network of 224 x 224 pixels wants out.

Short side to 256, centre of 224 x 224, as the paper says; a frame that has these 224 x 224 already is left as it is.
The twin's own small network has frames of one size, and sees them whole.
"""

import numpy as np

from overheard.media.pictures import pool_pixels

SIDE = 224  # px, what the networks see
_SHORT = 256  # px, the short side before the centre is cut out
_SMALL, _SMALL_POOL = 128, 2  # px, sides of a frame of the twin, and of the blocks that become one pixel

IMAGE_RANGES = ("unsaid", "released")
"""Words of the switch `image_range`."""


def openl3_image(frames: np.ndarray, image_range: str) -> np.ndarray:
    """Frames as OpenL3's image network gets them.

    The paper does not say which values they become; `unsaid` gives -1..1 to all, which is what OpenL3's documentation
    promises. `released` is what openl3 0.3.1 does: -1..1 only to frames of 224 x 224; frames with a short side over 256
    are reduced, without smoothing, to 0..1; those between are cut, and divided by the largest value of the clip.

    Source: openl3 0.3.1, `_preprocess_image_batch`, with scikit-image 0.14.5 as pinned by the released program.

    Args:
        frames: (frames, height, width, 3) uint8, of one clip.
        image_range: word of `IMAGE_RANGES`.

    Returns:
        (frames, 3, 224, 224) float32.

    Raises:
        ValueError: not such frames, no such word, or for `released` frames of less than 224 pixels a side.
    """
    if image_range not in IMAGE_RANGES:
        raise ValueError(f"image_range: expected one of {', '.join(IMAGE_RANGES)}, got {image_range!r}")
    short = _short_side(frames)
    if image_range == "unsaid" or frames.shape[1:3] == (SIDE, SIDE):
        return _centres(frames, resized=True, smooth=True) * np.float32(2 / 255) - np.float32(1)
    if short < SIDE:
        raise ValueError(f"image_range released: expected frames of at least {SIDE} px, got a short side of {short}")
    centres = _centres(frames, resized=short > _SHORT, smooth=False)
    return centres / np.float32(255 if short > _SHORT else max(centres.max(), 1))


def efficientnet_lite0(frames: np.ndarray) -> np.ndarray:
    """Frames as EfficientNet-Lite0's published weights want them, about -1..1: (value - 127) / 128.

    Args:
        frames: (frames, height, width, 3) uint8.

    Returns:
        (frames, 3, 224, 224) float32.

    Raises:
        ValueError: not such frames.
    """
    _short_side(frames)
    return (_centres(frames, resized=True, smooth=True) - np.float32(127)) / np.float32(128)


def small_image(frames: np.ndarray) -> np.ndarray:
    """Frames of the simulated cities as their small network wants them, 0..1.

    Args:
        frames: (frames, 128, 128, 3) uint8.

    Returns:
        (frames, 3, 64, 64) float32.

    Raises:
        ValueError: not such frames.
    """
    return pooled(frames).transpose(0, 3, 1, 2) / np.float32(255)


def pooled(frames: np.ndarray) -> np.ndarray:
    """What `small_image` scales: (frames, 64, 64, 3) uint8 of (frames, 128, 128, 3) uint8.

    Raises:
        ValueError: not such frames.
    """
    if _short_side(frames) != _SMALL or frames.shape[1] != frames.shape[2]:
        raise ValueError(f"expected frames of {_SMALL} x {_SMALL} pixels, got {frames.shape}")
    return np.stack([pool_pixels(frame, _SMALL_POOL) for frame in frames])


def _short_side(frames: np.ndarray) -> int:
    """Of each frame, px.

    Raises:
        ValueError: not frames.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ValueError(f"expected (frames, height, width, 3) uint8, got {frames.shape} {frames.dtype}")
    return min(frames.shape[1:3])


def _centres(frames: np.ndarray, resized: bool, smooth: bool) -> np.ndarray:
    """The middle 224 x 224 pixels, as 0..255: (frames, 3, 224, 224) float32.

    Args:
        frames: (frames, height, width, 3) uint8.
        resized: to a short side of 256 first, but for frames of 224 x 224.
        smooth: with means weighted by a triangle, as Pillow's bilinear; else by the four nearest pixels, as
            scikit-image's, which Pillow cannot do.
    """
    import torch
    from torch.nn.functional import interpolate

    height, width = frames.shape[1:3]
    if resized and (height, width) != (SIDE, SIDE):
        scale = _SHORT / min(height, width)
        height, width = round(scale * height), round(scale * width)
    top, left = height // 2 - SIDE // 2, width // 2 - SIDE // 2
    centres = np.empty((len(frames), 3, SIDE, SIDE), dtype=np.float32)
    for frame, centre in zip(frames, centres, strict=True):
        x = torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float()
        if frame.shape[:2] != (height, width):
            x = interpolate(x, (height, width), mode="bilinear", align_corners=False, antialias=smooth)
        centre[:] = x[0, :, top : top + SIDE, left : left + SIDE].numpy()
    return centres
