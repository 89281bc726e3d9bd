"""White cells are found, once each, and nothing else: drawn smears first, then real fields."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench.marked_fields import FIELDS, TUNED_ON, UM_PER_PX, field_picture, score
from bench.shifts import stain
from edge.imaging.locate import Candidate, Search, locate
from edge.imaging.scale import measure_scale
from tests.shared_data import data_folder, shared_zip

GLASS = (236, 228, 216)
RED_CELL = (196, 142, 150)
CYTOPLASM = (206, 186, 208)
NUCLEUS = (104, 58, 140)
PLATELET = (140, 90, 160)
DEPOSIT = (22, 16, 30)
SCALE = 0.2  # um/px of the drawn smears


def smear(width_um: float = 100.0, height_um: float = 80.0) -> Image.Image:
    """Empty glass with a few red cells along the top."""
    picture = Image.new("RGB", (round(width_um / SCALE), round(height_um / SCALE)), GLASS)
    for x in np.arange(8.0, width_um, 12.0):
        disc(picture, x, 8.0, 3.6, RED_CELL)
    return picture


def disc(picture: Image.Image, x: float, y: float, radius: float, colour: tuple) -> None:
    """A disc, all in um."""
    box = [(v / SCALE) for v in (x - radius, y - radius, x + radius, y + radius)]
    ImageDraw.Draw(picture).ellipse(box, fill=colour)


def lymphocyte(picture: Image.Image, x: float, y: float) -> None:
    disc(picture, x, y, 5.5, CYTOPLASM)
    disc(picture, x, y, 4.5, NUCLEUS)


def cells_of(picture: Image.Image, scale: float = SCALE, **options) -> list[Candidate]:
    return locate(np.asarray(picture), scale, **options)


def test_one_lymphocyte_is_found_where_it_lies():
    picture = smear()
    lymphocyte(picture, 50.0, 40.0)
    (cell,) = cells_of(picture)
    x, y = cell.centre_px
    assert (x * SCALE, y * SCALE) == pytest.approx((50.0, 40.0), abs=0.8)
    assert cell.width_px * SCALE == pytest.approx(11.0, abs=2.0)
    assert cell.nucleus_area_um2 == pytest.approx(np.pi * 4.5**2, rel=0.15)
    assert cell.area_um2 == pytest.approx(np.pi * 5.5**2, rel=0.25)
    assert not cell.cut


def test_a_cell_is_known_again_by_its_nucleus_whatever_its_box_takes_in():
    picture = smear()
    disc(picture, 52.0, 40.0, 7.0, CYTOPLASM)
    disc(picture, 50.0, 40.0, 4.5, NUCLEUS)
    (cell,) = cells_of(picture)
    assert np.array(cell.anchor_px) * SCALE == pytest.approx((50.0, 40.0), abs=0.5)
    assert cell.centre_px[0] * SCALE > 50.8


def test_red_cells_platelets_deposit_and_a_scale_bar_are_no_white_cells():
    picture = smear()
    for x in (20.0, 30.0, 40.0):
        disc(picture, x, 40.0, 1.3, PLATELET)
    disc(picture, 60.0, 40.0, 4.0, DEPOSIT)
    ImageDraw.Draw(picture).line((300, 350, 450, 350), fill=(0, 0, 0), width=4)
    ImageDraw.Draw(picture).line((300, 370, 450, 370), fill=(0, 255, 0), width=4)
    assert cells_of(picture) == []


def test_empty_glass_a_black_frame_and_a_tiny_picture_hold_no_cells():
    for colour in (GLASS, (0, 0, 0), (255, 255, 255)):
        assert cells_of(Image.new("RGB", (400, 300), colour)) == []
    assert cells_of(Image.new("RGB", (3, 2), GLASS)) == []
    # A phone's picture with a black bar of missing light along one side.
    picture = smear()
    ImageDraw.Draw(picture).rectangle((0, 380, 500, 400), fill=(0, 0, 0))
    assert cells_of(picture, include_cut=True) == []


def test_three_lobes_are_one_neutrophil():
    picture = smear()
    disc(picture, 50.0, 40.0, 6.5, CYTOPLASM)
    for dx, dy in ((-3.2, -1.5), (3.2, -1.5), (0.0, 3.2)):
        disc(picture, 50.0 + dx, 40.0 + dy, 2.3, NUCLEUS)
    (cell,) = cells_of(picture)
    assert np.array(cell.centre_px) * SCALE == pytest.approx((50.0, 40.0), abs=1.0)


@pytest.mark.parametrize("spot_um", [0.0, 1.2, 1.8])
def test_two_large_lobes_are_one_eosinophil_though_the_body_between_them_is_pale(spot_um):
    """The middle between the lobes lies in granules that let all light pass."""
    picture = smear()
    disc(picture, 50.0, 40.0, 8.0, CYTOPLASM)
    for dx in (-4.5, 4.5):
        disc(picture, 50.0 + dx, 40.0, 4.0, NUCLEUS)
    if spot_um:
        disc(picture, 50.0, 40.0, spot_um, GLASS)
    (cell,) = cells_of(picture)
    assert np.array(cell.centre_px) * SCALE == pytest.approx((50.0, 40.0), abs=1.0)


@pytest.mark.parametrize("apart_um", [11.0, 12.5, 14.0])
def test_two_blasts_that_touch_are_two_cells(apart_um):
    picture = smear()
    for x in (45.0, 45.0 + apart_um):
        disc(picture, x, 40.0, 7.0, CYTOPLASM)
    for x in (45.0, 45.0 + apart_um):
        disc(picture, x, 40.0, 5.8, NUCLEUS)
    left, right = cells_of(picture)
    assert left.centre_px[0] * SCALE == pytest.approx(45.0, abs=2.0)
    assert right.centre_px[0] * SCALE == pytest.approx(45.0 + apart_um, abs=2.0)


def test_a_search_in_portions_finds_what_a_search_at_once_does():
    """Whoever follows a hand looks at a crowded field over several frames: nothing may change."""
    picture = smear(120.0, 120.0)
    for y in (30.0, 60.0, 90.0):
        for x in (20.0, 29.0, 60.0, 100.0):  # the first two of each row touch
            disc(picture, x, y, 4.9, NUCLEUS)
    rgb = np.asarray(picture)
    expected = locate(rgb, SCALE)
    assert len(expected) == 12
    for work in (1, 5_000, 20_000):
        search, portions = Search(rgb, SCALE), 1
        while (found := search.go_on(work)) is None:
            portions += 1
        assert found == expected
        print(f"{portions} portions of {work}")
        assert portions > 12 if work == 1 else portions < 12
    search = Search(rgb, SCALE)
    search.go_on(5_000)
    assert search.finish() == expected, "what is left can be asked for at once"


def test_a_cell_cut_by_the_border_is_left_for_the_next_field_unless_asked_for():
    picture = smear()
    lymphocyte(picture, 0.5, 40.0)
    assert cells_of(picture) == []
    (cell,) = cells_of(picture, include_cut=True)
    assert cell.cut
    assert cell.left_px == 0.0


def test_a_cell_that_only_touches_the_border_is_not_cut():
    picture = smear()
    lymphocyte(picture, 5.6, 40.0)
    (cell,) = cells_of(picture)
    assert not cell.cut


@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.6), (0.75, 0.85, 1.0), (0.5,) * 3])
def test_the_light_does_not_change_what_is_found(tint):
    picture = smear()
    lymphocyte(picture, 30.0, 40.0)
    lymphocyte(picture, 70.0, 60.0)
    lit = (np.asarray(picture) * np.array(tint)).astype(np.uint8)
    assert len(locate(lit, SCALE)) == 2


@pytest.mark.parametrize("error", [0.8, 1.2])
def test_a_scale_wrong_by_a_fifth_is_borne(error):
    picture = smear()
    lymphocyte(picture, 30.0, 40.0)
    lymphocyte(picture, 70.0, 60.0)
    assert len(cells_of(picture, SCALE * error)) == 2


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_no_microscope_has_is_refused(scale):
    with pytest.raises(ValueError, match="um_per_px"):
        cells_of(smear(), scale)


def test_what_is_no_rgb_picture_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        locate(np.zeros((40, 40), dtype=np.uint8), SCALE)


# Real fields -------------------------------------------------------------------------------------

BCCD_UM_PER_PX = 0.077  # median over fields of 7.2 um / size of the annotated red cells


def opened(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))


def bccd_fields() -> Iterator[tuple[np.ndarray, list[tuple[int, ...]]]]:
    """Each field and the boxes (left, top, right, bottom) of its white cells."""
    pattern = re.compile(
        r"<name>WBC</name>.*?<xmin>(\d+).*?<ymin>(\d+).*?<xmax>(\d+).*?<ymax>(\d+)", re.DOTALL
    )
    with zipfile.ZipFile(shared_zip("bccd_fields")) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            notes = archive.read(name.replace("images/", "annotations/")[:-3] + "xml").decode()
            boxes = [
                tuple(int(v) for v in match.groups())
                for part in notes.split("<object>")[1:]
                if (match := pattern.search(part))
            ]
            yield opened(archive, name), boxes


def hits(cells: list[Candidate], boxes: list[tuple[int, ...]]) -> int:
    """How many boxes hold a candidate's centre, one candidate a box."""
    free = list(boxes)
    for cell in cells:
        x, y = cell.centre_px
        inside = [b for b in free if b[0] <= x <= b[2] and b[1] <= y <= b[3]]
        if inside:
            free.remove(inside[0])
    return len(boxes) - len(free)


@pytest.mark.parametrize(
    ("error", "least_recall", "least_precision"),
    [(0.85, 0.985, 0.99), (1.0, 0.99, 0.975), (1.2, 0.99, 0.935)],
)
def test_white_cells_of_bccd_are_found_whatever_the_error_of_scale(
    error, least_recall, least_precision
):
    found = truth = given = 0
    for rgb, boxes in bccd_fields():
        cells = locate(rgb, BCCD_UM_PER_PX * error, include_cut=True)
        found += hits(cells, boxes)
        truth += len(boxes)
        given += len(cells)
    print(f"BCCD, scale x{error}: recall {found / truth:.3f}, precision {found / given:.3f}")
    assert found / truth >= least_recall
    assert found / given >= least_precision


@pytest.mark.parametrize(("strength", "least_recall"), [(0.7, 0.98), (0.5, 0.97)])
def test_white_cells_of_a_pale_stain_are_found_too(strength, least_recall):
    # With a fixed floor of the threshold 0.95 and 0.57 were found.
    found = truth = given = 0
    for rgb, boxes in list(bccd_fields())[::3]:
        cells = locate(stain(strength)(rgb, BCCD_UM_PER_PX)[0], BCCD_UM_PER_PX, include_cut=True)
        found += hits(cells, boxes)
        truth += len(boxes)
        given += len(cells)
    print(f"BCCD, stain x{strength}: recall {found / truth:.3f}, precision {found / given:.3f}")
    assert found / truth >= least_recall
    assert found / given >= 0.95


def test_white_cells_of_bccd_are_found_without_being_told_the_scale():
    found = truth = given = unmeasured = 0
    for rgb, boxes in list(bccd_fields())[::6]:
        scale = measure_scale(rgb)
        unmeasured += scale is None
        cells = locate(rgb, scale.um_per_px if scale else BCCD_UM_PER_PX, include_cut=True)
        found += hits(cells, boxes)
        truth += len(boxes)
        given += len(cells)
    print(
        f"BCCD, scale measured in each field ({unmeasured} could not be): "
        f"recall {found / truth:.3f}, precision {found / given:.3f}"
    )
    # Every sixth field: one cell more or less is 2%; the whole set gives 0.990 and 0.977.
    assert found / truth >= 0.96
    assert found / given >= 0.94


def test_fields_of_red_cells_yield_hardly_a_white_cell():
    # Five of the 80 fields do hold a white cell (100, 306, 339, 410, 481): they are left out.
    holding = {"100", "306", "339", "410", "481"}
    false = fields = 0
    with zipfile.ZipFile(shared_zip("chula_red_cells")) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            if name.split("/")[-1][:-4] in holding:
                continue
            fields += 1
            false += len(locate(opened(archive, name), 0.12, include_cut=True))
    print(f"red-cell fields: {false} false white cells in {fields}")
    assert false / fields <= 0.05


def test_white_cells_of_marked_wide_fields_are_found_in_clusters_too():
    tally = {True: np.zeros(3, int), False: np.zeros(3, int)}
    shared_zip("jhu_wide_fields")
    for field in FIELDS:
        cells = locate(field_picture(data_folder(), field), UM_PER_PX, include_cut=True)
        hit, missed, false = score([cell.centre_px for cell in cells], field)
        print(f"{field.name}: {hit} of {hit + missed} found, {false} false")
        tally[field.name in TUNED_ON] += (hit, missed, false)
    for tuned, (hit, missed, false) in tally.items():
        f1 = 2 * hit / (2 * hit + missed + false)
        print(f"{'tuned on' if tuned else 'others'}: F1 {f1:.3f}")
        assert f1 >= (0.96 if tuned else 0.97)


# Least share of pictures with exactly one candidate at the middle (within 3 um). The rest are
# mostly pictures of two cells side by side, or of a cell that does not lie in the middle.
SINGLES = [
    ("barcelona_normal", "neutrophil", 0.98),
    ("barcelona_normal", "lymphocyte", 0.98),
    ("barcelona_normal", "monocyte", 0.98),
    ("barcelona_normal", "eosinophil", 0.96),
    ("barcelona_normal", "basophil", 0.96),
    ("jhu_acute_leukemia", "neutrophil_segmented", 0.94),
    ("jhu_acute_leukemia", "lymphocyte", 0.96),
    # Eleven of the pictures of blasts show a touching pair, its seam in the middle: two cells, each
    # beside the middle, are right there.
    ("jhu_acute_leukemia", "blast", 0.89),
]


@pytest.mark.parametrize(("source", "name", "least"), SINGLES)
def test_the_cell_in_the_middle_is_found_once(source, name, least):
    central = 0
    with zipfile.ZipFile(shared_zip(source)) as archive:
        names = sorted(n for n in archive.namelist() if n.startswith(f"{name}/"))
        names = names[:: max(1, len(names) // 120)]
        for file in names:
            rgb = opened(archive, file)
            middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
            away = [
                float(np.hypot(*(np.array(cell.centre_px) - middle))) * 0.2
                for cell in locate(rgb, 0.2, include_cut=True)
            ]
            central += sum(a <= 5.0 for a in away) == 1 and min(away) <= 3.0
    print(f"{source} {name}: one cell at the middle in {central / len(names):.3f}")
    assert central / len(names) >= least
