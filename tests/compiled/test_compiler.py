"""The compiler of opcodes: what a function of Python computes, its compiled code computes; anything else is refused."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.compiled.errors import NotCompiledError
from tinygrad_edu.compiled.fields import ROW
from tinygrad_edu.compiled.opcode import Opcode, call, opcode
from tinygrad_edu.compiled.sources import tree_of
from tinygrad_edu.compiled.vectors import lanes, load, multiply_add, spread, store
from tinygrad_edu.kernel import kernel

TABLE = np.arange(12.0).reshape(3, 4)
COEFFICIENTS = np.float32(2), np.float32(3)
HALF = np.float32(0.5)


def row_of(*numbers):
    row = np.zeros(ROW, np.int64)
    row[1 : 1 + len(numbers)] = numbers
    return row


def place(array):
    return array.ctypes.data // array.itemsize


def run(function, *whole, numbers=(0,), dtype="float32"):
    """What an opcode returns, and leaves, of an array whose place stands in step[1] and of whole numbers from step[2] on."""
    array = np.array(numbers, dtype)
    found = call(Opcode(function, function.__name__), row_of(place(array), *whole), dtype)
    return found, array.tolist()


# Numbers -----------------------------------------------------------------------------------------------------------


def divided(step, numbers, whole):
    return step[2] // step[3]


def shifted_up(step, numbers, whole):
    return step[2] << (step[3] & 31)


def compared(step, numbers, whole):
    return (step[2] < step[3]) + 2 * (step[2] <= step[3] < 40) + 4 * (not step[2]) + 8 * (step[2] == step[3] or step[2] > 9)


def limited(step, numbers, whole):
    return max(min(step[2], 20), step[3]) - abs(-step[2])


small = st.integers(-50, 50)


@pytest.mark.parametrize("function", [divided, shifted_up, compared, limited], ids=lambda one: one.__name__)
@given(x=small, y=small.filter(bool))
def test_whole_numbers_are_computed_as_python_does(function, x, y):
    step = [0, 0, x, y]
    assert run(function, x, y)[0] == function(step, None, None)


def test_types_meet_as_they_do_in_numpy():
    def meet(step, numbers, whole):
        x = numbers[step[1]]
        numbers[step[1]] = (x + HALF) * COEFFICIENTS[1] + step[2] / 2 + (x < HALF)

    assert run(meet, 3, numbers=[0.25])[1] == [0.75 * 3 + 1.5 + 1]


def test_a_float32_and_a_whole_number_make_a_float64():
    def add(step, numbers, whole):
        numbers[step[1]] = (numbers[step[1]] + step[2]) - step[2]

    assert run(add, 2**30, numbers=[0.5])[1] == [0.5]


def test_a_number_with_a_sign_does_not_meet_one_without():
    def add(step, numbers, whole):
        return np.uint64(step[2]) + step[3]

    with pytest.raises(NotCompiledError, match="no common type"):
        run(add)


@pytest.mark.parametrize("number", [0.0, -2.5, math.inf, -math.inf, math.nan])
def test_comparisons_with_nan_hold_for_none_but_not_equal(number):
    def compare(step, numbers, whole):
        x, y = numbers[step[1]], numbers[step[1] + 1]
        return (x < y) + 2 * (x <= y) + 4 * (x == y) + 8 * (x != y) + 16 * (x > y) + 32 * (x >= y) + 64 * math.isfinite(x)

    for other in (1.0, math.nan, number):
        expected = compare([0, 0], [number, other], None)
        assert run(compare, numbers=[number, other])[0] == expected


def test_bits_are_read_as_another_type():
    def bits(step, numbers, whole):
        return np.float32(numbers[step[1]]).view(np.int32)

    assert run(bits, numbers=[1.5])[0] == struct.unpack("i", struct.pack("f", 1.5))[0]


def test_tables_and_tuples_become_part_of_the_code():
    def look_up(step, numbers, whole):
        numbers[step[1]] = TABLE[step[2], step[3]] * COEFFICIENTS[0]

    assert run(look_up, 2, 1)[1] == [2 * TABLE[2, 1]]


# Ways --------------------------------------------------------------------------------------------------------------


@kernel
def middle(a, b, c):
    """The second of three numbers by size, by ways out in all places."""
    if a < b:
        if b < c:
            return b
        return c if a < c else a
    if a < c:
        return a
    return c if b < c else b


def collatz(step, numbers, whole):
    n, count = step[2], 0
    while n != 1:
        if n & 1:
            n = 3 * n + 1
        else:
            n //= 2
        count += 1
    return count


def triangle(step, numbers, whole):
    total = 0
    for i in range(step[2]):
        for j in range(i, step[3], 2):
            i += 1  # which the loop does not care about
            total += i * j
    return total


def of_three(step, numbers, whole):
    return middle(step[2], step[3], 7) * 100 + middle(7, step[2], step[3])


@pytest.mark.parametrize("function", [collatz, triangle, of_three], ids=lambda one: one.__name__)
@given(x=st.integers(1, 30), y=small)
def test_loops_and_ways_out_are_those_of_python(function, x, y):
    assert run(function, x, y)[0] == function([0, 0, x, y], None, None)


def test_what_comes_after_an_and_is_not_looked_at_in_vain():
    def guarded(step, numbers, whole):
        if step[2] and whole[step[2]]:  # address 0 is nobody's
            return 2
        return 1 if step[2] or step[3] == 4 else 0

    assert [run(guarded, 0, number)[0] for number in (3, 4)] == [0, 1]


def test_the_half_of_a_choice_that_is_not_taken_is_not_computed():
    def chosen(step, numbers, whole):
        return whole[step[2]] if step[2] else 5

    assert run(chosen, 0)[0] == 5


def test_a_name_holds_all_types_that_it_is_given():
    def widen(step, numbers, whole):
        total, both = 0, (0, 1)
        for _ in range(step[2]):
            total += numbers[step[1]] / 2
            both = both[1], total
        numbers[step[1]] = total + both[0]

    assert run(widen, 3, numbers=[3.0])[1] == [7.5]


def test_a_name_of_two_kinds_is_refused():
    def mixed(step, numbers, whole):
        x = 1 if step[1] else numbers
        return x.size

    with pytest.raises(NotCompiledError, match="values of one kind"):
        run(mixed)


# Calls -------------------------------------------------------------------------------------------------------------


@kernel
def scale(numbers, at, factor, lanes):
    store(numbers, at, multiply_add(load(numbers, at, lanes), spread(numbers, factor, lanes), load(numbers, at, lanes)))


@kernel
def twice_with(other, numbers, at, factor):
    """A kernel may be told which one to call."""
    other(numbers, at, factor, lanes(2))
    other(numbers, at + 2, factor, lanes(1))


@opcode
def some_scaled(step, numbers, whole):
    twice_with(scale, numbers, step[1] + 1, step[1])


def test_a_kernel_is_written_anew_for_each_number_of_lanes():
    x = np.array([3, 1, 2, 5, 7], "float64")
    call(some_scaled, row_of(place(x)), "float64")
    assert x.tolist() == [3, 4, 8, 20, 7]


def test_names_of_a_kernel_are_its_own():
    @kernel
    def count_up(n, by):
        n += by
        step = n  # which is another one than that of the opcode
        return n, step

    def count(step, numbers, whole):
        n = step[2]
        first, second = count_up(n, 1)
        third, _ = count_up(n, 10)
        return first * 10000 + second * 100 + third - n

    assert run(count, 5)[0] == 6 * 10000 + 6 * 100 + 10


@pytest.mark.parametrize(
    "function",
    [
        lambda step, numbers, whole: [step[1]],
        lambda step, numbers, whole: step.shape,
        lambda step, numbers, whole: step[1:],
        lambda step, numbers, whole: step[1] % 2,
        lambda step, numbers, whole: print(step[1]),
        lambda step, numbers, whole: middle(step[1], step[2]),
        lambda step, numbers, whole: numbers[step[1]] & 1,
    ],
    ids=["list", "shape", "open slice", "remainder", "print", "arguments", "bits of a float"],
)
def test_what_is_not_in_the_language_is_refused(function):
    with pytest.raises(NotCompiledError, match="cannot be compiled"):
        Opcode(function, "refused").address("float32")


OTHERS = [
    "raise ValueError", "for i in numbers:\n  pass", "del step", "step.size = 1", "return 1.5", "return step[-1]",
    "for i in range(3, 0, -1):\n  pass", "for i in range(3):\n  pass\n else:\n  pass", "while step[2]:\n  pass\n else:\n  pass",
    "return max(step[1], step[2], key=abs)",
]  # fmt: skip


@pytest.mark.parametrize("body", OTHERS)
def test_statements_that_opcodes_do_not_need_are_refused(body, tmp_path):
    file = tmp_path / "opcodes.py"
    file.write_text(f"def refused(step, numbers, whole):\n {body}\n")
    known = {}
    exec(compile(file.read_text(), str(file), "exec"), known)
    with pytest.raises(NotCompiledError, match="cannot be compiled"):
        Opcode(known["refused"], "refused").address("float32")


# Texts -------------------------------------------------------------------------------------------------------------


def test_a_function_without_a_text_is_refused():
    known = {}
    exec("def refused(step, numbers, whole):\n return 0", known)
    with pytest.raises(NotCompiledError, match="expects to find one refused in line 1"):
        Opcode(known["refused"], "refused").address("float32")


def test_lambdas_in_one_line_are_told_apart_by_their_arguments():
    one, two = (lambda x: x), (lambda y: y)
    assert tree_of(two.__code__).args.args[0].arg == "y" != tree_of(one.__code__).args.args[0].arg
    same = (lambda x: x), (lambda x: -x)
    with pytest.raises(TypeError, match="expects to find one <lambda>"):
        tree_of(same[0].__code__)


def test_code_is_the_same_whenever_it_is_compiled():
    from tinygrad_edu.compiled.emission import emit

    first, second = (emit("look_up", some_scaled.function, "float32")[2] for _ in range(2))
    assert first == second
