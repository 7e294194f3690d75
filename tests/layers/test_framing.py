"""Frames around steps and images, against numpy.pad, slices and numpy.repeat."""

import numpy as np
import pytest

from tinygrad_edu.layers import Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D

STEPS, IMAGES = np.arange(1.0, 25.0).reshape(2, 4, 3), np.arange(1.0, 121.0).reshape(2, 4, 5, 3)


@pytest.mark.parametrize(("padding", "pair"), [(2, (2, 2)), ((1, 3), (1, 3)), (np.int64(0), (0, 0))], ids=str)
def test_zeros_come_before_and_behind_the_steps(padding, pair):
    """CORE-17."""
    np.testing.assert_array_equal(ZeroPadding1D(padding)(STEPS).numpy(), np.pad(STEPS, ((0, 0), pair, (0, 0))))


@pytest.mark.parametrize("padding", [1, (1, 2), ((1, 0), (2, 3))], ids=str)
def test_zeros_come_around_images(padding):
    """CORE-17: in both formats."""
    rows, columns = np.broadcast_to(np.reshape(padding, (-1, 1)) if np.ndim(padding) < 2 else padding, (2, 2))
    expected = np.pad(IMAGES, ((0, 0), rows, columns, (0, 0)))
    np.testing.assert_array_equal(ZeroPadding2D(padding)(IMAGES).numpy(), expected)
    first = ZeroPadding2D(padding, "channels_first")(IMAGES.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first.numpy(), expected.transpose(0, 3, 1, 2))


def test_cropping_takes_off_what_padding_puts_on():
    """CORE-17."""
    np.testing.assert_array_equal(Cropping1D((1, 2))(ZeroPadding1D((1, 2))(STEPS)).numpy(), STEPS)
    sides = ((1, 0), (2, 3))
    np.testing.assert_array_equal(Cropping2D(sides)(ZeroPadding2D(sides)(IMAGES)).numpy(), IMAGES)
    np.testing.assert_array_equal(Cropping2D(((1, 1), (0, 2)))(IMAGES).numpy(), IMAGES[:, 1:3, :3])


def test_up_sampling_repeats_pixels():
    """CORE-17: the nearest ones."""
    np.testing.assert_array_equal(UpSampling1D(3)(STEPS).numpy(), STEPS.repeat(3, 1))
    np.testing.assert_array_equal(UpSampling2D((2, 3))(IMAGES).numpy(), IMAGES.repeat(2, 1).repeat(3, 2))
    np.testing.assert_array_equal(UpSampling2D(2, "channels_first")(IMAGES).numpy(), IMAGES.repeat(2, 2).repeat(2, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ZeroPadding1D(-1), lambda: ZeroPadding1D((1, 2, 3)), lambda: ZeroPadding2D((1, 2, 3)),
        lambda: ZeroPadding2D(None), lambda: Cropping2D(((1,), (2, 3))), lambda: UpSampling1D(0), lambda: UpSampling2D((2, 2, 2)),
        lambda: UpSampling2D(2, interpolation="cubic"), lambda: Cropping1D(2)(STEPS), lambda: ZeroPadding1D()(IMAGES),
    ],
)  # fmt: skip
def test_what_makes_no_frame_is_refused(make):
    """CORE-17."""
    with pytest.raises(ValueError, match="expects"):
        make()


def test_open_lengths_stay_open():
    """CORE-17, LAY-14."""
    assert ZeroPadding2D(1).compute_output_shape((None, None, 4, 3)) == (None, None, 6, 3)
    assert Cropping1D(1).compute_output_shape((None, None, 3)) == (None, None, 3)
    assert UpSampling1D(2).compute_output_shape((None, None, 3)) == (None, None, 3)
