"""The functions of single numbers that loops are compiled from: what the ops give, on every kind of number."""

import functools
import itertools
import re

import numpy as np
import pytest
import scipy.special
from cases import cases_of
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import as_tensor
from tinygrad_edu.calculus import gradients
from tinygrad_edu.compiled.emission import optimized
from tinygrad_edu.compiled.fields import FIRST, INNER, OPERANDS, OUT, OUT_INNER, OUTER, ROW, SECOND
from tinygrad_edu.compiled.link import address
from tinygrad_edu.compiled.lowering import opcode_of
from tinygrad_edu.compiled.opcode import call
from tinygrad_edu.compiled.scalars import OF_TRUTH_VALUES, SCALARS, WITHOUT, scalar_call
from tinygrad_edu.compiled.tape import Tape
from tinygrad_edu.ops import declare, registry

ELEMENTWISE = [op for op in registry.values() if op.formula and op.name not in WITHOUT]
TYPES = {np.float32: "single", np.float64: "double"}
each_type = pytest.mark.parametrize("dtype", TYPES, ids=TYPES.values())
each_op = pytest.mark.parametrize("op", ELEMENTWISE, ids=[op.name for op in ELEMENTWISE])

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3.0, -3.0, 6.0, 0.1, -0.7, 1e-3, 12.0, 2.5, -2.5, 0.9999999, 1.0000001]
SPECIAL += [100.0, -100.0, 88.5, -87.5, 103.0, 1e4, -1e4, 3e38, -3e38, 1e-20, -1e-20, 1e-42, -1e-42, np.inf, -np.inf, np.nan]
FEW = [0.0, -0.0, 1.0, -1.5, 3.0, np.inf, -np.inf, np.nan]
PARAMS = {  # to call an op with that has parameters
    "clip": [{}, {"min": -1.0}, {"min": -1.0, "max": 2.0}, {"min": 2.0, "max": -1.0}],
    "inside": [{}, {"max": 2.0}, {"min": -1.0, "max": 2.0}],
    "round": [{}, {"decimals": 1}, {"decimals": -1}],
    "bent_relu": [{}, {"max_value": 6.0}, {"max_value": 1.0, "threshold": 2.0}, {"negative_slope": 0.5, "threshold": 2.0}],
    "gelu": [{}, {"approximate": True}],
    "leaky_relu": [{}, {"negative_slope": 3.0}],
    "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 0.5}, {"alpha": -2.0}],
    "cast": [{"dtype": np.float64}],
    "nan_to_num": [{}, {"nan": 7.0}, {"posinf": 5.0, "neginf": -5.0}],
    "truncate": [{"dtype": bool}],
}  # fmt: skip
PLAIN_LOOPS = {1: 1, 2: 3, 3: 2}  # of an opcode, by how many numbers its function is of
APART = 16  # units in the last place between a function and an op, which has errors of its own; how exact it is is asked below
# Whose terms cancel, or are below the smallest normal number before they are multiplied: units of the input, then.
CANCELLING = {"gelu", "silu", "mish", "logaddexp", "logaddexp2", "sigmoid_cross_entropy"}
SIGN_OF_ZERO_OPEN = {"maximum", "minimum", "clip", "relu", "relu6", "bent_relu", "elu", "selu", "celu"}  # NumPy promises none


def ulp(x):
    """The distance of numbers that large from their neighbours, at least that of subnormal ones."""
    below_largest = np.nextafter(np.finfo(x.dtype).max, x.dtype.type(0))
    return np.spacing(np.minimum(np.where(np.isfinite(x), np.abs(x), 1), below_largest))


def assert_near(found, expected, unit, message, open_sign):
    """Equal where it is nan or infinite, near elsewhere."""
    expected, found = np.asarray(expected, found.dtype), np.asarray(found)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        near = np.abs(found - expected) <= APART * unit
    assert (same | near).all(), message
    if not open_sign:
        zero = expected == 0
        assert (np.signbit(found) == np.signbit(expected))[zero & (found == 0)].all(), f"sign of zero: {message}"


def by_opcode(name, *inputs):
    """A function of `SCALARS` on vectors and numbers of one type, as the machine computes it."""
    size, dtype = max(np.size(one) for one in inputs), inputs[0].dtype
    inputs = [np.ascontiguousarray(one, dtype) for one in inputs]
    out, row = np.empty(size, dtype), np.zeros(ROW, np.int64)
    row[[INNER, FIRST, SECOND, OUTER, OUT, OUT_INNER]] = size, 1, 1, 1, address(out), 1
    for one, (place, *_, stride) in zip(inputs, OPERANDS):
        row[[place, stride]] = address(one), int(one.size == size)
    call(opcode_of(name), row, dtype)
    return out


def by_body(op, inputs, params):
    """What the op gives; of a condition only whether it is 0 counts."""
    with np.errstate(all="ignore"):
        return op.body(*inputs, **params)


def compare(op, points, params, dtype):
    """The function and the op on the same numbers."""
    with np.errstate(over="ignore"):
        inputs = np.array(points, dtype).T
    if op.name == "truncate":
        inputs = inputs[:, np.isfinite(inputs).all(axis=0)]
    chosen = scalar_call(op, params, dtype)
    found, expected = by_opcode(chosen.name, *inputs, *chosen.numbers), by_body(op, inputs, params)
    table = zip(inputs.T, found, expected.astype(dtype))
    different = [f"{op.name} of {point} is {e!r}, got {f!r}" for point, f, e in table if repr(f) != repr(e)]
    unit = ulp(expected.astype(dtype))
    if op.name in CANCELLING:
        unit = unit + functools.reduce(np.maximum, map(ulp, inputs))
    assert_near(found, expected, unit, "\n".join(different[:20]), op.name in SIGN_OF_ZERO_OPEN)


# The table -----------------------------------------------------------------------------------------


def test_every_elementwise_op_has_a_function_or_a_reason_why_not():
    elementwise = {op.name for op in registry.values() if op.formula}
    have = {op.name for op in registry.values() if op.formula and scalar_call(op, {**PARAMS.get(op.name, [{}])[0]}) is not None}
    assert have | set(WITHOUT) == elementwise
    assert not have & set(WITHOUT)
    assert set(OF_TRUTH_VALUES.values()) <= set(SCALARS)


@each_op
def test_gradients_of_an_elementwise_op_are_made_of_ops_with_functions(op):
    """All but sums over what was broadcast, and calls with four numbers."""
    for case in cases_of(op.name):
        if op.name == "bent_relu" and scalar_call(op, case.params) is None:
            continue
        leaves = case.leaves()
        with Tape() as tape:
            out = case(*leaves)
            if case.active:
                gradients(out, [leaves[i] for i in case.active], as_tensor(np.ones_like(out.array)), create_graph=True)
        without = {made.op.name for made in tape.calls if scalar_call(made.op, made.params) is None}
        assert without <= {"sum", "reshape"}


def test_arguments_are_the_inputs_of_the_op_and_then_its_parameters():
    for name, scalar in SCALARS.items():
        if name in registry and name not in ("round", "gelu", "bent_relu"):
            assert scalar.arity == registry[name].arity + len(scalar.params)


def test_an_op_of_the_users_own_has_no_function_whatever_it_is_called():
    stranger = declare.Op(lambda x: x, {}, name="tanh", inputs=("x",), formula="x")
    assert scalar_call(stranger, {}) is None
    assert scalar_call(registry["sum"], {}) is None


def test_four_numbers_are_too_many():
    assert scalar_call(registry["bent_relu"], {"negative_slope": 0.1, "max_value": 6.0}) is None
    assert scalar_call(registry["nan_to_num"], {"posinf": 1.0}) is None
    assert scalar_call(registry["cast"], {"dtype": np.float16}) is None


# Values --------------------------------------------------------------------------------------------


@each_type
@pytest.mark.parametrize("op", [*ELEMENTWISE, registry["nan_to_num"], registry["truncate"]], ids=lambda op: op.name)
def test_a_function_gives_what_its_op_gives_on_special_numbers(op, dtype):
    points = list(itertools.product(SPECIAL if op.arity < 3 else FEW, repeat=op.arity))
    for params in PARAMS.get(op.name, [{}]):
        compare(op, points, params, dtype)


numbers = st.floats(width=32)


@each_type
@given(points=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=5))
def test_a_function_gives_what_its_op_gives_on_any_numbers(dtype, points):
    for op in ELEMENTWISE:
        compare(op, [point[: op.arity] for point in points], PARAMS.get(op.name, [{}])[-1], dtype)


# How exact float32 is -------------------------------------------------------------------------------


def mish(x):
    return x * np.tanh(np.logaddexp(x, 0))


def selu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


# What it is in float64, and how many units in the last place the function may be apart from it.
EXACT = {
    "exp": (np.exp, 1.0), "exp2": (np.exp2, 1.0), "expm1": (np.expm1, 1.6), "sinh": (np.sinh, 1.6), "cosh": (np.cosh, 1.5),
    "log": (np.log, 0.9), "log2": (np.log2, 1.7), "log10": (np.log10, 1.9), "log1p": (np.log1p, 0.9),
    "sin": (np.sin, 1.6), "cos": (np.cos, 1.6), "tan": (np.tan, 3.5),
    "arcsin": (np.arcsin, 2.4), "arccos": (np.arccos, 1.4), "arctan": (np.arctan, 2.2),
    "arcsinh": (np.arcsinh, 1.8), "arccosh": (np.arccosh, 2.1), "arctanh": (np.arctanh, 2.0),
    "tanh": (np.tanh, 4.5), "sigmoid": (scipy.special.expit, 2.3), "softplus": (lambda x: np.logaddexp(x, 0), 2.8),
    "log_sigmoid": (scipy.special.log_expit, 2.8), "selu": (selu, 2.9), "silu": (lambda x: x * scipy.special.expit(x), 3.0),
    "mish": (mish, 4.3), "erf": (scipy.special.erf, 2.3), "erfc": (scipy.special.erfc, 4.0),
    "cbrt": (np.cbrt, 0.51), "sqrt": (np.sqrt, 0.5), "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5), "reciprocal": (np.reciprocal, 0.5),
}  # fmt: skip
OF_TWO = {"power": (np.power, 0.51), "hypot": (np.hypot, 0.51), "arctan2": (np.arctan2, 2.8)}
BELOW_NORMAL = -87.0  # silu and mish multiply an exponential, which has few digits left from here on


def units_apart(found, exact):
    """Distance in units in the last place of float32; inf where one is nan or infinite and the other is not."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        units = np.abs(found - exact) / ulp(rounded)
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    return np.where(np.isfinite(found) & np.isfinite(rounded), units, np.where(same, 0, np.inf))


def patterns(step):
    """float32 of every step-th pattern of bits: of all sizes, inf and nan among them; and many ordinary ones."""
    every = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.concatenate([every, *(np.linspace(-end, end, 100_001, dtype=np.float32) for end in (1, 4, 20, 100))])


@pytest.mark.parametrize("name", EXACT)
def test_a_function_of_float32_is_exact_to_some_units_in_the_last_place(name):
    exact, units = EXACT[name]
    x = patterns(8191)
    x = x[~(x < BELOW_NORMAL)] if name in ("silu", "mish") else x
    with np.errstate(all="ignore"):
        apart = units_apart(by_opcode(name, x), exact(x.astype(np.float64)))
    worst = apart.argmax()
    assert apart[worst] <= units, f"{name} is {apart[worst]:.3} units apart at {x[worst]}"


@pytest.mark.parametrize("name", OF_TWO)
def test_a_function_of_two_float32_is_exact_to_some_units_in_the_last_place(name):
    exact, units = OF_TWO[name]
    random = np.random.default_rng(0)
    x, y = (random.permutation(patterns(16381)) for _ in range(2))
    with np.errstate(all="ignore"):
        apart = units_apart(by_opcode(name, *(x, y)[: SCALARS[name].arity]), exact(x.astype(np.float64), y.astype(np.float64)))
    worst = apart.argmax()
    assert apart[worst] <= units, f"{name} is {apart[worst]:.3} units apart at {x[worst]}, {y[worst]}"


def test_gelu_is_exact_to_some_units_of_its_input():
    x = patterns(8191)
    x = x[np.isfinite(x)]
    exact = 0.5 * x.astype(np.float64) * scipy.special.erfc(-x * np.sqrt(0.5))
    by_tanh = x * scipy.special.expit(x * (1.5957691216057308 * (1 + 0.044715 * x.astype(np.float64) ** 2)))
    for name, expected in (("gelu", exact), ("gelu_by_tanh", by_tanh)):
        assert (np.abs(by_opcode(name, x) - expected) <= 2 * ulp(x)).all()


@pytest.mark.parametrize("name", [*EXACT, *OF_TWO])
def test_where_a_number_stands_in_a_loop_changes_no_bit(name):
    """The last numbers of a loop are not done several at once, and products and sums may be rounded once."""
    x, y = np.random.default_rng(1).normal(size=(2, 63)).astype(np.float32)
    together = by_opcode(name, *(x, y)[: SCALARS[name].arity])
    for i in range(x.size):
        assert by_opcode(name, *(x[i : i + 1], y[i : i + 1])[: SCALARS[name].arity]).tobytes() == together[i].tobytes()


@pytest.mark.parametrize("name", SCALARS)
def test_an_opcode_does_several_numbers_at_once_in_each_of_its_plain_loops(name):
    """Each loop over neighbours, or over neighbours and one number, writes vectors."""
    written = re.findall(r"store <\d+ x float>", str(optimized(name, opcode_of(name).of("float32"), "float32")))
    assert len(written) >= PLAIN_LOOPS[SCALARS[name].arity]


@each_type
def test_an_opcode_computes_with_the_digits_of_its_type(dtype):
    x = np.linspace(-3, 3, 7).astype(dtype)
    np.testing.assert_allclose(by_opcode("exp", x), np.exp(x), rtol=2 * np.finfo(dtype).eps)
