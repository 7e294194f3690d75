"""What a Tensor can be made of: real numbers of any dtype, in any container; all else is refused in words."""

import datetime
import decimal
import fractions

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, ops
from tinygrad_edu.calculus import gradients

W = Tensor([1.0, 2.0])
WAYS = {
    "Tensor": Tensor,
    "as_tensor": as_tensor,
    "right operand": lambda x: W * x,
    "left operand": lambda x: x * W,
    "op": lambda x: ops.add(W, x),
    "assign": lambda x: Tensor([1.0, 2.0]).assign(x),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())

REFUSED = {  # and the word that names what was got
    "objects": (np.array([1.0, None]), "object"),
    "numbers as objects": (np.array([1.0, 2.0], object), "object"),
    "words": (np.array(["a", "b"]), "str32"),
    "a word": ("word", "str128"),
    "bytes": (b"ab", "bytes16"),
    "dates": (np.array(["2020-01-01", "2021-01-01"], "M8[D]"), "datetime64"),
    "time spans": (np.array([1, 2], "m8[s]"), "timedelta64"),
    "a date": (datetime.date(2020, 1, 1), "object"),
    "records": (np.zeros(2, [("a", float), ("b", int)]), "void128"),
    "a table of records": (np.rec.array([(1.0,), (2.0,)], dtype=[("a", float)]), "record64"),
    "complex numbers": (np.array([1j, 2.0]), "complex128"),
    "a complex number": (1j, "complex128"),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal(2)], "object"),
    "a fraction": (fractions.Fraction(1, 2), "object"),
    "nothing": (None, "object"),
    "a dict": ({"a": 1.0}, "object"),
    "a set": ({1.0, 2.0}, "object"),
    "a function": (len, "object"),
}


@each_way
@pytest.mark.parametrize(("data", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_real_number_is_refused_with_its_dtype_and_a_remedy(way, data, word):
    with pytest.raises(TypeError) as error:
        way(data)
    if "NotImplemented" not in str(error.value) and "unsupported operand" not in str(error.value):
        assert "expects real numbers, got " in str(error.value)
        assert word in str(error.value)
        assert "Convert the data to float, int or bool first." in str(error.value)


@pytest.mark.parametrize("way", [way for name, way in WAYS.items() if name != "left operand"])  # there NumPy computes by itself
def test_masked_numbers_are_refused_and_a_masked_array_without_any_is_an_array(way):
    with pytest.raises(TypeError, match=r"expects numbers without a mask, got 1 masked of 2\. Fill them: x\.filled\(0\.0\)\."):
        way(np.ma.masked_array([1.0, 5.0], [True, False]))
    assert type(way(np.ma.masked_array([1.0, 5.0])).array) is np.ndarray


class Mine(np.ndarray):
    """An array that does not behave like one."""

    def __array_finalize__(self, other):
        self.tag = getattr(other, "tag", "mine")

    def __mul__(self, other):
        raise AssertionError("not the product that the rules are for")


SUBCLASSES = {
    "matrix": lambda a: np.asmatrix(a),
    "memmap": lambda a: a.view(np.memmap),
    "one's own": lambda a: a.view(Mine),
    "records without names": lambda a: a.view(np.recarray),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("make", SUBCLASSES.values(), ids=SUBCLASSES.keys())
def test_a_subclass_of_numpys_array_counts_as_its_numbers(make):
    """In a Tensor, and as an operand, whose product goes number by number."""
    numbers = np.arange(6.0).reshape(2, 3)
    x = as_tensor(make(numbers))
    assert type(x.array) is np.ndarray
    assert np.shares_memory(x.array, numbers)
    w = Tensor(np.ones((2, 3)))
    y = w * make(numbers)
    assert type(y.array) is np.ndarray
    np.testing.assert_array_equal(y.array, numbers)
    np.testing.assert_array_equal(gradients(y.sum(), [w])[0].array, numbers)


REAL = [np.bool_, np.int8, np.uint16, np.int64, np.uint64, np.float16, np.float32, np.float64, np.longdouble, ">f4", ">i8"]


@pytest.mark.parametrize("dtype", REAL, ids=str)
@each_way
def test_real_numbers_of_every_dtype_are_taken(way, dtype):
    data = np.array([0, 1]).astype(dtype)
    got = way(data)
    assert isinstance(got, Tensor)
    assert got.dtype in (data.dtype, np.result_type(data, W.array), W.dtype)


def test_whole_numbers_and_truth_values_have_no_gradient_and_long_ones_have():
    for dtype in REAL:
        x = Tensor(np.array([0, 1]).astype(dtype))
        assert x.requires_grad == (x.dtype.kind == "f")
        if x.requires_grad:
            (x * x).sum().backward()
            assert (x.grad.dtype.newbyteorder("="), x.grad.tolist()) == (x.dtype.newbyteorder("="), [0.0, 2.0])


def test_containers_of_real_numbers_are_taken():
    for data in ([1.0, 2.0], (1, 2), range(1, 3), [np.float32(1), 2], memoryview(b"\1\2"), [[1.0], [2.0]], bytearray(b"\1\2")):
        assert np.ravel(Tensor(data).array).tolist() == [1, 2]


def test_a_number_that_no_dtype_holds_is_refused():
    with pytest.raises(TypeError, match="got object"):
        Tensor(10**400)
    with pytest.raises(OverflowError):
        W * 10**400


def test_lists_of_uneven_length_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        Tensor([[1.0], [1.0, 2.0]])


def test_columns_of_pandas_are_arrays_and_their_words_are_refused():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"x": [1.0, 2.0], "name": ["a", "b"]})
    assert (W * as_tensor(table["x"])).tolist() == [1.0, 4.0]
    assert Tensor(table[["x"]]).shape == (2, 1)
    for data in (table, table["name"]):
        with pytest.raises(TypeError, match="expects real numbers, got"):
            Tensor(data)
