"""From light to pixels: level, tint, shading, noise."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.sensor import LIGHT_SCALE, Exposure, Sensor

GLASS = np.full((240, 320, 3), LIGHT_SCALE, dtype=np.uint16)


def picture(sensor, light=GLASS, number=0, seed=4):
    return Exposure(sensor, (320, 240), seed).develop(light, number)


def test_the_glass_has_the_level_of_its_exposure():
    neutral = Sensor(exposure=0.5, tint=(1, 1, 1), tint_spread=0, vignetting=0)
    assert picture(neutral).mean() == pytest.approx(255 * 0.5 ** (1 / 2.2), abs=0.3)


def test_corners_lose_the_light_they_should():
    sensor = Sensor(exposure=0.8, tint_spread=0, vignetting=0.4)
    linear = (picture(sensor)[..., 0] / 255.0) ** 2.2
    corners = np.mean([linear[:9, :9], linear[:9, -9:], linear[-9:, :9], linear[-9:, -9:]])
    assert corners / linear[110:130, 150:170].mean() == pytest.approx(0.6, abs=0.04)


def test_noise_is_that_of_its_electrons():
    for electrons in (1000.0, 9000.0):
        sensor = Sensor(
            exposure=0.5, tint=(1, 1, 1), tint_spread=0, vignetting=0, full_well_e=electrons
        )
        linear = (picture(sensor)[..., 1] / 255.0) ** 2.2
        wished = np.hypot(np.sqrt(0.5 * electrons), sensor.read_noise_e) / electrons
        print(f"{electrons:.0f} e-: noise {linear.std():.5f}, expected {wished:.5f}")
        assert linear.std() == pytest.approx(wished, rel=0.1)


def test_each_frame_has_its_own_noise_and_the_same_each_time():
    sensor = Sensor()
    first, again = picture(sensor), picture(sensor)
    np.testing.assert_array_equal(first, again)
    noise = [picture(sensor, number=n)[..., 1].astype(float).ravel() for n in (1, 2)]
    shading = picture(Sensor(full_well_e=1e7, read_noise_e=0))[..., 1].astype(float).ravel()
    assert abs(np.corrcoef(noise[0] - shading, noise[1] - shading)[0, 1]) < 0.1


def test_light_beyond_full_scale_is_clipped_not_wrapped():
    assert picture(Sensor(exposure=3.0, tint=(1, 1, 1), vignetting=0)).min() == 255


def test_jpeg_changes_little():
    plain, packed = picture(Sensor()), picture(Sensor(jpeg_quality=60))
    assert plain.shape == packed.shape
    assert 0 < np.abs(plain.astype(int) - packed).mean() < 4


@pytest.mark.parametrize("wrong", [{"exposure": 0}, {"vignetting": 1}, {"jpeg_quality": 0}])
def test_a_camera_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must lie in"):
        Sensor(**wrong)
