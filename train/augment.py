"""What other microscopes, cameras and stains would have made of the same cell.

All on batches in TensorFlow, so that two cores keep up. Pixels are relative to the glass, which
stands at ``WHITE_LEVEL``; stain is changed in optical density (Beer-Lambert), where dyes add up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.imaging.background import WHITE_LEVEL
from train.recipe import AugmentRecipe

Tensor = Any
_DARKEST = 2.0 / 255.0
_BRIGHTEST_DENSITY = -0.1
_BLOCK = 8
_SWAP_BORDER_UM = (7.5, 11.0)
_SWAP_SOFTNESS_UM = 0.5


def _cosine_transform() -> NDArray[np.float32]:
    """Orthonormal DCT-II of 8 points, shape (8, 8): frequency, place."""
    place = np.arange(_BLOCK)
    waves = np.cos(np.pi * np.outer(place, place + 0.5) / _BLOCK) * (2 / _BLOCK) ** 0.5
    waves[0] /= 2**0.5
    transform: NDArray[np.float32] = waves.astype(np.float32)
    return transform


def _binomial_kernel() -> NDArray[np.float32]:
    """The 5-tap binomial kernel in both directions for each of three colours, (5, 5, 3, 1)."""
    taps = np.array((1, 4, 6, 4, 1), dtype=np.float32) / 16
    return np.repeat(np.outer(taps, taps)[:, :, None, None], 3, axis=2)


_BINOMIAL = _binomial_kernel()
_COSINES = _cosine_transform()
_STEPS = ((10 + 7 * np.add.outer(np.arange(_BLOCK), np.arange(_BLOCK))) / 255).astype(np.float32)


def augment(
    crops: Tensor, maps: Tensor, size_px: int, um_per_px: float, strength: AugmentRecipe
) -> Tensor:
    """Random views of a batch of crops.

    Args:
        crops: uint8, shape (batch, larger, larger, 3), glass at ``WHITE_LEVEL``; larger than
            ``size_px`` so that turning shows no corners.
        maps: float32, shape (batch, 3, 3): from the cell's stain to another (``train.stains``).
        size_px: Side of the result.
        um_per_px: Scale of the crops.
        strength: How much of each difference.

    Returns:
        float32, shape (batch, size_px, size_px, 3), range [-1, 1].
    """
    x = tf.cast(crops, tf.float32)
    # Along the rows, before turning: afterwards they point anywhere.
    x = _move(x, strength.motion)
    x = _fringe(x, strength.fringe)
    x = _turn_and_scale(x, size_px, strength.scale, strength.shift_um / um_per_px)
    x = x / float(WHITE_LEVEL)
    x = swap_surroundings(x, um_per_px, strength.swap)
    x = _restain(x, maps, strength)
    x = _defocus(x, strength.defocus)
    x = _relight(x, strength)
    x = _noise(x, strength.noise)
    x = _chroma_blur(x, strength.chroma_blur)
    x = _compress(x, strength.compression)
    return tf.clip_by_value(x * float(WHITE_LEVEL) / 127.5 - 1.0, -1.0, 1.0)


def plain(crops: Tensor, size_px: int) -> Tensor:
    """The middle of the crops, unchanged, as the device sees it: float32 in [-1, 1]."""
    margin = (crops.shape[1] - size_px) // 2
    middle = crops[:, margin : margin + size_px, margin : margin + size_px]
    return tf.cast(middle, tf.float32) / 127.5 - 1.0


def _turn_and_scale(x: Tensor, size_px: int, scale: float, shift_px: float) -> Tensor:
    """Any angle, mirror image, log-normal scale and shift, in one resampling."""
    n = tf.shape(x)[0]
    larger = float(x.shape[1])
    angle = tf.random.uniform([n], 0.0, 2.0 * math.pi)
    zoom = tf.exp(tf.clip_by_value(tf.random.normal([n]), -2.0, 2.0) * scale)
    mirror = tf.where(tf.random.uniform([n]) < 0.5, 1.0, -1.0)
    cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    shift = tf.random.normal([n, 2]) * (shift_px / 2.0)
    middle_out, middle_in = (size_px - 1) / 2.0, (larger - 1) / 2.0
    a0, a1, b0, b1 = cos * mirror, -sin, sin * mirror, cos
    a2 = middle_in + shift[:, 0] - (a0 + a1) * middle_out
    b2 = middle_in + shift[:, 1] - (b0 + b1) * middle_out
    zero = tf.zeros([n])
    transform = tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=transform,
        output_shape=[size_px, size_px],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=float(WHITE_LEVEL),
    )


def _move(x: Tensor, share: float) -> Tensor:
    """The slide moved while the frame was exposed: a mean over 7 px along the rows, in part."""
    n = tf.shape(x)[0]
    chosen = tf.where(tf.random.uniform([n, 1, 1, 1]) < share, 1.0, 0.0)
    moved = tf.nn.avg_pool2d(x, (1, 7), 1, "SAME")
    return x + chosen * tf.random.uniform([n, 1, 1, 1]) * (moved - x)


def _fringe(x: Tensor, strength: float) -> Tensor:
    """Chromatic aberration: red and blue up to ``strength`` px to either side of green."""
    n = tf.shape(x)[0]
    apart = tf.random.uniform([n, 1, 1], 0.0, strength)
    red, green, blue = tf.unstack(x, axis=-1)
    red = red + apart * (tf.roll(red, 1, axis=2) - red)
    blue = blue + apart * (tf.roll(blue, -1, axis=2) - blue)
    return tf.stack([red, green, blue], axis=-1)


def swap_surroundings(x: Tensor, um_per_px: float, share: float) -> Tensor:
    """The cell among another one's red cells: what lies around it says whose slide it is, and not
    what cell it is. The border is soft and random, beyond where most cells end.

    Args:
        x: float32, shape (batch, side, side, 3), cells in the middle.
        um_per_px: Scale.
        share: Of the cells, 0-1.
    """
    n, side = tf.shape(x)[0], int(x.shape[1])
    from_middle = (np.arange(side) - (side - 1) / 2) * um_per_px
    radius_um = np.hypot(from_middle[:, None], from_middle[None, :]).astype(np.float32)
    border_um = tf.random.uniform([n, 1, 1, 1], *_SWAP_BORDER_UM)
    outside = tf.sigmoid((radius_um[None, :, :, None] - border_um) / _SWAP_SOFTNESS_UM)
    chosen = tf.where(tf.random.uniform([n, 1, 1, 1]) < share, 1.0, 0.0)
    return x + chosen * outside * (tf.roll(x, 1, axis=0) - x)


def _restain(x: Tensor, maps: Tensor, strength: AugmentRecipe) -> Tensor:
    """The stain of another laboratory, and dyes of another hue besides: linear in density."""
    n = tf.shape(x)[0]
    density = -tf.math.log(tf.maximum(x, _DARKEST))
    overall = tf.exp(tf.random.normal([n, 1, 1]) * strength.stain_strength)
    channel = tf.exp(tf.random.normal([n, 1, 3]) * strength.stain_channel)
    mixing = tf.eye(3)[None] + tf.random.normal([n, 3, 3]) * strength.stain_mixing
    flat = tf.reshape(density, [n, -1, 3])
    flat = tf.matmul(flat, tf.matmul(maps, mixing)) * overall * channel
    # A map between stains may make the glass brighter than glass: cameras clip there.
    return tf.reshape(tf.exp(-tf.maximum(flat, _BRIGHTEST_DENSITY)), tf.shape(x))


def _defocus(x: Tensor, strength: float) -> Tensor:
    """From slightly sharpened to blurred: a mix of the picture and two blurs of it."""
    n = tf.shape(x)[0]
    amount = tf.random.uniform([n, 1, 1, 1], -0.35, 1.0) * strength
    coarse = tf.where(tf.random.uniform([n, 1, 1, 1]) < 0.25, 1.0, 0.0)
    fine_blur = _binomial(x)
    coarse_blur = _binomial(_binomial(fine_blur))
    blurred = coarse * coarse_blur + (1.0 - coarse) * fine_blur
    return x + amount * (blurred - x)


def _noise(x: Tensor, strength: float) -> Tensor:
    """Sensor noise, a different amount in each picture; four pictures of a batch share a pattern,
    which costs a quarter and teaches nothing else."""
    n = tf.shape(x)[0]
    patterns = tf.random.normal(tf.concat([[(n + 3) // 4], tf.shape(x)[1:]], axis=0))
    amount = tf.random.uniform([n, 1, 1, 1], 0.0, strength)
    return x + amount * tf.tile(patterns, [4, 1, 1, 1])[:n]


def _binomial(x: Tensor) -> Tensor:
    """Blur with the 5-tap binomial kernel in both directions: sigma 1 px."""
    pad = tf.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="SYMMETRIC")
    return tf.nn.depthwise_conv2d(pad, _BINOMIAL, [1, 1, 1, 1], "VALID")


def _chroma_blur(x: Tensor, share: float) -> Tensor:
    """Colour at half resolution, as JPEG and video store it."""
    n = tf.shape(x)[0]
    luma = tf.reduce_mean(x, axis=-1, keepdims=True)
    chroma = x - luma
    half = tf.nn.avg_pool2d(chroma, 2, 2, "SAME")
    coarse = tf.repeat(tf.repeat(half, 2, axis=1), 2, axis=2)
    chosen = tf.where(tf.random.uniform([n, 1, 1, 1]) < share, 1.0, 0.0)
    return luma + chroma + chosen * (coarse - chroma)


def _compress(x: Tensor, share: float) -> Tensor:
    """Brightness as JPEG stores it: blocks of 8 x 8 px, their cosine transform in coarse steps.

    The steps grow with frequency as in the table of ITU-T T.81, Annex K, and are scaled by a
    random factor up to what quality 30 means.
    """
    n, side = tf.shape(x)[0], int(x.shape[1])
    blocks = side // _BLOCK
    chosen = tf.where(tf.random.uniform([n, 1, 1, 1, 1]) < share, 1.0, 0.0)
    luma = tf.reduce_mean(x, axis=-1)
    tiles = tf.reshape(luma, [n, blocks, _BLOCK, blocks, _BLOCK])
    waves = tf.einsum("ua,nbacd,vd->nbucv", _COSINES, tiles, _COSINES)
    steps = _STEPS[:, None, :] * tf.random.uniform([n, 1, 1, 1, 1], 0.3, 1.7)
    coarse = tf.round(waves / steps) * steps
    waves = chosen * (coarse - waves)
    change = tf.einsum("ua,nbucv,vd->nbacd", _COSINES, waves, _COSINES)
    return x + tf.stop_gradient(tf.reshape(change, [n, side, side, 1]))


def _relight(x: Tensor, strength: AugmentRecipe) -> Tensor:
    """A white reference slightly wrong per channel, light that falls off to one side, and dark that
    stray light lifts or a camera's black level swallows."""
    n, side = tf.shape(x)[0], int(x.shape[1])
    x = x * tf.exp(tf.random.normal([n, 1, 1, 3]) * strength.white_balance)
    along = tf.linspace(-1.0, 1.0, side)
    slope = tf.random.normal([n, 2, 1, 1, 1]) * strength.shading
    x = x * (
        1.0 + slope[:, 0] * along[None, :, None, None] + slope[:, 1] * along[None, None, :, None]
    )
    lifted = tf.random.uniform([n, 1, 1, 1], -strength.black_level, strength.flare)
    return tf.maximum(x * (1.0 - lifted) + lifted, 0.0)
