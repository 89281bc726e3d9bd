"""What other microscopes, cameras and stains would have made of the same cell.

All on batches, in Keras's own operations: two cores keep up under TensorFlow, and the same code
runs on a GPU under JAX. Pixels are relative to the glass, which stands at ``WHITE_LEVEL``; stain is
changed in optical density (Beer-Lambert), where dyes add up.

``chance`` is a ``keras.random.SeedGenerator``: each drawing takes its next state.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops, random
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
    crops: Tensor,
    maps: Tensor,
    size_px: int,
    um_per_px: float,
    strength: AugmentRecipe,
    chance: random.SeedGenerator,
) -> Tensor:
    """Random views of a batch of crops.

    Args:
        crops: uint8, shape (batch, larger, larger, 3), glass at ``WHITE_LEVEL``; larger than
            ``size_px`` so that turning shows no corners.
        maps: float32, shape (batch, 3, 3): from the cell's stain to another (``train.stains``).
        size_px: Side of the result.
        um_per_px: Scale of the crops.
        strength: How much of each difference.
        chance: Source of chance.

    Returns:
        float32, shape (batch, size_px, size_px, 3), range [-1, 1].
    """
    x = ops.cast(crops, "float32")
    # Along the rows, before turning: afterwards they point anywhere.
    x = _move(x, strength.motion, chance)
    x = _fringe(x, strength.fringe, chance)
    x = _turn_and_scale(x, size_px, strength.scale, strength.shift_um / um_per_px, chance)
    x = x / float(WHITE_LEVEL)
    x = swap_surroundings(x, um_per_px, strength.swap, chance)
    x = _restain(x, maps, strength, chance)
    x = _defocus(x, strength.defocus, chance)
    x = _relight(x, strength, chance)
    x = _noise(x, strength.noise, chance)
    x = _chroma_blur(x, strength.chroma_blur, chance)
    x = _compress(x, strength.compression, chance)
    return ops.clip(x * float(WHITE_LEVEL) / 127.5 - 1.0, -1.0, 1.0)


def plain(crops: Tensor, size_px: int) -> Tensor:
    """The middle of the crops, unchanged, as the device sees it: float32 in [-1, 1]."""
    margin = (crops.shape[1] - size_px) // 2
    middle = crops[:, margin : margin + size_px, margin : margin + size_px]
    return ops.cast(middle, "float32") / 127.5 - 1.0


def _uniform(shape: tuple[Any, ...], low: float, high: float, chance: Any) -> Tensor:
    return random.uniform(shape, low, high, seed=chance)


def _normal(shape: tuple[Any, ...], chance: Any) -> Tensor:
    return random.normal(shape, seed=chance)


def _chosen(shape: tuple[Any, ...], share: float, chance: Any) -> Tensor:
    """1.0 for that share of the batch, else 0.0."""
    return ops.cast(_uniform(shape, 0.0, 1.0, chance) < share, "float32")


def _turn_and_scale(x: Tensor, size_px: int, scale: float, shift_px: float, chance: Any) -> Tensor:
    """Any angle, mirror image, log-normal scale and shift, in one resampling."""
    n = ops.shape(x)[0]
    larger = int(x.shape[1])
    angle = _uniform((n,), 0.0, 2.0 * math.pi, chance)
    zoom = ops.exp(ops.clip(_normal((n,), chance), -2.0, 2.0) * scale)
    mirror = 2.0 * _chosen((n,), 0.5, chance) - 1.0
    cos, sin = ops.cos(angle) / zoom, ops.sin(angle) / zoom
    shift = _normal((n, 2), chance) * (shift_px / 2.0)
    middle = (larger - 1) / 2.0
    a0, a1, b0, b1 = cos * mirror, -sin, sin * mirror, cos
    a2 = middle + shift[:, 0] - (a0 + a1) * middle
    b2 = middle + shift[:, 1] - (b0 + b1) * middle
    zero = ops.zeros_like(angle)
    turned = ops.image.affine_transform(
        x,
        ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1),
        interpolation="bilinear",
        fill_mode="constant",
        fill_value=float(WHITE_LEVEL),
    )
    margin = (larger - size_px) // 2
    return turned[:, margin : margin + size_px, margin : margin + size_px]


def _move(x: Tensor, share: float, chance: Any) -> Tensor:
    """The slide moved while the frame was exposed: a mean over 7 px along the rows, in part."""
    n = ops.shape(x)[0]
    chosen = _chosen((n, 1, 1, 1), share, chance)
    moved = ops.average_pool(x, (1, 7), strides=1, padding="same")
    return x + chosen * _uniform((n, 1, 1, 1), 0.0, 1.0, chance) * (moved - x)


def _fringe(x: Tensor, strength: float, chance: Any) -> Tensor:
    """Chromatic aberration: red and blue up to ``strength`` px to either side of green."""
    n = ops.shape(x)[0]
    apart = _uniform((n, 1, 1), 0.0, strength, chance)
    red, green, blue = x[..., 0], x[..., 1], x[..., 2]
    red = red + apart * (ops.roll(red, 1, axis=2) - red)
    blue = blue + apart * (ops.roll(blue, -1, axis=2) - blue)
    return ops.stack([red, green, blue], axis=-1)


def swap_surroundings(x: Tensor, um_per_px: float, share: float, chance: Any) -> Tensor:
    """The cell among another one's red cells: what lies around it says whose slide it is, and not
    what cell it is. The border is soft and random, beyond where most cells end.

    Args:
        x: float32, shape (batch, side, side, 3), cells in the middle.
        um_per_px: Scale.
        share: Of the cells, 0-1.
        chance: Source of chance.
    """
    n, side = ops.shape(x)[0], int(x.shape[1])
    from_middle = (np.arange(side) - (side - 1) / 2) * um_per_px
    radius_um = np.hypot(from_middle[:, None], from_middle[None, :]).astype(np.float32)
    border_um = _uniform((n, 1, 1, 1), *_SWAP_BORDER_UM, chance)
    outside = ops.sigmoid((radius_um[None, :, :, None] - border_um) / _SWAP_SOFTNESS_UM)
    chosen = _chosen((n, 1, 1, 1), share, chance)
    return x + chosen * outside * (ops.roll(x, 1, axis=0) - x)


def _restain(x: Tensor, maps: Tensor, strength: AugmentRecipe, chance: Any) -> Tensor:
    """The stain of another laboratory, and dyes of another hue besides: linear in density."""
    n = ops.shape(x)[0]
    density = -ops.log(ops.maximum(x, _DARKEST))
    overall = ops.exp(_normal((n, 1, 1), chance) * strength.stain_strength)
    channel = ops.exp(_normal((n, 1, 3), chance) * strength.stain_channel)
    mixing = ops.eye(3)[None] + _normal((n, 3, 3), chance) * strength.stain_mixing
    flat = ops.reshape(density, (n, -1, 3))
    flat = ops.matmul(flat, ops.matmul(maps, mixing)) * overall * channel
    # A map between stains may make the glass brighter than glass: cameras clip there.
    return ops.reshape(ops.exp(-ops.maximum(flat, _BRIGHTEST_DENSITY)), ops.shape(x))


def _defocus(x: Tensor, strength: float, chance: Any) -> Tensor:
    """From slightly sharpened to blurred: a mix of the picture and two blurs of it."""
    n = ops.shape(x)[0]
    amount = _uniform((n, 1, 1, 1), -0.35, 1.0, chance) * strength
    coarse = _chosen((n, 1, 1, 1), 0.25, chance)
    fine_blur = _binomial(x)
    blurred = coarse * _binomial(_binomial(fine_blur)) + (1.0 - coarse) * fine_blur
    return x + amount * (blurred - x)


def _noise(x: Tensor, strength: float, chance: Any) -> Tensor:
    """Sensor noise, a different amount in each picture; four pictures of a batch share a pattern,
    which costs a quarter and teaches nothing else."""
    n, side = ops.shape(x)[0], int(x.shape[1])
    patterns = _normal(((n + 3) // 4, side, side, 3), chance)
    amount = _uniform((n, 1, 1, 1), 0.0, strength, chance)
    return x + amount * ops.tile(patterns, (4, 1, 1, 1))[:n]


def _binomial(x: Tensor) -> Tensor:
    """Blur with the 5-tap binomial kernel in both directions: sigma 1 px."""
    pad = ops.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="symmetric")
    return ops.depthwise_conv(pad, _BINOMIAL, strides=1, padding="valid")


def _chroma_blur(x: Tensor, share: float, chance: Any) -> Tensor:
    """Colour at half resolution, as JPEG and video store it."""
    n = ops.shape(x)[0]
    luma = ops.mean(x, axis=-1, keepdims=True)
    chroma = x - luma
    half = ops.average_pool(chroma, 2, strides=2, padding="same")
    coarse = ops.repeat(ops.repeat(half, 2, axis=1), 2, axis=2)
    chosen = _chosen((n, 1, 1, 1), share, chance)
    return luma + chroma + chosen * (coarse - chroma)


def _compress(x: Tensor, share: float, chance: Any) -> Tensor:
    """Brightness as JPEG stores it: blocks of 8 x 8 px, their cosine transform in coarse steps.

    The steps grow with frequency as in the table of ITU-T T.81, Annex K, and are scaled by a
    random factor up to what quality 30 means.
    """
    n, side = ops.shape(x)[0], int(x.shape[1])
    blocks = side // _BLOCK
    chosen = _chosen((n, 1, 1, 1, 1), share, chance)
    luma = ops.mean(x, axis=-1)
    tiles = ops.reshape(luma, (n, blocks, _BLOCK, blocks, _BLOCK))
    waves = ops.einsum("ua,nbacd,vd->nbucv", _COSINES, tiles, _COSINES)
    steps = _STEPS[:, None, :] * _uniform((n, 1, 1, 1, 1), 0.3, 1.7, chance)
    coarse = ops.round(waves / steps) * steps
    waves = chosen * (coarse - waves)
    change = ops.einsum("ua,nbucv,vd->nbacd", _COSINES, waves, _COSINES)
    return x + ops.stop_gradient(ops.reshape(change, (n, side, side, 1)))


def _relight(x: Tensor, strength: AugmentRecipe, chance: Any) -> Tensor:
    """A white reference slightly wrong per channel, light that falls off to one side, and dark that
    stray light lifts or a camera's black level swallows."""
    n, side = ops.shape(x)[0], int(x.shape[1])
    x = x * ops.exp(_normal((n, 1, 1, 3), chance) * strength.white_balance)
    along = np.linspace(-1.0, 1.0, side, dtype=np.float32)
    slope = _normal((n, 2, 1, 1, 1), chance) * strength.shading
    x = x * (
        1.0 + slope[:, 0] * along[None, :, None, None] + slope[:, 1] * along[None, None, :, None]
    )
    lifted = _uniform((n, 1, 1, 1), -strength.black_level, strength.flare, chance)
    return ops.maximum(x * (1.0 - lifted) + lifted, 0.0)
