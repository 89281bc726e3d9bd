"""A reviewer taps a cell and sees its neighbours: the field's picture was kept beside the count."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from edge.records.database import Database
from edge.records.fields import FieldKeeper, FieldPicture, add_field, field_of_frame
from edge.records.store import Store


def _examination(store: Store) -> int:
    return store.begin_examination("S-1", "net 1", "ab" * 32, "phantom:healthy", 0.2)


def test_a_field_is_kept_small_and_found_again(tmp_path: Path) -> None:
    rgb = np.random.default_rng(1).integers(180, 240, (960, 1280, 3), dtype=np.uint8)
    with Store.open(tmp_path) as store:
        examination = _examination(store)
        with FieldKeeper(tmp_path) as keeper:
            assert keeper.offer(examination, 7, rgb)
        field = field_of_frame(store, examination, 7)
        assert field is not None
        assert (field.frame_width_px, field.frame_height_px) == (1280, 960)
        with Image.open(io.BytesIO(field.jpeg)) as picture:
            assert picture.size == (640, 480)
        assert field_of_frame(store, examination, 8) is None
        store.verify_chain()


def test_a_frame_has_one_picture_and_a_second_one_does_no_harm(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        examination = _examination(store)
        first = FieldPicture(3, 64, 48, b"first")
        assert add_field(store, examination, first)
        assert not add_field(store, examination, FieldPicture(3, 64, 48, b"second"))
        assert field_of_frame(store, examination, 3) == first


def test_the_loop_never_waits_for_a_keeper_that_is_behind(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        examination = _examination(store)
        rgb = np.full((96, 128, 3), 200, dtype=np.uint8)
        with Database.open(tmp_path) as other, FieldKeeper(tmp_path) as keeper:
            with other.transaction():  # somebody holds the records: the keeper's thread waits
                taken = [keeper.offer(examination, frame, rgb) for frame in range(20)]
            assert taken[0]
            assert taken.count(True) <= 4
        kept = [f for f in range(20) if field_of_frame(store, examination, f) is not None]
        assert len(kept) == taken.count(True)
