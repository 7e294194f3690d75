"""What every registered op declares: a sample, its words, its scalar formula, and what its rules read."""

import contextlib
import functools
import gc
import inspect
import itertools
import math
import weakref

import numpy as np
import pytest
from cases import leaf, under
from samples import OPS

from tinygrad_edu import ChangedArrayError, Tensor, ops
from tinygrad_edu.ops import declare, registry
from tinygrad_edu.record import Op, apply

HARD_POINTS = (-math.inf, -1000.0, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.5, 1000.0, math.inf, math.nan)
MATHEMATICS = {name: thing for name, thing in vars(math).items() if not name.startswith("_")}  # formulas are written in these

each_op = pytest.mark.parametrize("op", registry.values(), ids=registry.keys())


def test_every_op_has_a_sample_and_every_sample_an_op():
    assert set(OPS) == set(registry)


@each_op
def test_an_op_says_in_a_few_lines_what_it_does(op):
    assert op.doc.strip()
    assert len(op.doc.strip().splitlines()) <= 6
    assert op.doc.strip()[-1] in ".`)"


@each_op
def test_an_op_is_shown_as_it_is_called(op):
    assert repr(op).startswith(f"<Op {op.name}(")
    for name in (*op.inputs, *op.params):
        assert name in repr(op)


@each_op
def test_an_op_is_public_under_its_name_with_its_doc_and_signature(op):
    function = getattr(ops, op.name)
    assert function.op is op
    assert (function.__name__, function.__doc__) == (op.name, op.doc)
    assert list(inspect.signature(function).parameters) == [*op.inputs, *op.params]


@under("scalar", count=1)
def test_the_scalar_formula_equals_the_body(case):
    """Where Python refuses (log of 0, overflow, a complex root), IEEE arithmetic has inf or nan."""
    code = compile(case.op.formula, case.op.name, "eval")
    domains = [(True, False) if x.dtype == bool else HARD_POINTS for x in case.arrays]
    params = [case.params]
    if case.op.name == "truncate":  # inf and nan are no whole numbers
        domains, params = [[x for x in HARD_POINTS if math.isfinite(x)]], [{"dtype": np.int64}, {"dtype": bool}]
    for point, p in itertools.product(itertools.product(*domains), params):
        with np.errstate(all="ignore"):
            got = case.op.body(*(x if isinstance(x, bool) else np.float64(x) for x in point), **p)
        try:
            expected = eval(code, {**MATHEMATICS, **dict(zip(case.op.inputs, point)), **p})
        except (ValueError, ZeroDivisionError, OverflowError):
            expected = None
        if expected is None or isinstance(expected, complex):
            assert not np.isfinite(got), f"{case.op.formula} at {point} is undefined, the body gives {got}"
        else:
            np.testing.assert_allclose(got, expected, rtol=1e-14, atol=1e-300, err_msg=f"{case.op.formula} at {point} {p}")


def read_by(case, needing):
    """Argument names of the rules of the inputs at the positions `needing`."""
    return case.names, set().union(*(inspect.signature(case.op.rules[case.names[i]]).parameters for i in needing))


def non_empty_subsets(items):
    return itertools.chain.from_iterable(itertools.combinations(items, n) for n in range(1, len(items) + 1))


@under("kept")
def test_a_node_keeps_what_the_rules_read_and_nothing_else(case):
    for needing in non_empty_subsets(case.active):
        inputs = [leaf(x) if i in needing else x for i, x in enumerate(case.arrays)]
        node = case(*inputs).node
        names, reads = read_by(case, needing)
        kept = node.inputs or (None,) * len(inputs)
        for name, x, k in zip(names, inputs, kept):
            if name in reads:
                assert k is x
            elif f"{name}_shape" in reads:
                assert isinstance(k, tuple)
                assert tuple(k) == x.shape
            else:
                assert k is None
        if node.shape:
            assert (node.out is not None) == ("out" in reads)


@under("kept", lambda case: all(x.ndim for x in case.arrays))
def test_what_no_rule_reads_is_freed_with_the_forward_pass(case):
    inputs = [leaf(x) * 1.0 if i in case.active else Tensor(x) for i, x in enumerate(case.arrays)]
    out = case(*inputs)
    if not out.shape:
        return  # the value of a 0-d node is kept for pictures, and may be a view of its input
    names, reads = read_by(case, case.active)
    references = [weakref.ref(x.array) for x in inputs]
    node = out.node
    del out, inputs
    for name, reference in zip(names, references):
        assert (reference() is not None) == (name in reads), name
    assert node.calls


def kept_by(node):
    """The arrays that the rules of a node will read. Single numbers are left out: nobody can change them from outside."""
    kept = [x.array if isinstance(x, Tensor) else x for x in (*node.inputs, node.out if node.shape else None)]
    return [x for x in kept if isinstance(x, np.ndarray) and x.size]


def turn(array):
    """Every number another one."""
    np.logical_not(array, out=array) if array.dtype == bool else np.subtract(7, array, out=array)


CHANGES = {
    "through the Tensor": lambda x: x.assign(~x.array if x.dtype == bool else 7 - x.array),
    "through numpy()": lambda x: turn(x.numpy()),
    "through a view": lambda x: turn(np.asarray(x)[:1] if x.ndim else np.asarray(x)[...]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@under("kept")
def test_a_change_of_what_a_rule_will_read_is_noticed(case, change):
    """Whichever input or result it is that the rules read, and by whatever way it was changed: every time."""
    for position in range(len(case.arrays) + 1):
        leaves = case.of(*(x.copy() for x in case.arrays)).leaves()
        root = case(*leaves)
        x = [*leaves, root.detach()][position]
        if any(np.shares_memory(array, x.array) for array in kept_by(root.node)):
            change(x)
            with pytest.raises(ChangedArrayError, match=f"^{case.op.name} "):
                root.backward(case.cotangent())


@pytest.fixture(scope="module")
def frozen():
    """All objects that there were before this module's tests are out of the collector's sight, so that it is quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def collector_off(frozen):
    """Nothing but reference counts frees memory."""
    gc.disable()
    yield
    gc.enable()


@under("kept", count=3)
def test_no_object_of_a_graph_refers_to_itself(case, collector_off):
    """After forward and back, recorded or not, and where the way back was barred, the collector finds nothing to do."""

    def barred():
        leaves = case.leaves()
        leaves[case.active[0]].register_hook(lambda g: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            case(*leaves).backward(case.cotangent())

    for run in (lambda: case.pull(case.cotangent()), lambda: case.pull_twice(case.cotangent()), barred):
        run()  # fills what is kept for good, recipes and the like
        gc.collect()
        run()
        assert gc.collect() == 0


def product(**rules):
    return Op(lambda x, y, /, *, scale=1: x * y * scale, rules, name="product")


def test_a_rule_may_read_the_gradient_the_output_inputs_their_shapes_and_parameters():
    op = product(x=lambda g, out, x, y, x_shape, y_shape, scale: g * y * scale)
    x = Tensor([1.0, 2.0])
    apply(op, (x, 3.0), {"scale": 2}).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_rule_may_be_anything_that_is_called():
    def rule(factor, g, y):
        return factor * g * y

    op = product(x=functools.partial(rule, 10))
    x = Tensor([1.0, 2.0])
    apply(op, (x, 3.0), {}).sum().backward()
    assert x.grad.tolist() == [30.0, 30.0]


def test_a_rule_that_reads_an_unknown_name_is_refused_when_it_is_declared():
    with pytest.raises(TypeError, match=r"The rule of 'product' for 'x' expects arguments out of .*, got \['z'\]"):
        product(x=lambda g, z: g * z)


def test_a_rule_for_an_unknown_input_is_refused_when_it_is_declared():
    with pytest.raises(TypeError, match=r"Op 'product' expects rules for its inputs \('x', 'y'\), got one for \['z'\]"):
        product(z=lambda g: g)


def test_inputs_without_a_slash_are_told_to_have_one():
    with pytest.raises(TypeError, match=r"got one for \['x', 'y'\]\. Inputs stand before a slash: def area\(x, /\)\."):
        Op(lambda x, y: x * y, {"x": lambda g, y: g * y, "y": lambda g, x: g * x}, name="area")


def test_a_parameter_has_no_rule():
    with pytest.raises(TypeError, match=r"expects rules for its inputs .*, got one for \['scale'\]"):
        product(scale=lambda g: g)


def test_two_ops_cannot_have_one_name():
    before = registry["tanh"]
    with pytest.raises(ValueError, match="got a second 'tanh'"):
        declare.unary("tanh", "tanh(x)", np.tanh, doc="Again.")
    assert registry["tanh"] is before
