import doctest

import pytest

from viz import theme


def test_cividis_is_the_published_scale():
    colormaps = pytest.importorskip("matplotlib", reason="matplotlib has the full table").colormaps
    for i in range(0, 256, 5):
        exact = [round(255 * c) for c in colormaps["cividis"](i)[:3]]
        ours = [int(theme.cividis(i / 255)[k : k + 2], 16) for k in (1, 3, 5)]
        assert max(abs(a - b) for a, b in zip(exact, ours)) <= 8


def test_examples_in_docstrings_hold():
    assert doctest.testmod(theme).attempted and not doctest.testmod(theme).failed


def test_the_scale_stays_at_its_ends():
    assert theme.cividis(-1) == theme.cividis(0)
    assert theme.cividis(2) == theme.cividis(1)


@pytest.mark.parametrize("fill", [*(theme.cividis(i / 20) for i in range(21)), *theme.OKABE_ITO.values()])
def test_text_can_be_read_on_every_fill(fill):
    assert theme.contrast(theme.text_on(fill), fill) >= 4.2


def test_the_palette_starts_over():
    assert theme.category(len(theme.OKABE_ITO)) == theme.category(0)


def test_contrast_of_black_and_white():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
