"""The data sets: their formats on made files, and the real ones where TINYGRAD_EDU_DATA names a folder that has them."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.datasets import boston_housing, california_housing, churn, cifar10, fashion_mnist, images, ionosphere, mnist
from tinygrad_edu.datasets.source import DataNotFoundError, Source, is_here
from tinygrad_edu.datasets.tables import shuffled


def here(*sources):
    """Mark of a test that needs real files."""
    try:
        missing = [source.name for source in sources if not is_here(source)]
    except DataNotFoundError as error:
        missing = [str(error)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)} in the folder that TINYGRAD_EDU_DATA names")


def put(monkeypatch, module, name, folder, data):
    """Let a data set be a made file."""
    real = getattr(module, name)
    (folder / real.name).write_bytes(data)
    monkeypatch.setattr(module, name, Source(real.dataset, real.name, hashlib.sha256(data).hexdigest(), ""))


def archive(members):
    """A tar.gz of files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return made.getvalue()


# Real files --------------------------------------------------------------------------------------


@here(*fashion_mnist.FILES)
def test_fashion_mnist():
    """DAT-01, SCR-06."""
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
    assert (x.shape, x.dtype, y.shape, x_test.shape) == ((60000, 28, 28), "uint8", (60000,), (10000, 28, 28))
    assert np.bincount(y).tolist() == [6000] * 10 and np.bincount(y_test).tolist() == [1000] * 10
    assert fashion_mnist.CLASSES[y[0]] == "Ankle boot"
    assert (x.min(), x.max()) == (0, 255)
    x[0] = 0  # whoever gets it may write to it


def test_the_test_half_of_mnist():
    """DAT-02."""
    folder = Path(os.environ.get("TINYGRAD_EDU_DATA", "."), "mnist_t10k")
    if not folder.is_dir():
        pytest.skip("needs mnist_t10k in the folder that TINYGRAD_EDU_DATA names")
    (x, y), _ = images.load_idx(mnist.FILES[2:] * 2, folder)
    assert x.shape == (10000, 28, 28) and y[:5].tolist() == [7, 2, 1, 0, 4]


@here(california_housing.TABLE)
def test_california_housing():
    """DAT-02, SCR-07: the first row as scikit-learn's documentation shows it."""
    x, y = california_housing.fetch()
    assert x.shape == (20640, 8) and y[0] == 4.526
    np.testing.assert_allclose(x[0], [8.3252, 41, 6.98412698, 1.02380952, 322, 2.55555556, 37.88, -122.23], rtol=1e-8)


@here(california_housing.TABLE)
def test_california_housing_as_keras_splits_it():
    """DAT-02."""
    (x, y), (x_test, y_test) = california_housing.load_data()
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((16512, 8), (16512,), (4128, 8), (4128,))
    assert x.dtype == y.dtype == "float32" and (y.min(), y.max()) == (14999, 500001)
    (small, _), (small_test, _) = california_housing.load_data("small")
    assert len(small) + len(small_test) == 600 and (np.abs(small[:, 0] + 122.2) < 0.2).all()


@here(ionosphere.TABLE)
def test_ionosphere():
    """DAT-03, SCR-01: the last third is what tutorial 000 validates on."""
    x, y = ionosphere.load_data()
    assert (x.shape, x.dtype, y.dtype) == ((351, 34), "float64", "int64")
    assert np.bincount(y).tolist() == [126, 225] and np.bincount(y[-116:]).tolist() == [9, 107]
    assert (x[:, 1] == 0).all() and np.abs(x).max() == 1


@here(churn.TABLE)
def test_churn():
    """DAT-03, SCR-05."""
    x, y = churn.load_data()
    assert x.shape == (10000, 11) and y.sum() == 2037
    assert x[0].tolist() == [0, 0, 619, 0, 42, 2, 0, 1, 1, 1, 101348.88]
    assert dict(zip(churn.FEATURES, x.mean(axis=0).round(2)))["Germany"] == 0.25


# Made files --------------------------------------------------------------------------------------


def test_idx_files_are_read_as_their_publisher_describes_them():
    data = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 1, 3)) + bytes(range(6))
    assert images.idx_array(data).tolist() == [[[0, 1, 2]], [[3, 4, 5]]]


@pytest.mark.parametrize(
    ("data", "law"),
    [
        (b"", "begin with 0, 0, 8"),
        (b"\0\0\x0d\x01\0\0\0\1" + bytes(4), "begin with 0, 0, 8"),
        (b"\0\0\x08\x02\0\0\0\1", "begin with 0, 0, 8"),
        (b"\0\0\x08\x01\0\0\0\2\7", "expects 2 bytes, got 1"),
        (b"\0\0\x08\x01\0\0\0\1\7\7", "expects 1 bytes, got 2"),
    ],
)
def test_what_is_no_idx_file_of_bytes_is_refused(data, law):
    with pytest.raises(ValueError, match=law):
        images.idx_array(data)


def test_california_housing_out_of_the_archive_that_is_published(monkeypatch, tmp_path):
    """DAT-02."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    row = b"-122.23,37.88,41.0,880.0,129.0,322.0,126.0,8.3252,452600.0\r\n"
    put(monkeypatch, california_housing, "ARCHIVE", tmp_path, archive({california_housing.MEMBER: row * 10}))
    x, y = california_housing.fetch(tmp_path)
    np.testing.assert_allclose(x[9], [8.3252, 41, 880 / 126, 129 / 126, 322, 322 / 126, 37.88, -122.23])
    assert y.tolist() == [4.526] * 10


def test_cifar10(monkeypatch, tmp_path):
    """DAT-02: red, green and blue, each row by row, become a picture."""
    record = bytes([7]) + bytes([1, 2] + [0] * 1022) + bytes([3] + [0] * 1023) + bytes([5] + [0] * 1023)
    put(monkeypatch, cifar10, "ARCHIVE", tmp_path, archive(dict.fromkeys(cifar10.MEMBERS, record * 2)))
    (x, y), (x_test, y_test) = cifar10.load_data(tmp_path)
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((10, 32, 32, 3), (10, 1), (2, 32, 32, 3), (2, 1))
    assert x[9, 0, 0].tolist() == [1, 3, 5] and x[9, 0, 1].tolist() == [2, 0, 0] and y[9] == 7
    assert cifar10.CLASSES[7] == "horse"


def test_boston_housing(monkeypatch, tmp_path):
    """DAT-02."""
    made = io.BytesIO()
    np.savez(made, x=np.arange(130.0).reshape(10, 13), y=np.arange(10.0))
    put(monkeypatch, boston_housing, "TABLE", tmp_path, made.getvalue())
    (x, y), (x_test, y_test) = boston_housing.load_data(tmp_path)
    assert (x.shape, x_test.shape) == ((8, 13), (2, 13))
    assert sorted([*y, *y_test]) == list(range(10)) and (x[:, 0] == 13 * y).all() and (x_test[:, 0] == 13 * y_test).all()


def test_tables_are_shuffled_as_numpy_shuffles_indices():
    """DAT-02: the order of Keras' loaders."""
    order = np.arange(7)
    np.random.RandomState(113).shuffle(order)
    (x, y), (x_test, y_test) = shuffled(np.arange(7), -np.arange(7), 0.4, 113)
    assert [*x, *x_test] == order.tolist() and [*y, *y_test] == (-order).tolist() and len(x_test) == 3


@pytest.mark.parametrize("share", [-0.1, 1, 1.5])
def test_a_share_for_testing_must_be_one(share):
    with pytest.raises(ValueError, match=r"test_split in \[0, 1\)"):
        shuffled(np.arange(7), np.arange(7), share, 0)


def test_an_unknown_version_is_refused_before_anything_is_fetched():
    with pytest.raises(ValueError, match="'large' or 'small', got 'medium'"):
        california_housing.load_data("medium")


# Made rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "columns"), [(ionosphere, 34), (churn, 11)])
def test_made_rows_have_the_columns_of_the_real_ones(module, columns):
    """DAT-03."""
    x, y = module.synthetic(500, seed=1)
    assert (x.shape, x.dtype, y.dtype) == ((500, columns), "float64", "int64") and np.isfinite(x).all()
    assert 0.05 < y.mean() < 0.95
    np.testing.assert_array_equal(x, module.synthetic(500, seed=1)[0])
    assert not np.array_equal(x, module.synthetic(500, seed=2)[0])


@pytest.mark.parametrize("module", [ionosphere, churn])
def test_made_rows_come_where_the_file_is_not(module, monkeypatch, tmp_path):
    """DAT-03."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "TABLE", Source("it", "it.csv", "", ""))
    with pytest.raises(DataNotFoundError, match=r"it\.csv"):
        module.load_data(tmp_path)
    assert len(module.load_data(tmp_path, fallback="synthetic")[0]) == module.ROWS


def test_made_districts_have_the_columns_of_the_real_ones(monkeypatch, tmp_path):
    """DAT-03: within the bounds of California, incomes and prices; and they come where the file is not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(california_housing, "ARCHIVE", Source("it", "it.tgz", "", ""))
    with pytest.raises(DataNotFoundError, match=r"it\.tgz"):
        california_housing.fetch(tmp_path)
    x, y = california_housing.fetch(tmp_path, fallback="synthetic")
    assert x.shape == (20640, 8) and y.shape == (20640,) and y.min() >= 0.15 and y.max() <= 5.00001
    income, age, rooms, bedrooms, people, occupancy, latitude, longitude = x.T
    for column, low, high in ((age, 1, 52), (latitude, 32, 42), (longitude, -125, -95), (occupancy, 1, 5), (rooms, 3, 8)):
        assert low <= column.min() and column.max() <= high
    assert (bedrooms < rooms).all() and (people > 0).all() and np.corrcoef(income, y)[0, 1] > 0.5
    (train, _), _ = california_housing.load_data("small", tmp_path, fallback="synthetic")
    assert train.shape == (480, 8)


def test_the_made_echoes_can_be_told_apart():
    x, y = ionosphere.synthetic()
    jumps = np.abs(np.diff(x[:, 2:])).mean(axis=1)
    assert ((jumps < 0.4) == y).mean() > 0.95
