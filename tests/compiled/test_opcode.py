"""Opcodes: what a function of Python does to memory, its compiled code does; errors and signals come out of a run whole."""

import math
import os
import signal
import threading

import numpy as np
import pytest

from tinygrad_edu.compiled.errors import NotCompiledError
from tinygrad_edu.compiled.fields import ROW
from tinygrad_edu.compiled.identity import identity
from tinygrad_edu.compiled.opcode import Opcode, call, opcode, perform, prepare, python_opcode
from tinygrad_edu.kernel import kernel

DTYPES = "float32", "float64"
TWO = np.float32(2)


@kernel
def twice(x):
    return x + x


@kernel
def sqrt(x):  # named as what it calls
    return np.sqrt(x)


@opcode
def double(step, numbers, whole):
    a, n, out = step[1], step[2], step[3]
    x, y = numbers[a : a + n], numbers[out : out + n]
    for i in range(n):
        y[i] = twice(x[i])


@opcode
def root(step, numbers, whole):
    numbers[step[3]] = sqrt(numbers[step[1]])


@opcode
def hyperbolic(step, numbers, whole):
    numbers[step[3]] = math.tanh(numbers[step[1]])


@opcode
def count_down(step, numbers, whole):
    step[1] -= 1
    return 7 if step[1] == 0 else 0


@opcode
def go_through(step, numbers, whole):
    """Instructions from step[1] on, step[2] of them. Returns 1 + the number of the one that stopped the run."""
    for i in range(step[2]):
        if perform(step[1] + i * 32, numbers, whole):
            return i + 1
    return 0


def row(*numbers):
    made = np.zeros(ROW, np.int64)
    made[: len(numbers)] = numbers
    return made


def place(array):
    return array.ctypes.data // array.itemsize


def run_all(*instructions, dtype="float32"):
    """What a run of instructions returns, each an opcode and its numbers."""
    rows = np.array([row(code.address(dtype), *numbers) for code, *numbers in instructions])
    return call(go_through, row(0, place(rows), len(rows)), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_opcode_works_on_memory_wherever_it_is(dtype):
    x, y = np.arange(100, dtype=dtype), np.zeros(100, dtype)
    assert call(double, row(0, place(x), 100, place(y)), dtype) == 0
    assert y.tolist() == (2 * x).tolist()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 31, 33])
def test_no_number_beside_a_slice_is_touched(n):
    x, y = np.arange(40, dtype="float32"), np.full(40, -1, "float32")
    call(double, row(0, place(x), n, place(y)), "float32")
    assert y[:n].tolist() == (2 * x[:n]).tolist() and (y[n:] == -1).all()


def test_a_slice_may_lie_over_another_one():
    x = np.arange(20, dtype="float32")
    expected = x.copy()
    for i in range(15):
        expected[i + 3] = 2 * expected[i]
    call(double, row(0, place(x), 15, place(x) + 3), "float32")
    assert x.tolist() == expected.tolist()


def test_instructions_run_instructions_until_one_stops():
    first, second = np.ones(2, "float32"), np.zeros(2, "float32")
    stopped = run_all((double, place(first), 1, place(second)), (count_down, 1), (double, place(first), 2, place(second)))
    assert stopped == 2 and second.tolist() == [2, 0]
    assert run_all((count_down, 2), (count_down, 3)) == 0


def test_a_kernel_may_have_the_name_of_what_it_calls():
    x = np.array([2, 0], "float32")
    call(root, row(0, place(x), 0, place(x) + 1), "float32")
    assert x[1] == np.sqrt(np.float32(2))


def test_functions_of_c_are_found():
    x = np.array([0.5, 0])
    call(hyperbolic, row(0, place(x), 0, place(x) + 1), "float64")
    assert x[1] == pytest.approx(math.tanh(0.5), rel=1e-15)


def test_division_by_zero_is_inf_and_an_integer_is_cut():
    @opcode
    def divide(step, numbers, whole):
        numbers[step[3]] = numbers[step[1]] / numbers[step[3]]
        whole[step[4]] = numbers[step[1]] * 2.5

    x, cut = np.array([1, 0], "float32"), np.zeros(1, np.int64)
    call(divide, row(0, place(x), 0, place(x) + 1, place(cut)), "float32")
    assert x[1] == np.inf and cut[0] == 2


def test_opcodes_are_made_of_functions_in_closures():
    def made_of(function):
        @opcode
        def apply(step, numbers, whole):
            numbers[step[3]] = function(numbers[step[1]])

        return apply

    assert identity(made_of(twice).function) != identity(made_of(sqrt).function)
    x = np.array([9, 0, 0], "float32")
    run_all((made_of(twice), place(x), 0, place(x) + 1), (made_of(sqrt), place(x), 0, place(x) + 2))
    assert x.tolist() == [9, 18, 3]


def test_several_are_prepared_at_once_in_any_order():
    prepare([double, root, double, python_opcode(lambda row: None)], "float64")
    assert double.address("float64") == double.address(np.float64) != root.address("float64") != 0


@pytest.mark.parametrize(
    ("reason", "function"),
    [
        ("None or whole numbers", lambda step, numbers, whole: numbers[0]),
        ("no_such_thing. is not defined", lambda step, numbers, whole: no_such_thing(step)),  # noqa: F821
        ("built-in function empty", lambda step, numbers, whole: np.empty(3).size),
    ],
)
def test_what_cannot_be_compiled_is_refused_with_the_reason(reason, function):
    with pytest.raises(NotCompiledError, match=reason):
        Opcode(function, "refused").address("float32")


# Python functions as opcodes -------------------------------------------------------------------------------------


def test_a_python_function_is_an_opcode_that_sees_its_row():
    seen = []
    assert run_all((python_opcode(lambda row: seen.append(row[1:3].tolist())), 4, 5)) == 0
    assert run_all((python_opcode(lambda row: 5), 1), (python_opcode(seen.append), 1)) == 1
    assert seen == [[4, 5]]


def test_a_python_function_may_change_its_row():
    def note(row):
        row[9] = 81

    its_row = row()
    call(python_opcode(note), its_row, "float32")
    assert its_row[9] == 81


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt("mine"), SystemExit(3)])
def test_an_error_of_a_python_function_stops_the_run_and_is_raised_by_the_call(error):
    after = []

    def fail(row):
        raise error

    with pytest.raises(type(error)) as caught:
        run_all((python_opcode(fail),), (python_opcode(after.append),))
    assert caught.value is error and after == []
    assert run_all((python_opcode(after.append),)) == 0


def test_what_is_no_number_is_an_error_of_the_python_function():
    with pytest.raises((TypeError, ValueError), match="int"):
        run_all((python_opcode(lambda row: "go on"),))


def test_calls_in_calls_keep_their_errors_apart():
    def fail(row):
        raise ValueError("inner")

    def outer(row):
        with pytest.raises(ValueError, match="inner"):
            run_all((python_opcode(fail),))

    assert run_all((python_opcode(outer),)) == 0


def test_errors_of_threads_are_their_own():
    barrier, errors = threading.Barrier(2), {}

    def work(name):
        def fail(row):
            barrier.wait(20)
            raise ValueError(name)

        try:
            run_all((python_opcode(fail),))
        except ValueError as error:
            errors[name] = str(error)

    threads = [threading.Thread(target=work, args=[name]) for name in ("first", "second")]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == {"first": "first", "second": "second"}


def test_a_signal_while_compiled_code_runs_leaves_no_instruction_out():
    """Python would raise it at the first line of the next Python function, where ctypes prints and forgets it."""

    @opcode
    def interrupt(step, numbers, whole):
        for _ in range(step[1]):
            numbers[step[3]] = math.tanh(numbers[step[3]])

    x, seen = np.ones(1, "float32"), []
    send = threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT])
    busy = interrupt, 30_000_000, 0, place(x)
    prepare([interrupt, go_through], "float32")
    send.start()
    with pytest.raises(KeyboardInterrupt):
        run_all(busy, (python_opcode(seen.append),), (python_opcode(seen.append),))
    send.join()
    assert len(seen) == 2


def test_other_threads_run_meanwhile():
    """The GIL is not held."""
    x, ticks, done = np.ones(1, "float32"), [], threading.Event()

    @opcode
    def busy(step, numbers, whole):
        for _ in range(step[1]):
            numbers[step[3]] = math.tanh(numbers[step[3]])

    def tick():
        while not done.wait(0.005):
            ticks.append(1)

    prepare([busy], "float32")
    thread = threading.Thread(target=tick)
    thread.start()
    call(busy, row(0, 20_000_000, 0, place(x)), "float32")
    done.set()
    thread.join()
    assert len(ticks) > 3


def test_perform_and_opcodes_cannot_be_called_from_python():
    with pytest.raises(TypeError, match="Use `call`"):
        perform(0, None, None)
