"""What happens to gradients before an update, and to weights around it, and in which order."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Variable, is_grad_enabled
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam, AdamW, Optimizer
from tinygrad_edu.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value

EXAMPLE = np.array([0.9, 100.0])  # the gradient of the tutorials


def step(optimizer, gradient, start=None):
    """How far plain descent of rate 1 goes: the gradient that arrived."""
    p = Variable(np.zeros(np.shape(gradient)) if start is None else start, "float64")
    optimizer.apply([np.asarray(gradient, float)], [p])
    return p.numpy()


# Clipping ---------------------------------------------------------------------------------------------


def test_the_tutorials_example_to_the_printed_digit():
    """OPT-08, OPT-09, TEA-11."""
    assert str(-step(SGD(1.0, clipvalue=1.0), EXAMPLE)) == "[0.9 1. ]"
    assert str(-step(SGD(1.0, clipnorm=1.0), EXAMPLE)) == "[0.00899964 0.9999595 ]"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_tutorials_example_in_the_dtype_of_weights(dtype):
    """OPT-09, TEA-11: also in the eighth digit of float32."""
    p = Variable([0.0, 0.0], dtype)
    SGD(1.0, clipnorm=1.0).apply([EXAMPLE.astype(dtype)], [p])
    assert str(-p.numpy()) == "[0.00899964 0.9999595 ]"


def test_clipnorm_takes_each_weight_by_itself_and_global_clipnorm_all_together():
    """OPT-09, OPT-10, D23."""
    for settings, expected in (({"clipnorm": 1.3}, ([0.78, 1.04], [1.3])), ({"global_clipnorm": 1.3}, ([0.3, 0.4], [1.2]))):
        p, q = Variable([0.0, 0.0]), Variable([0.0])
        SGD(1.0, **settings).apply([np.array([3.0, 4.0]), np.array([12.0])], [p, q])  # of length 5, 12, and 13 together
        np.testing.assert_allclose(-p.numpy(), expected[0], rtol=1e-12)
        np.testing.assert_allclose(-q.numpy(), expected[1], rtol=1e-12)


arrays = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5).map(np.array), min_size=1, max_size=4)


@given(gradients=arrays, limit=st.floats(1e-3, 1e3))
def test_clipping_shortens_to_the_limit_and_changes_nothing_below_it(gradients, limit):
    """OPT-08, OPT-09, OPT-10."""
    kept = [g.copy() for g in gradients]
    by_value, by_norm = clip_by_value(gradients, limit), clip_by_norm(gradients, limit)
    by_global = clip_by_global_norm(gradients, limit)
    length = lambda parts: np.linalg.norm(np.concatenate(parts))
    for g, v, n, a in zip(gradients, by_value, by_norm, by_global):
        np.testing.assert_array_equal(v, np.minimum(np.maximum(g, -limit), limit))
        np.testing.assert_allclose(n, g * limit / max(np.linalg.norm(g), limit), rtol=1e-12)
        np.testing.assert_allclose(a, g * limit / max(length(gradients), limit), rtol=1e-12)
    assert length(by_global) <= limit * (1 + 1e-12)
    for g, before in zip(gradients, kept):
        np.testing.assert_array_equal(g, before)


@pytest.mark.parametrize("limit", [0.1, 0.7, 1 / 3])
def test_what_is_as_long_as_the_limit_in_its_own_type_stays_as_it_is(limit):
    """float32(0.1) is above 0.1."""
    g = np.array([limit, 0.0], "float32")
    assert clip_by_norm([g], limit)[0] is g and clip_by_global_norm([g, g * 0], limit)[0] is g
    assert clip_by_global_norm([], limit) == []


@pytest.mark.parametrize(
    "off", [{}, {"clipvalue": None}, {"clipvalue": 0}, {"clipnorm": 0.0}, {"global_clipnorm": None}], ids=str
)
def test_none_and_0_clip_nothing(off):
    """OPT-08."""
    np.testing.assert_array_equal(-step(SGD(1.0, **off), EXAMPLE), EXAMPLE)


@pytest.mark.parametrize("kind", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_a_gradient_of_0_stays_0(kind):
    """OPT-09."""
    assert step(SGD(1.0, **{kind: 1.0}), np.zeros(3)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_explosion_is_not_hidden(kind, bad):
    """OPT-10: nan for all numbers that shared the length, not 0."""
    assert np.isnan(step(SGD(1.0, **{kind: 1.0}), [1.0, bad])).all()


def test_a_norm_whose_squares_overflow_float32_is_no_explosion():
    """OPT-09."""
    p = Variable([0.0, 0.0], "float32")
    SGD(1.0, clipnorm=1.0).apply([np.array([3e30, 4e30], np.float32)], [p])
    np.testing.assert_allclose(-p.numpy(), [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{"clipnorm": 1, "clipvalue": 1}, {"clipnorm": 1, "global_clipnorm": 1}, {"clipvalue": 1, "global_clipnorm": 1}],
    ids=str,
)
def test_two_kinds_of_clipping_are_refused(settings):
    """OPT-02."""
    with pytest.raises(ValueError, match="SGD expects one kind of clipping"):
        SGD(**settings)


WRONG = {
    "clipnorm": [-1, np.nan, "x"],
    "clipvalue": [-0.5],
    "weight_decay": [-0.1, np.inf],
    "decay": [-1e-3, None],
    "ema_momentum": [1.0, -0.1, 2],
    "ema_overwrite_frequency": [0, 1.5],
    "loss_scale_factor": [0, -2],
    "gradient_accumulation_steps": [1, 0, 2.5],
    "learning_rate": [-1, "fast"],
    "lr": [-1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_settings_outside_their_range_are_refused(name, value):
    """OPT-02."""
    with pytest.raises((ValueError, TypeError), match=f"Adam expects {'learning_rate' if name == 'lr' else name}.*got"):
        Adam(**{name: value})


@pytest.mark.parametrize("name", ["beta_1", "beta_2", "epsilon"])
@pytest.mark.parametrize("value", [-0.1, np.nan, "x"])
def test_adams_own_numbers_are_checked_too(name, value):
    """OPT-15."""
    with pytest.raises((ValueError, TypeError), match=f"Adam expects {name}"):
        Adam(**{name: value})


# Weight decay -----------------------------------------------------------------------------------------


def test_decay_takes_its_share_off_before_the_update():
    """OPT-07, OPT-17: 10 - 0.5·0.1·10 - 0.5·1."""
    np.testing.assert_allclose(step(SGD(0.5, weight_decay=0.1), [1.0], [10.0]), [9.0], rtol=1e-12)


def test_decay_is_apart_from_adams_quotient():
    """OPT-17: with a gradient of 0 a weight shrinks by rate · decay, whatever the slots."""
    optimizer, p = AdamW(0.1, weight_decay=0.5), Variable([4.0], "float64")
    for _ in range(3):
        optimizer.apply([np.zeros(1)], [p])
    np.testing.assert_allclose(p.numpy(), 4 * 0.95**3, rtol=1e-12)


def test_some_weights_may_be_left_alone():
    """OPT-17: by object and by a part of their path."""
    variables = [Variable([1.0], name=name) for name in ("kernel", "bias", "gamma")]
    variables[1].relabel("dense_1/bias")
    optimizer = AdamW(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bias$"])
    optimizer.apply([np.zeros(1)] * 3, variables)
    assert [v.item() for v in variables] == [0.5, 1, 1]


def test_a_name_by_itself_is_one_name_and_not_its_letters():
    """OPT-17: "bias" has letters that "kernel_a" has too."""
    kernel, bias = Variable([1.0], name="kernel_a"), Variable([1.0], name="bias")
    optimizer = AdamW(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names="bias")
    optimizer.apply([np.zeros(1)] * 2, [kernel, bias])
    assert [kernel.item(), bias.item()] == [0.5, 1]


def test_adamw_without_decay_is_told_to_be_adam():
    """OPT-17."""
    with pytest.raises(ValueError, match=r"AdamW expects weight_decay.*got None\. Use Adam"):
        AdamW(weight_decay=None)


def test_the_decay_of_a_float32_weight_is_not_rounded_away():
    """OPT-17: 1 - 1e-6 has one good digit in float32; a thousand steps show it."""
    optimizer, p = SGD(1e-3, weight_decay=1e-3), Variable(np.full(100, 1000.0), "float32")
    shares = []
    for _ in range(3):
        optimizer.apply([np.zeros(100)], [p])
        shares.append(1e-6 * 1000)
    np.testing.assert_allclose(1000 - p.numpy(), np.sum(shares), atol=2e-4)


# Averages ---------------------------------------------------------------------------------------------


def test_the_average_begins_at_the_weights_after_the_first_step_and_follows():
    """OPT-22: θ = 4, 3, 2; ema = 4, 3.9, 3.71."""
    optimizer, p = SGD(1.0, use_ema=True, ema_momentum=0.9), Variable([5.0], "float64")
    found = []
    for _ in range(3):
        optimizer.apply([np.ones(1)], [p])
        found.append(optimizer.slots_of(p)["average"].item())
    np.testing.assert_allclose(found, [4, 3.9, 3.71], rtol=1e-12)
    assert p.item() == 2
    optimizer.finalize_variable_values([p])
    assert p.item() == pytest.approx(3.71)


def test_averages_may_take_over_every_so_often():
    """OPT-22."""
    optimizer, p = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2), Variable([4.0], "float64")
    path = []
    for _ in range(4):
        optimizer.apply([np.ones(1)], [p])
        path.append(p.item())
    assert path == [3, 2.5, 1.5, 1.25]  # averages: 3, 2.5 (taken), 2, 1.25 (taken)


def test_fit_ends_with_the_averages():
    """OPT-22."""
    model = Sequential([Dense(1, input_dim=1, kernel_initializer="ones", use_bias=False)])
    model.compile(SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    model.fit(np.ones((1, 1)), np.zeros(1), epochs=2, verbose=0)
    assert model.get_weights()[0].item() == pytest.approx((0.8 + 0.64) / 2)


# Accumulation and scaling -----------------------------------------------------------------------------


def test_every_kth_call_steps_along_the_mean():
    """OPT-06, OPT-23."""
    optimizer, p = SGD(1.0, gradient_accumulation_steps=3), Variable([0.0], "float64")
    path = []
    for g in (1.0, 2.0, 6.0, 30.0, 0.0, 0.0):
        optimizer.apply([np.array([g])], [p])
        path.append((p.item(), optimizer.iterations))
    assert path == [(0, 0), (0, 0), (-3, 1), (-3, 1), (-3, 1), (-13, 2)]


def test_a_weight_that_misses_a_call_has_its_mean_all_the_same():
    """OPT-23: nothing of one step leaks into the next."""
    optimizer, p, q = SGD(1.0, gradient_accumulation_steps=2), Variable([0.0], "float64"), Variable([0.0], "float64")
    for g, h in ((1.0, 8.0), (1.0, 8.0), (1.0, None), (1.0, 4.0)):
        context = pytest.warns(UserWarning, match="no gradient") if h is None else contextlib.nullcontext()
        with context:
            optimizer.apply([np.array([g]), None if h is None else np.array([h])], [p, q])
    assert (p.item(), q.item()) == (-2, -10)


def test_accumulated_gradients_survive_saving_in_the_middle():
    """OPT-23, SAV-08."""
    make = lambda: SGD(1.0, gradient_accumulation_steps=2)
    first, p = make(), Variable([0.0], "float64")
    first.apply([np.array([1.0])], [p])
    second, q = make(), Variable([0.0], "float64")
    second.build([q])
    second.set_weights(first.get_weights())
    second.apply([np.array([3.0])], [q])
    assert q.item() == -2


def test_clipping_comes_after_the_mean_and_after_unscaling():
    """OPT-07."""
    optimizer, p = SGD(1.0, gradient_accumulation_steps=2, clipvalue=1.0, loss_scale_factor=2.0), Variable([0.0], "float64")
    for g in (8.0, -6.0):  # unscaled 4 and -3, mean 0.5; clipped before it would be 0
        optimizer.apply([np.array([g])], [p])
    assert p.item() == -0.5


def test_a_scaled_loss_makes_the_same_step():
    """OPT-07: scale_loss in train_step, unscaled in apply."""

    def trained(**settings):
        model = Sequential([Dense(1, input_dim=1, kernel_initializer="ones")])
        model.compile(SGD(0.1, **settings), "mse")
        model.fit(np.ones((2, 1)), np.zeros(2), epochs=2, verbose=0)
        return [w.item() for w in model.get_weights()]

    assert trained(loss_scale_factor=1024.0) == trained()
    assert SGD().scale_loss(3.0) == 3.0 and SGD(loss_scale_factor=2).scale_loss(3.0) == 6.0


# Constraints ------------------------------------------------------------------------------------------


def test_a_constraint_has_the_last_word_and_keeps_the_array():
    """OPT-07, CON: after the update, in place, with nothing recorded."""
    p, q = Variable([1.0, -1.0]), Variable([1.0])
    array, seen = p.numpy(), []

    def positive(w):
        seen.append((w.numpy().tolist(), is_grad_enabled()))
        return (w * 2 - w).relu()

    p.constraint = positive
    SGD(1.0).apply([np.array([0.5, 0.5]), np.array([5.0])], [p, q])
    assert seen == [([0.5, -1.5], False)] and p.tolist() == [0.5, 0] and q.item() == -4
    assert p.numpy() is array and p.requires_grad and p.is_leaf


def test_what_does_not_move_is_not_constrained():
    """OPT-07: a weight without a gradient."""
    p, q = Variable([-1.0]), Variable([1.0])
    p.constraint = lambda w: w * 0
    with pytest.warns(UserWarning, match="no gradient"):
        SGD().apply([None, np.ones(1)], [p, q])
    assert p.item() == -1


def test_everything_in_its_order():
    """OPT-07: None, unscale, clip, decay, update, average, constraint."""

    class Diary(Optimizer):
        def update(self, p, g, c):
            seen.append(("update", p.tolist(), g.tolist()))
            p -= c[0] * g

    seen, optimizer = [], Diary(1.0, weight_decay=0.5, clipvalue=3.0, loss_scale_factor=10.0, use_ema=True)
    p, q = Variable([8.0]), Variable([8.0])
    p.constraint = lambda w: seen.append(("constraint", w.tolist(), optimizer.slots_of(p)["average"].tolist())) or w * 0
    with pytest.warns(UserWarning, match="no gradient"):
        optimizer.apply([np.array([70.0]), None], [p, q])
    assert seen == [("update", [4], [3]), ("constraint", [1], [1])]
    assert p.item() == 0 and q.item() == 8


# All or nothing ---------------------------------------------------------------------------------------


BAD = {
    "shape": lambda: [np.ones(2), np.ones(3)],
    "order": lambda: [np.ones((2, 2)), np.ones(2)],
    "too few": lambda: [np.ones(2)],
    "nothing": lambda: [None, None],
}


@pytest.mark.parametrize("gradients", BAD.values(), ids=BAD)
@pytest.mark.parametrize("settings", [{}, {"gradient_accumulation_steps": 2}], ids=str)
def test_bad_gradients_move_nothing(gradients, settings):
    """OPT-07, OPT-24."""
    optimizer, p, q = SGD(0.1, 0.9, **settings), Variable(np.ones(2)), Variable(np.ones((2, 2)))
    with pytest.raises(ValueError, match="expects"):
        optimizer.apply(gradients(), [p, q])
    assert (p.numpy() == 1).all() and (q.numpy() == 1).all() and optimizer.iterations == 0
    assert optimizer.variables[0].item() == 0


@pytest.mark.parametrize("gradient", [np.array([1j, 0]), np.array(["1", "2"]), np.array([None, 1.0])], ids=str)
def test_a_gradient_that_is_no_real_number_is_refused(gradient):
    """OPT-26: nothing is cast away."""
    p = Variable([1.0, 1.0], name="kernel")
    with pytest.raises(TypeError, match="Variable 'kernel' expects a gradient of real numbers, got"):
        SGD().apply([gradient], [p])
    assert p.tolist() == [1, 1]


def test_a_schedule_that_fails_moves_nothing():
    """LR-19."""
    optimizer, p = SGD(lambda step: -1.0), Variable([1.0])
    with pytest.raises(ValueError, match="SGD expects learning_rate >= 0, got -1"):
        optimizer.apply([np.ones(1)], [p])
    assert p.item() == 1 and optimizer.iterations == 0


def test_only_variables_can_be_moved():
    """OPT-24."""
    with pytest.raises(TypeError, match=r"SGD expects Variables, got Tensor. Write Variable"):
        SGD().apply([np.ones(1)], [Tensor([1.0])])


def test_a_built_optimizer_knows_its_weights():
    """OPT-24: apply without variables; an unknown one is an error until the next build."""
    optimizer, p, q = SGD(1.0, 0.5), Variable([0.0]), Variable([0.0])
    with pytest.raises(ValueError, match="got 1 for no variables"):
        optimizer.apply([np.ones(1)])
    optimizer.build([p])
    optimizer.apply([np.ones(1)])
    assert p.item() == -1
    with pytest.raises(ValueError, match=r"SGD expects variables that it was built for, got 'variable'. Call build"):
        optimizer.apply([np.ones(1), np.ones(1)], [p, q])
    assert p.item() == -1
    optimizer.build([p, q])
    optimizer.apply([np.ones(1), np.ones(1)])
    assert [p.item(), q.item()] == [-2.5, -1]


def test_foreign_weights_are_not_taken_over():
    """OPT-24."""
    optimizer, p = Adam(), Variable(np.ones(2))
    with pytest.raises(ValueError, match=r"Adam expects 2 arrays.*Call build\(model.trainable_weights\) first"):
        optimizer.set_weights([1, 0.1, np.ones(2), np.ones(2)])
    optimizer.build([p])
    with pytest.raises(ValueError, match="Adam expects 4 arrays"):
        optimizer.set_weights([7, 0.1, np.ones(3), np.ones(2)])
    assert optimizer.iterations == 0


def test_gradients_given_are_never_written_to():
    """OPT-07."""
    g = np.array([3.0, 4.0])
    g.flags.writeable = False
    for settings in ({"clipnorm": 1.0}, {"loss_scale_factor": 2.0}, {"gradient_accumulation_steps": 2}, {"momentum": 0.9}):
        SGD(0.1, **settings).apply([g], [Variable([0.0, 0.0])])
    assert g.tolist() == [3, 4]


def test_every_update_gets_arrays_of_one_kind():
    """OPT-26: flat, contiguous, writeable: Numba would compile the loop once more for every other kind."""

    class Spy(Optimizer):
        slots = ("slot",)

        def update(self, *arrays):
            seen.extend((a.ndim, a.dtype, a.flags.carray) for a in arrays)

    seen, g = [], np.arange(6.0).reshape(2, 3)
    frozen = g.astype("float32")
    frozen.flags.writeable = False
    for gradient in (
        g,
        g.astype("float32"),
        np.asfortranarray(g),
        np.repeat(g, 2, 1)[:, ::2],
        np.broadcast_to(1.0, (2, 3)),
        frozen,
    ):
        Spy().apply([gradient], [Variable(np.ones((2, 3)), "float32")])
    assert set(seen) == {(1, np.dtype("float32"), True)}


def test_momentum_may_be_turned_on_later():
    """OPT-11: the velocity begins then."""
    optimizer, p = SGD(1.0), Variable([0.0])
    optimizer.apply([np.ones(1)], [p])
    optimizer.momentum = 0.5
    for _ in range(2):
        optimizer.apply([np.ones(1)], [p])
    assert p.item() == -1 - 1 - 1.5
