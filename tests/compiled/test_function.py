"""@compiled: functions of one's own, which give what they give without it."""

import gc
import subprocess
import sys
import threading
from dataclasses import dataclass

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Variable, ops
from tinygrad_edu.graph import GraphError
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout
from tinygrad_edu.models import Sequential

RNG = np.random.default_rng(0)


def array(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def ran(function):
    """Whether the last call was run by the machine."""
    return function.compiled_plan is not None


@tg.compiled
def square(x):
    """x²."""
    return x * x


def test_a_compiled_function_keeps_its_name_and_words():
    assert square.__name__ == "square" and square.__doc__ == "x²."
    assert square(np.array([1.0, 3.0], "float32")).tolist() == [1, 9] and ran(square)
    assert "multiply" in square.explain()


@pytest.mark.parametrize(
    "code",
    [
        "import tinygrad_edu as tg; import tinygrad_edu.compiled.runner; c = tg.compiled",
        "from tinygrad_edu import compiled as c; import tinygrad_edu.compiled.function",
        "import tinygrad_edu.compiled.runner; from tinygrad_edu import compiled as c",
        "import tinygrad_edu as tg; c = tg.compiled; import tinygrad_edu.models; assert tg.compiled is c",
    ],
)
def test_the_decorator_is_there_in_whatever_order_things_are_imported(code):
    run = "import numpy as np; assert c(lambda x: x + x)(np.ones(2, 'float32')).tolist() == [2, 2]"
    subprocess.run([sys.executable, "-c", f"{code}\n{run}"], check=True)


def test_gradients_are_taken_inside():
    @tg.compiled
    def slopes(x, w):
        loss = ops.sum(ops.tanh(x @ w))
        return loss, tg.gradients(loss, [x, w])

    for _ in range(3):
        x, w = Tensor(array(4, 3)), Tensor(array(3, 2))
        loss, (dx, dw) = slopes(x, w)
        right, (rx, rw) = slopes.function(x, w)
        for one, other in ((loss, right), (dx, rx), (dw, rw)):
            np.testing.assert_allclose(one.numpy(), other.numpy(), 1e-5, 1e-6)
    assert ran(slopes)


def test_a_backward_pass_from_outside_is_refused_and_not_lost():
    x = Tensor(array(3))
    y = square(x)
    with pytest.raises(GraphError, match="square expects gradients to be taken inside"):
        (y * x).sum().backward()
    with pytest.raises(GraphError, match=r"square\.function"):
        tg.gradients(square(x).sum(), [x])


def test_weights_that_a_function_reads_end_its_graph_too():
    w = Variable(array(3))
    scaled = tg.compiled(lambda x: x * w)
    y = scaled(array(3))
    with pytest.raises(GraphError, match="expects gradients"):
        y.sum().backward()


def test_gradients_that_a_function_returns_are_constants():
    slope = tg.compiled(lambda x: tg.gradients((x * x).sum(), [x])[0])
    x = Tensor(array(3))
    assert slope(x).node is None
    with tg.no_grad():
        assert square(x).node is None


def test_a_function_of_itself_goes_on_for_long_without_growing():
    step = tg.compiled(lambda w: w - 0.1 * tg.gradients((w * w).sum(), [w])[0])
    w = Tensor(np.ones(3, "float32"))
    for _ in range(100):
        w = Tensor(step(w).numpy())
    np.testing.assert_allclose(w.numpy(), 0.8**100 * np.ones(3), 1e-4)


def test_results_that_somebody_holds_are_never_written_to_again():
    kept = [square(np.full(5, i, "float32")) for i in range(6)]
    views = [square(np.full(5, i, "float32")).numpy()[1:] for i in range(6)]
    gc.collect()
    square(np.full(5, 77, "float32"))
    assert [x.tolist() for x in kept] == [[i * i] * 5 for i in range(6)]
    assert [x.tolist() for x in views] == [[i * i] * 4 for i in range(6)]


def test_a_result_can_be_the_next_argument():
    x = square(np.full(4, 2.0, "float32"))
    for _ in range(3):
        x = square(x)
    assert x.tolist() == [65536.0] * 4


def test_arguments_of_other_shapes_types_and_structures():
    @tg.compiled
    def total(parts, scale=1.0):
        return {"sum": ops.sum(parts["a"]) * scale + parts["b"][0], "count": 3}

    for shape in ((3,), (2, 5), (), (0,), (3,)):
        for dtype in ("float32", "float64"):
            parts = {"a": array(*shape, dtype=dtype), "b": [array(dtype=dtype)]}
            for scale in (1.0, 2.0):
                tensors = {"a": Tensor(parts["a"]), "b": [Tensor(parts["b"][0])]}
                found, right = total(parts, scale=scale), total.function(tensors, scale)
                assert found["count"] == 3 and found["sum"].dtype == right["sum"].dtype
                np.testing.assert_allclose(found["sum"].numpy(), right["sum"].numpy(), 1e-5)


def test_other_structures_of_the_same_arrays_are_other_forms():
    first = tg.compiled(lambda x: (x[0] if isinstance(x, list) else x["b"]) * 1)
    a, b = np.ones(2, "float32"), np.zeros(2, "float32")
    assert first([a, b]).tolist() == [1, 1]
    assert first({"a": a, "b": b}).tolist() == [0, 0]
    assert first({"b": a, "a": b}).tolist() == [1, 1]


def test_an_array_given_twice_is_another_form_than_two():
    add = tg.compiled(lambda x, y: x + 2 * y)
    a, b = array(3), array(3)
    np.testing.assert_allclose(add(a, a).numpy(), 3 * a, 1e-6)
    np.testing.assert_allclose(add(a, b).numpy(), a + 2 * b, 1e-6)
    assert ran(add)
    np.testing.assert_allclose(add(a, a).numpy(), 3 * a, 1e-6)


def test_views_arrays_that_must_not_be_written_to_and_those_that_lie_anyhow():
    base = np.arange(40, dtype="float32")
    fixed = np.arange(5, dtype="float32")
    fixed.flags.writeable = False
    odd = np.frombuffer(b"x" + np.arange(5, dtype="float32").tobytes(), "float32", 5, 1)
    for x in (base[:5], base[::8], base[4::-1], fixed, odd):
        assert square(x).tolist() == (x * x).tolist()


def test_whole_numbers_truth_values_and_those_too_large():
    mixed = tg.compiled(lambda n, m: (n * 2, m & (n > 1), n.astype("float32") / 2))
    for shift in (0, 1):
        n, m = np.arange(4) + shift, np.array([True, False, True, True])
        found = mixed(n, m)
        right = mixed.function(Tensor(n, dtype=n.dtype), Tensor(m, dtype=bool))
        for one, other in zip(found, right):
            assert one.dtype == other.dtype and one.tolist() == other.tolist()
    found = mixed(np.array([1, 2, 3, 2**40]), m)  # as it is: float64 and float32 do not have them all
    assert found[0].tolist() == [2, 4, 6, 2**41]


def test_no_number_and_infinity_go_through():
    x = np.array([np.nan, np.inf, -np.inf, 1], "float32")
    square(np.ones(4, "float32"))
    np.testing.assert_array_equal(square(x).numpy(), x * x)


def test_what_cannot_be_compiled_runs_as_it_is_and_says_why():
    branches = tg.compiled(lambda x: x.tanh() * 2 if float(x.sum()) > 0 else -x)
    np.testing.assert_allclose(branches(np.ones(2, "float32")).numpy(), 2 * np.tanh([1, 1]), 1e-6)
    assert branches(-np.ones(2, "float32")).tolist() == [1, 1]
    assert "runs as it is" in branches.explain() and not ran(branches)


def test_gradients_get_through_a_function_that_runs_as_it_is():
    branches = tg.compiled(lambda x: x.tanh() * 2 if float(x.sum()) > 0 else -x)
    x = Tensor(-np.ones(2, "float32"))
    branches(x).sum().backward()
    assert x.grad.tolist() == [-1, -1] and not ran(branches)


def test_errors_of_the_function_come_out_and_are_forgotten():
    @tg.compiled
    def strict(x):
        if x.shape[0] != 2:
            raise KeyError("two")
        return x + 1

    with pytest.raises(KeyError, match="two"):
        strict(np.ones(3, "float32"))
    assert strict(np.ones(2, "float32")).tolist() == [2, 2] and ran(strict)


def test_weights_are_read_where_they_are_also_after_others_were_put_in():
    model = Sequential([Dense(3, input_shape=(2,))])
    says = tg.compiled(lambda x: model(x))
    x = array(4, 2)
    for _ in range(3):
        np.testing.assert_allclose(says(x).numpy(), model(x).numpy(), 1e-5, 1e-6)
        model.set_weights([RNG.normal(size=w.shape) for w in model.weights])
    assert ran(says)


def test_moving_averages_move_and_masks_are_drawn_as_they_are_otherwise():
    def results(wrap):
        tg.set_random_seed(3)
        model = Sequential([Dense(4, input_shape=(2,)), BatchNormalization(), Dropout(0.5)])
        says = wrap(lambda x: model(x, training=True))
        rng = np.random.default_rng(0)
        found = [says(rng.normal(size=(8, 2)).astype("float32")).numpy() for _ in range(4)]
        return [*found, *(w.numpy() for w in model.weights)]

    for one, other in zip(results(tg.compiled), results(lambda f: f)):
        np.testing.assert_allclose(one, other, 1e-4, 1e-5)


def test_methods_can_be_compiled():
    class Scaled:
        def __init__(self, factor):
            self.factor = factor

        @tg.compiled
        def call(self, x):
            return x * self.factor

    one, other = Scaled(2.0), Scaled(3.0)
    for _ in range(2):
        assert one.call(np.ones(2, "float32")).tolist() == [2, 2]
        assert other.call(np.ones(2, "float32")).tolist() == [3, 3]


def test_a_compiled_function_inside_of_another_is_part_of_it():
    fourth = tg.compiled(lambda x: square(square(x)).sum())
    assert fourth(np.full(2, 2.0, "float32")).item() == 32 and ran(fourth)


def test_several_threads_may_call_one_function():
    slow = tg.compiled(lambda x: ops.tanh(x).sum(axis=0) + x)
    wrong = []

    def work(seed):
        x = np.full((200, 5), seed, "float32")
        for _ in range(50):
            right = np.tanh(np.float32(seed)) * 200 + seed
            if not np.allclose(slow(x).numpy(), right, 1e-4):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_only_so_many_forms_are_remembered():
    many = tg.compiled(lambda x: x + 1)
    for n in range(1, 40):
        many(np.ones(n, "float32"))
    assert len(many._known) <= 32


def test_an_argument_that_has_no_hash_is_told_from_one_that_comes_to_lie_where_it_lay():
    @dataclass
    class Settings:  # compared by what is in it, and therefore without a hash
        scale: float

    @tg.compiled
    def scaled(x, settings):
        return x * settings.scale

    x = Tensor([1.0])
    assert [scaled(x, Settings(float(scale))).item() for scale in range(20)] == list(range(20))


def test_minus_zero_is_another_number_and_nan_always_the_same():
    divided = tg.compiled(lambda x, number: x / number)
    x = Tensor([1.0])
    with np.errstate(all="ignore"):
        assert [divided(x, number).item() for number in (0.0, -0.0)] == [np.inf, -np.inf]
    assert all(np.isnan(divided(x, float("nan")).item()) for _ in range(3)) and len(divided._known) == 3
