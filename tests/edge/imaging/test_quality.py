"""Usable or not: real pictures pass, the same ones defocused, smeared or badly lit do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge.imaging.quality import Quality, QualitySettings, Trouble, assess
from tests.edge.imaging.smears import drawn_field, real_pictures

Spoil = Callable[[np.ndarray, float], np.ndarray]

SOURCES = [  # name, um/px (measured where not given: see test_scale), least share usable
    ("jhu_acute_leukemia", 0.2, 0.99),
    ("barcelona_normal", 0.2, 0.99),
    ("munich_aml", 0.1414, 0.99),
    ("raabin_phone", 0.06, 0.97),
    ("bccd_fields", 0.08, 0.97),
    ("chula_red_cells", 0.1905, 0.97),
]


def defocus(sigma_um: float) -> Spoil:
    def spoil(rgb: np.ndarray, um_per_px: float) -> np.ndarray:
        blur = ImageFilter.GaussianBlur(sigma_um / um_per_px)
        return np.asarray(Image.fromarray(rgb).filter(blur))

    return spoil


def disc(radius_um: float) -> Spoil:
    def spoil(rgb: np.ndarray, um_per_px: float) -> np.ndarray:
        height, width = rgb.shape[:2]
        y = np.minimum(np.arange(height), height - np.arange(height))[:, None]
        x = np.minimum(np.arange(width), width - np.arange(width))[None, :]
        kernel = (np.hypot(x, y) * um_per_px <= radius_um).astype(float)
        spread = np.fft.rfft2(kernel / kernel.sum())[..., None]
        mixed = np.fft.irfft2(
            np.fft.rfft2(rgb.astype(float), axes=(0, 1)) * spread, s=(height, width), axes=(0, 1)
        )
        return np.clip(mixed, 0, 255).astype(np.uint8)

    return spoil


def smear(length_um: float, axis: int) -> Spoil:
    def spoil(rgb: np.ndarray, um_per_px: float) -> np.ndarray:
        length = max(2, round(length_um / um_per_px))
        total = np.cumsum(rgb.astype(np.float64), axis=axis)
        late = np.take(total, range(length, total.shape[axis]), axis)
        early = np.take(total, range(total.shape[axis] - length), axis)
        return np.clip((late - early) / length, 0, 255).astype(np.uint8)

    return spoil


def noisy(sigma: float) -> Spoil:
    def spoil(rgb: np.ndarray, um_per_px: float) -> np.ndarray:
        noise = np.random.default_rng(0).normal(0, sigma, rgb.shape)
        return np.clip(rgb + noise, 0, 255).astype(np.uint8)

    return spoil


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.2, 0.35])
def test_a_sharp_drawn_field_is_usable_at_any_magnification(um_per_px: float) -> None:
    quality = assess(drawn_field(um_per_px, size=(960, 1280), nuclei=2), um_per_px)
    assert quality.usable
    assert quality.trouble is None
    assert quality.sharpness > 1.4


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.2, 0.35])
def test_a_defocused_drawn_field_is_refused_at_any_magnification(um_per_px: float) -> None:
    rgb = defocus(1.6)(drawn_field(um_per_px, nuclei=2, noise=0.0), um_per_px)
    for spoilt in (rgb, noisy(3.0)(rgb, um_per_px)):
        quality = assess(spoilt, um_per_px)
        assert quality.trouble is Trouble.OUT_OF_FOCUS
        assert not quality.usable
        assert "focus" in quality.advice


def test_blur_is_measured_in_micrometres_whatever_the_magnification() -> None:
    blurs = []
    for um_per_px in (0.06, 0.1, 0.2):
        rgb = defocus(0.6)(drawn_field(um_per_px, nuclei=2, noise=0.0), um_per_px)
        measures = assess(rgb, um_per_px).measures
        assert measures is not None
        blurs.append(measures.blur_um)
    print("\nblur of 0.6 um and the drawing's own:", np.round(blurs, 2))
    assert max(blurs) - min(blurs) < 0.15
    # Pallor within reach of the outline adds to the contrast, so widths come out a fifth wide.
    assert 0.6 < np.mean(blurs) < 1.0


@pytest.mark.parametrize("axis", [0, 1])
def test_a_smear_in_one_direction_is_motion(axis: int) -> None:
    rgb = smear(4.0, axis)(drawn_field(0.15, nuclei=2), 0.15)
    assert assess(rgb, 0.15).trouble is Trouble.MOVING


def test_bad_light_is_named() -> None:
    field = drawn_field(0.2)
    assert assess((field * 0.15).astype(np.uint8), 0.2).trouble is Trouble.TOO_DARK
    bright = np.clip(field * 1.6, 0, 255).astype(np.uint8)
    assert assess(bright, 0.2).trouble is Trouble.SATURATED


def test_empty_glass_is_named_even_when_noisy() -> None:
    for noise in (0.0, 2.0):
        glass = np.random.default_rng(1).normal(225, noise, (480, 640, 3))
        quality = assess(np.clip(glass, 0, 255).astype(np.uint8), 0.2)
        assert quality.trouble is Trouble.TOO_EMPTY


def test_one_sharp_cell_is_enough() -> None:
    rgb = drawn_field(0.2, size=(180, 180), nuclei=1, per_mm2=0.0)
    assert assess(rgb, 0.2).usable


def test_cells_over_cells_everywhere_is_crowded() -> None:
    rgb = drawn_field(0.2, per_mm2=65_000.0)
    assert assess(rgb, 0.2).trouble is Trouble.TOO_CROWDED


def test_every_trouble_has_one_sentence_of_advice() -> None:
    for trouble in Trouble:
        assert trouble.advice.endswith(".")
        assert trouble.advice.count(".") == 1


def test_tiny_pictures_are_answered() -> None:
    for side in (1, 8, 33):
        quality = assess(np.full((side, side, 3), 200, dtype=np.uint8), 0.2)
        assert isinstance(quality, Quality)
        assert not quality.usable


@pytest.mark.parametrize(
    "wrong", [{"min_light": 2.0}, {"max_blur_um": 0.0}, {"max_motion_um": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        QualitySettings(**wrong)


@pytest.mark.parametrize(("source", "um_per_px", "least"), SOURCES)
def test_real_pictures_are_usable(source: str, um_per_px: float, least: float) -> None:
    results = [(name, assess(rgb, um_per_px)) for name, rgb in real_pictures(source, 200, seed=11)]
    refused = [(name, quality.trouble) for name, quality in results if not quality.usable]
    share = 1 - len(refused) / len(results)
    print(f"\n{source}: usable {share:.3f} of {len(results)} {refused[:3]}")
    assert share >= least


def test_real_wide_fields_are_usable() -> None:
    refused = [
        (name, quality.trouble)
        for name, rgb in real_pictures("jhu_wide_fields", 8)
        if not (quality := assess(rgb[600:1680, 500:2420], 0.2)).usable
    ]
    assert refused == []


@pytest.mark.parametrize(("source", "um_per_px", "least"), SOURCES)
def test_the_same_pictures_spoilt_are_refused(source: str, um_per_px: float, least: float) -> None:
    spoils: dict[str, tuple[Spoil, set[Trouble | None], float]] = {
        "blur 0.3": (defocus(0.3), {None}, 0.97),
        "blur 1.5": (defocus(1.5), {Trouble.OUT_OF_FOCUS}, 0.95),
        "blur 2.5": (defocus(2.5), {Trouble.OUT_OF_FOCUS, Trouble.MOVING}, 0.95),
        "disc 2.5": (disc(2.5), {Trouble.OUT_OF_FOCUS, Trouble.MOVING}, 0.95),
        "smear 3.5": (smear(3.5, 1), {Trouble.MOVING}, 0.95),
        "smear 6": (smear(6.0, 0), {Trouble.MOVING, Trouble.OUT_OF_FOCUS}, 0.95),
    }
    pictures = [rgb for _, rgb in real_pictures(source, 15, seed=12)]
    for name, (spoil, expected, share) in spoils.items():
        troubles = [assess(spoil(rgb, um_per_px), um_per_px).trouble for rgb in pictures]
        right = float(np.mean([trouble in expected for trouble in troubles]))
        print(f"\n{source} {name}: {right:.2f}", end="")
        assert right >= share - 0.05, (name, troubles)
