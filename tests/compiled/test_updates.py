"""What an optimizer does in compiled steps is what it does in eager ones: to weights, slots, averages and its count of steps.

Sums are added up in another order, so a step differs by a few units in the last place; these tests train for some fifteen steps,
after which weights are the same within 2e-5 of their size, or of 1 where they are smaller.
"""

import numpy as np
import pytest
from hypothesis import given

import tinygrad_edu
from tests.compiled.updating import COMBINED, CONSTRAINTS, IN_PYTHON, MAKE, OPTIONS, Halved
from tinygrad_edu import callbacks, constraints, optimizers
from tinygrad_edu.compiled.moves import NUMBERS, move_of
from tinygrad_edu.compiled.updates import Updates
from tinygrad_edu.layers import Dense, Layer
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam, Lamb, Optimizer, schedules

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (75, 3)).astype("float32")
Y = np.tanh(X @ RNG.normal(size=(3, 1))).astype("float32")


def trained(jit, make, constraint=None, dtype="float32", epochs=(3,), between=None, watches=()):
    """A model that was trained, and its history."""
    tinygrad_edu.set_random_seed(3)
    held = CONSTRAINTS[constraint] if constraint else lambda: None
    first = Dense(6, activation="tanh", kernel_constraint=held(), dtype=dtype)
    model = Sequential([first, Dense(1, bias_constraint=held(), dtype=dtype)])
    model.compile(make(), "mse", jit_compile=jit)
    for number, count in enumerate(epochs):
        if number and between:
            between(model)
        history = model.fit(X, Y, batch_size=16, epochs=count, verbose=0, callbacks=[watch() for watch in watches])
    return model, history.history["loss"]


def assert_same(make, rtol=2e-5, atol=2e-5, **case):
    """Compiled training is eager training. Returns the compiled model."""
    (eager, losses), (compiled, others) = trained(False, make, **case), trained(True, make, **case)
    np.testing.assert_allclose(losses, others, rtol, atol)
    assert eager.optimizer.iterations == compiled.optimizer.iterations
    for one, other in zip(eager.weights, compiled.weights):
        np.testing.assert_allclose(other.array, one.array, rtol, atol, err_msg=one.path)
    for one, other in zip(eager.optimizer.variables, compiled.optimizer.variables, strict=True):
        np.testing.assert_allclose(other.array, one.array, 10 * rtol, atol, err_msg=one.path)
    return compiled


@pytest.mark.parametrize("name", MAKE)
def test_every_optimizer_moves_weights_as_it_does_eagerly(name):
    model = assert_same(MAKE[name])
    assert ("(Python)" in model.explain_jit()) == (name in IN_PYTHON)


@pytest.mark.parametrize("optimizer", ["nesterov", "adam", "adafactor"])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_does_what_it_does_eagerly(option, optimizer):
    model = assert_same(lambda: MAKE[optimizer](**OPTIONS[option]))
    assert ("(Python)" in model.explain_jit()) == (option == "accumulation" or optimizer in IN_PYTHON)


@pytest.mark.parametrize("optimizer", ["sgd", "signs"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_holds_weights_where_it_does_eagerly(constraint, optimizer):
    model = assert_same(MAKE[optimizer], constraint=constraint)
    assert ("(Python)" in model.explain_jit()) == (constraint == "a function" or optimizer in IN_PYTHON)


def test_every_weight_has_a_constraint_of_its_own():
    both = []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        first, second, third = (CONSTRAINTS[name]() for name in ("max_norm", "unit_norm", "min_max_norm"))
        model = Sequential([Dense(4, kernel_constraint=first, bias_constraint=second), Dense(1, kernel_constraint=third)])
        model.compile(MAKE["sgd"](), "mse", jit_compile=jit)
        model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
        both.append(model.get_weights())
    for one, other in zip(*both):
        np.testing.assert_allclose(one, other, 2e-5, 2e-5)


@given(COMBINED)
def test_whatever_is_combined_does_what_it_does_eagerly(combined):
    make, constraint = combined
    assert_same(make, constraint=constraint, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", ["momentum", "adam", "lamb", "ftrl"])
def test_weights_of_float64_move_in_float64(name):
    more = {"weight_decay": 0.1, "global_clipnorm": 0.2, "use_ema": True}
    assert_same(lambda: MAKE[name](**more), dtype="float64", constraint="max_norm", rtol=1e-12, atol=1e-13)


def test_weights_of_other_types_are_refused():
    with pytest.raises(ValueError, match="float16"):
        trained(True, SGD, dtype="float16")


@pytest.mark.parametrize("make", [lambda rate: SGD(rate), lambda rate: optimizers.Nadam(rate)])
def test_a_schedule_is_asked_at_every_step(make):
    assert_same(lambda: make(schedules.ExponentialDecay(0.05, 3, 0.5)))


def test_weights_that_are_left_alone_by_weight_decay_are_so_in_compiled_steps():
    def make():
        optimizer = SGD(0.05, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names="bias")
        return optimizer

    model = assert_same(make)
    weights = model.trainable_weights
    assert move_of(model.optimizer, weights).decays == (True, False, True, False)


class Meddles(callbacks.Callback):
    """Changes numbers and ways of the optimizer, epoch after epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        optimizer.learning_rate = 0.1 / (epoch + 1)
        optimizer.clipnorm = (None, 0.1, 0.01)[epoch]
        optimizer.weight_decay = (0.1, 0.2, None)[epoch]
        self.model.layers[1].bias.constraint = (None, constraints.NonNeg(), None)[epoch]


class Freezes(callbacks.Callback):
    """Lets a layer rest for an epoch."""

    layer = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.model.layers[self.layer].trainable = epoch != 1


class FreezesTheLast(Freezes):
    """As Freezes."""

    layer = 1


@pytest.mark.parametrize("watch", [Meddles, Freezes, FreezesTheLast])
@pytest.mark.parametrize("name", ["sgd", "adam", "adafactor"])
def test_what_a_callback_changes_is_noticed(name, watch):
    assert_same(MAKE[name], watches=[watch])


def test_averages_that_are_wanted_later_begin_as_they_do_eagerly():
    def average(model):
        model.optimizer.use_ema = True

    assert_same(MAKE["adam"], epochs=(2, 2), between=average)


def test_an_average_is_the_weight_after_the_first_step_whatever_it_was():
    def forget(model):
        model.optimizer.iterations = 0
        for weight in model.trainable_weights:
            model.optimizer.slots_of(weight)["average"].assign(np.full(weight.shape, np.inf))

    model = assert_same(lambda: MAKE["sgd"](use_ema=True, ema_overwrite_frequency=100), epochs=(1, 1), between=forget)
    assert all(np.isfinite(model.optimizer.slots_of(weight)["average"].array).all() for weight in model.trainable_weights)


class Crossed(Layer):
    """Its loss is the product of its two weights, each of which is the gradient of the other."""

    def build(self, input_shape):
        self.one = self.add_weight("one", (), "ones")
        self.other = self.add_weight("other", (), lambda shape, dtype: np.full(shape, 0.5, dtype))

    def call(self, x):
        self.add_loss(self.one * self.other)
        return x[:, :1]


@pytest.mark.parametrize("name", ["momentum", "signs"])
def test_gradients_that_are_weights_are_those_of_before_the_step(name):
    both = []
    for jit in (False, True):
        model = Sequential([Crossed()])
        model.compile(MAKE[name](), "mse", jit_compile=jit)
        model.fit(X, Y, batch_size=25, epochs=2, verbose=0)
        both.append(model.get_weights())
    np.testing.assert_allclose(both[1], both[0], 1e-6)


def restored(model):
    """Exchange the optimizer for another one, that has all of its numbers."""
    kept, config = model.optimizer.get_weights(), model.optimizer.get_config()
    model.compile(type(model.optimizer).from_config(config), "mse", jit_compile=model.jit_compile)
    model.optimizer.build(model.trainable_weights)
    model.optimizer.set_weights(kept)


@pytest.mark.parametrize("name", ["momentum", "nadam", "lamb", "adafactor"])
def test_a_restored_optimizer_goes_on(name):
    assert_same(lambda: MAKE[name](use_ema=True), epochs=(2, 2), between=restored)


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False)])
def test_it_does_not_matter_who_took_the_first_steps(first, second):
    def switch(model):
        model.jit_compile = second

    def make():
        return MAKE["adam"](weight_decay=0.1, use_ema=True)

    mixed, _ = trained(first, make, epochs=(2, 2), between=switch)
    eager, _ = trained(False, make, epochs=(2, 2))
    for one, other in zip(mixed.weights + mixed.optimizer.variables, eager.weights + eager.optimizer.variables):
        np.testing.assert_allclose(one.array, other.array, 2e-4, 2e-5)


def test_a_gradient_too_long_to_be_counted_makes_no_weight_a_number():
    """Explosions have to be seen, in compiled steps too."""

    def model_of(jit):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Dense(1, kernel_initializer="ones")])
        model.compile(SGD(0.1, clipnorm=1.0), "mae", jit_compile=jit)
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
            model.fit(X * np.float32(3e38), Y, batch_size=75, epochs=3, verbose=0)
        return model.get_weights()

    for one, other in zip(model_of(False), model_of(True)):
        np.testing.assert_array_equal(np.isfinite(one), np.isfinite(other))


def test_an_error_in_an_update_is_raised_and_names_what_it_was():
    class Fails(Optimizer):
        def update(self, p, g, c):
            raise ArithmeticError("no way down")

    with pytest.raises(ArithmeticError, match="no way down"):
        trained(True, Fails)


class Watched:
    """Hooks on the gradient of a layer's kernel, and what they have seen."""

    def __init__(self, model):
        self.seen = []
        model.build((None, 3))
        kernel = model.layers[0].kernel
        self.hooks = [kernel.register_hook(self.look), kernel.register_hook(lambda g: g * 0.5)]

    def look(self, g):
        self.seen.append(g.numpy().copy())


@pytest.mark.parametrize("name", ["momentum", "signs"])
def test_hooks_of_weights_see_the_gradient_of_every_step_and_change_it(name):
    both = []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Dense(4, activation="tanh"), Dense(1)])
        watched = Watched(model)
        model.compile(MAKE[name](clipnorm=0.1), "mse", jit_compile=jit)
        model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
        both.append((model, watched))
    (eager, first), (compiled, second) = both
    assert len(first.seen) == len(second.seen) == 10
    np.testing.assert_allclose(first.seen, second.seen, 2e-4, 2e-5)
    for one, other in zip(eager.get_weights(), compiled.get_weights()):
        np.testing.assert_allclose(one, other, 2e-5, 2e-5)


class Spare(Dense):
    """Has a weight that it does not use."""

    def build(self, input_shape):
        super().build(input_shape)
        self.spare = self.add_weight("spare", (3,), "ones")


@pytest.mark.parametrize("name", ["momentum", "signs"])
def test_a_weight_that_the_loss_does_not_depend_on_stays_with_a_warning(name):
    both = []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Spare(4, activation="tanh"), Dense(1)])
        model.compile(MAKE[name](weight_decay=0.1), "mse", jit_compile=jit)
        with pytest.warns(UserWarning, match="got no gradient for .*spare"):
            model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
        assert model.layers[0].spare.tolist() == [1, 1, 1]
        both.append(model)
    for one, other in zip(*(model.get_weights() for model in both)):
        np.testing.assert_allclose(one, other, 2e-5, 2e-5)


# Rows of numbers ---------------------------------------------------------------------------------


def updates_of(optimizer):
    weights = [tinygrad_edu.Variable(np.ones(3), "float32")]
    return Updates(optimizer, weights)


@pytest.mark.parametrize("name", [name for name in MAKE if name not in IN_PYTHON])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_rows_of_numbers_are_those_that_every_step_would_ask_for(name, decay):
    optimizer = MAKE[name](decay=decay)
    optimizer.iterations = 5
    rows = np.broadcast_to(found := updates_of(optimizer).rows(40, "float64"), (40, found.shape[1]))
    expected = [optimizer.numbers(optimizer.rate_at(step), step) for step in range(6, 46)]
    np.testing.assert_allclose(rows[:, NUMBERS:], expected, rtol=1e-13)


def test_one_row_is_enough_where_all_steps_are_told_the_same():
    assert len(updates_of(SGD(0.1, momentum=0.9)).rows(1000, "float32")) == 1
    assert len(updates_of(Adam(0.1)).rows(1000, "float32")) == 1000
    assert len(updates_of(SGD(0.1, decay=0.1)).rows(1000, "float32")) == 1000
    assert len(updates_of(Halved(0.1)).rows(1000, "float32")) == 1000


def test_a_plan_knows_no_optimizer():
    first, second = updates_of(Adam(0.1, clipnorm=1.0)), updates_of(Adam(0.2, clipnorm=2.0))
    assert first.move == second.move and first.key != second.key
    assert updates_of(Lamb()).move != updates_of(Lamb(weight_decay=0.1)).move
