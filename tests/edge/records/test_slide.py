"""What a slide may be called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import UsageFault
from edge.records.slide import checked_slide


@pytest.mark.parametrize("slide", ["S-1", "2026/17 b", "Präparat 4", "血液 7", "x" * 64])
def test_identifiers_are_kept(slide):
    assert checked_slide(slide) == slide


def test_blanks_around_go_and_one_spelling_stays():
    assert checked_slide("  S-1 ") == "S-1"
    assert checked_slide("Pra\u0308parat") == "Pr\u00e4parat"


@pytest.mark.parametrize(
    "slide",
    ["", "   ", "x" * 65, "a\nb", "a\x00b", "\x1b[31mred", "a\u202eb", "bad\udcff", "a\u200bb"],
)
def test_what_cannot_be_printed_is_refused_in_one_line(slide):
    with pytest.raises(UsageFault) as caught:
        checked_slide(slide)
    str(caught.value).encode("ascii")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_typed_is_kept_or_refused(slide):
    try:
        kept = checked_slide(slide)
    except UsageFault:
        return
    assert kept.isprintable()
    assert 1 <= len(kept) <= 64
    assert checked_slide(kept) == kept
