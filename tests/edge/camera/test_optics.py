"""Optics worked out by hand and by the code agree."""

import pytest

from edge.camera.optics import (
    DRY_40X,
    HQ_CAMERA,
    LAYOUTS,
    OIL_100X,
    Optics,
    eyepiece_reduction,
)


def test_the_hq_camera_behind_40x_and_half_reduction():
    optics = Optics(HQ_CAMERA, DRY_40X, reduction=0.5, binning=2)
    assert optics.um_per_px == pytest.approx(1.55 * 2 / 20)
    assert optics.field_um == pytest.approx((4056 * 1.55 / 20, 3040 * 1.55 / 20))
    assert optics.um_per_px_at(2028) == pytest.approx(optics.um_per_px)
    assert optics.circle_mm == pytest.approx(15.7, abs=0.05)


def test_a_hundredfold_objective_shows_a_field_less_than_half_as_wide():
    dry, oil = (Optics(HQ_CAMERA, objective, 0.5) for objective in (DRY_40X, OIL_100X))
    assert dry.field_um[0] / oil.field_um[0] == pytest.approx(2.5)


def test_resolution_is_rayleighs():
    assert DRY_40X.resolution_um == pytest.approx(0.516, abs=0.001)
    assert OIL_100X.resolution_um == pytest.approx(0.268, abs=0.001)


def test_detail_is_lost_where_pixels_are_too_large():
    assert Optics(HQ_CAMERA, DRY_40X, 0.5).keeps_detail
    assert not Optics(HQ_CAMERA, DRY_40X, 0.1, binning=2).keeps_detail


def test_a_lens_behind_an_eyepiece_is_a_relay():
    assert eyepiece_reduction(10, 16) == pytest.approx(0.64)


def test_every_layout_listed_suits_the_network_and_the_eyepiece():
    for _, optics in LAYOUTS:
        assert 0.02 <= optics.um_per_px <= 0.2
        assert optics.um_per_px_at(1280) < 0.26
        assert optics.circle_mm <= 18
        assert optics.keeps_detail


@pytest.mark.parametrize("wrong", [{"reduction": 0}, {"reduction": 0.5, "binning": 0}])
def test_optics_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="above 0"):
        Optics(HQ_CAMERA, DRY_40X, **wrong)
    with pytest.raises(ValueError, match="above 0"):
        eyepiece_reduction(0, 16)
