"""A step that was taken down, done again with NumPy on other data, is the step as it is taken eagerly: to the last bit."""

import random as python_random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_samples import CASES
from loss_samples import LOSSES
from replay import Again, assert_replays, parts

import tinygrad_edu
from tinygrad_edu import Tensor, as_tensor, checkpoint, gradients, layers, losses, ops, random
from tinygrad_edu.compiled.step import NotCompiledError, known_function, known_step, take_down
from tinygrad_edu.compiled.tape import Draw, Move, Update
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.variable import Variable

L = layers


def batch(seed, n=6, width=3, units=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)).astype("float32"), rng.normal(size=(n, units)).astype("float32"), None


def network(*between, units=2, loss="mse", width=3):
    model = Sequential([L.Input((width,)), L.Dense(4, activation="tanh"), *between, L.Dense(units)])
    model.compile("sgd", loss)
    return model


def known(model, make=batch):
    return known_step(model, [make(1), make(2)])


# Everything that there is ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Flatten .* passes no mask on")
@pytest.mark.parametrize("sample", [case for case in CASES if case.id != "input_layer"])
def test_every_layer_replays_on_other_data(sample):
    inputs = [L.Input(shape) for shape in sample.shapes]
    layer = sample.make()
    x = layer(inputs if sample.is_merging else inputs[0])
    model = Model(inputs if sample.is_merging else inputs[0], L.Dense(2)(L.Flatten()(x)))
    model.compile("sgd", "mse")

    def make(seed, n=6):
        y = np.random.default_rng(seed + 50).normal(size=(n, 2)).astype("float32")
        return sample.input(n, "float32", seed), y, None

    step = known(model, make)
    assert_replays(step, model, make(3))
    assert_replays(known_step(model, [make(4, 5)], step), model, make(5, 5))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("kind", LOSSES)
def test_every_loss_replays_on_other_data(kind, reduction, weighted):
    options, samples = LOSSES[kind]

    def make(seed, n=6):
        rng = np.random.default_rng(seed)
        y, p = samples(rng, n)
        return p.astype("float32"), y, rng.uniform(0.5, 2, n).astype("float32") if weighted else None

    width = make(0)[0].shape[-1]
    model = Sequential([L.Dense(width, activation="sigmoid", input_shape=(width,))])
    model.compile("sgd", kind(reduction=reduction, **options))
    step = known(model, make)
    assert_replays(step, model, make(3))
    assert_replays(known_step(model, [make(4, 5)], step), model, make(5, 5))


BETWEEN = {
    "dense": lambda: L.Dense(3, activation="relu", kernel_regularizer="l2"),
    "dropout": lambda: L.Dropout(0.3),
    "gauss": lambda: L.GaussianNoise(0.2),
    "alpha": lambda: L.AlphaDropout(0.2),
    "batch": lambda: L.BatchNormalization(momentum=0.8),
    "layer": lambda: L.LayerNormalization(),
    "penalty": lambda: L.ActivityRegularization(0.01, 0.02),
    "silu": lambda: L.Dense(5, activation="silu", activity_regularizer="l1"),
}


@given(names=st.lists(st.sampled_from(list(BETWEEN)), max_size=5), size=st.integers(2, 9), rest=st.integers(1, 9))
def test_random_models_replay_on_other_data_and_in_other_sizes(names, size, rest):
    model = network(*(BETWEEN[name]() for name in names))
    step = known_step(model, [batch(1, size), batch(2, size)])
    again = assert_replays(step, model, batch(3, size))
    assert len(again.moved) == 2 * names.count("batch")
    if rest > 1 or "batch" not in names:  # which warns of a single sample
        assert_replays(known_step(model, [batch(4, rest), batch(5, rest)], step), model, batch(6, rest))


# Draws and moves ---------------------------------------------------------------------------------


def test_draws_are_noted_with_all_that_they_need():
    model = network(L.Dropout(0.5, seed=3), L.GaussianNoise(0.5, seed=4))
    step = known(model)
    draws = [call for call in step.taken.calls if isinstance(call, Draw)]
    assert [(draw.draw.__name__, draw.number) for draw in draws] == [("keep_times", 0), ("normal", 0)]
    generator = draws[0].generator
    assert generator is model.layers[1].seed_generator and generator.counter == 0
    other = random.SeedGenerator(3)
    other.counter = 5
    np.testing.assert_array_equal(draws[0].again(5), other.keep_times(*draws[0].args))
    assert generator.counter == 0


def test_masks_follow_the_counter():
    model = network(L.Dropout(0.5, seed=3))
    step = known(model)
    generator = model.layers[1].seed_generator
    masks = []
    for generator.counter in (0, 7):
        again = assert_replays(step, model, batch(3))
        masks.append(again.made[id(next(call.out for call in step.taken.calls if isinstance(call, Draw)))])
    assert not np.array_equal(*masks)


def test_a_generator_that_two_layers_share_draws_in_order():
    shared = random.SeedGenerator(5)
    model = network(L.Dropout(0.5, seed=shared), L.Dropout(0.5, seed=shared))
    step = known(model)
    assert [call.number for call in step.taken.calls if isinstance(call, Draw)] == [0, 1]
    assert_replays(step, model, batch(3))


def test_a_checkpoint_draws_the_same_again():
    dropout, dense = L.Dropout(0.5, seed=1), L.Dense(4)
    model = network(L.Lambda(lambda x, training=False: checkpoint(lambda x: dropout(dense(x).tanh(), training=True), x) * 1.0))
    dense.build((None, 4))
    step = known(model)
    assert [call.number for call in step.taken.calls if isinstance(call, Draw)] == [0, 0]
    assert_replays(step, model, batch(3))


@pytest.mark.parametrize("draw", ["normal", "uniform", "truncated_normal"])
def test_tensors_of_random_numbers_are_draws_of_their_seed(draw):
    seed = random.SeedGenerator(2)
    model = network(L.Lambda(lambda x: x + getattr(random, draw)(x.shape, seed=seed)))
    step = known(model)
    assert sum(isinstance(call, Draw) for call in step.taken.calls) == 1
    assert_replays(step, model, batch(3))


def test_draws_that_nobody_can_see_are_refused():
    seed = random.SeedGenerator(2)
    with pytest.raises(NotCompiledError, match="cannot be seen"):
        known(network(L.Lambda(lambda x: x * random.shuffle(np.arange(4.0, dtype="float32"), seed=seed))))


@pytest.mark.parametrize("draw", [lambda: np.random.normal(), python_random.random, lambda: random.normal(())])
def test_generators_of_others_are_refused_and_put_back(draw):
    model = network(L.Lambda(lambda x: x * float(draw())))
    python_random.seed(0)
    np.random.seed(0)
    with pytest.raises(NotCompiledError, match="own generator"):
        known(model)
    after = np.random.random(), python_random.random()
    np.random.seed(0)
    python_random.seed(0)
    assert after == (np.random.random(), python_random.random())


def test_moving_averages_are_moves_and_stay_where_they_stood():
    model = network(L.BatchNormalization())
    layer = model.layers[1]
    before = [w.copy() for w in model.get_weights()]
    step = known(model)
    moves = [call for call in step.taken.calls if isinstance(call, Move)]
    assert [move.variable for move in moves] == [layer.moving_mean, layer.moving_variance]
    for one, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, other)


class Counting(L.Layer):
    """Counts its calls, and adds the count to what it is given."""

    def build(self, input_shape):
        self.calls = self.add_weight("calls", (), "zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + self.calls


def test_a_weight_that_was_moved_is_read_as_it_is_then():
    model = network(Counting())
    step = known(model)
    again = assert_replays(step, model, batch(3))
    assert again.moved[0][1] == model.layers[1].calls.item() + 1


def test_what_cannot_be_moved_back_is_refused_before_it_happens():
    held = Tensor(np.zeros(4, "float32"), requires_grad=False)

    def write(x):
        held[0] = 1.0
        return x + held

    model = network(L.Lambda(write))
    held[:] = 0.0
    with pytest.raises(NotCompiledError, match=r"changed in place, in .*test_taken_step.py.*held"):
        known(model)
    assert held.tolist() == [0, 0, 0, 0]


def test_a_step_that_fails_leaves_nothing_behind():
    model = network(L.Dropout(0.5), L.BatchNormalization())
    before, counter = model.get_weights(), model.layers[1].seed_generator.counter
    model.compile("sgd", lambda y, p: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        take_down(model, batch(1))
    assert model.layers[1].seed_generator.counter == counter
    for one, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, other)


# Several of everything ---------------------------------------------------------------------------


def several(loss_weights=None):
    a, b = L.Input((3,), name="a"), L.Input((2, 2), name="b")
    x = L.Concatenate()([L.Dense(3, activation="tanh")(a), L.Flatten()(b)])
    outs = [L.Dense(2, name="numbers", activity_regularizer="l2")(x), L.Dense(3, activation="softmax", name="kinds")(x)]
    model = Model([a, b], outs)
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"], loss_weights=loss_weights)
    return model


def several_batch(seed, n=5, weighted=True):
    rng = np.random.default_rng(seed)
    x = {"a": rng.normal(size=(n, 3)).astype("float32"), "b": rng.normal(size=(n, 2, 2)).astype("float32")}
    y = [rng.normal(size=(n, 2)), rng.integers(0, 3, n)]
    weights = [rng.uniform(0.5, 2, n).astype("float32") for _ in range(2)] if weighted else None
    return x, y, weights


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("factors", [None, [0.5, 2.0]])
def test_several_inputs_outputs_losses_and_weights(weighted, factors):
    model = several(factors)

    def make(seed):
        x, y, weights = several_batch(seed, weighted=weighted)
        return [x["a"], x["b"]], y, weights

    step = known(model, make)
    assert len(step.taken.tables) == (6 if weighted else 4)
    assert len(step.taken.outputs) == len(step.taken.parts) == 2
    assert_replays(step, model, make(3))


def test_dicts_are_tables_in_their_order():
    model = several()

    def make(seed):
        x, y, weights = several_batch(seed)
        return x, dict(zip(("numbers", "kinds"), y)), dict(zip(("numbers", "kinds"), weights))

    assert_replays(known(model, make), model, make(3))


def test_masks_of_an_embedding_reach_loss_and_all_between():
    model = Sequential(
        [L.Embedding(5, 3, mask_zero=True, input_shape=(4,)), L.Dropout(0.2), L.Dense(2), L.Activation("softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")

    def make(seed):
        rng = np.random.default_rng(seed)
        return rng.integers(0, 5, (6, 4)), rng.integers(0, 2, (6, 4)), None

    step = known(model, make)
    for seed in (3, 4):
        assert_replays(step, model, make(seed))
    nothing = make(5)
    nothing[0][:] = 0
    assert_replays(step, model, nothing)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight"])
def test_classes_to_be_ignored_are_told_by_the_data(reduction):
    model = network(units=3, loss=losses.SparseCategoricalCrossentropy(True, ignore_class=-1, reduction=reduction))

    def make(seed):
        return batch(seed)[0], np.random.default_rng(seed).integers(-1, 3, 6), None

    step = known(model, make)
    for seed in (3, 4, 5):
        assert_replays(step, model, make(seed))


def test_labels_of_0_and_1_are_told_from_signs_by_the_data():
    model = network(units=1, loss="hinge")

    def make(seed, low=-1):
        return batch(seed)[0], np.random.default_rng(seed).choice([low, 1], (6, 1)), None

    step = known(model, make)
    assert_replays(step, model, make(3))
    assert_replays(step, model, make(4, 0))


def test_penalties_of_all_kinds_are_part_of_the_loss():
    layer = L.Dense(3, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1_l2")
    model = network(layer, L.ActivityRegularization(0.1))
    model.layers[0].add_loss(lambda: ops.sum(model.layers[0].kernel ** 2))
    assert_replays(known(model), model, batch(3))


def test_frozen_weights_get_no_gradient():
    model = network(L.Dense(3))
    model.layers[0].trainable = False
    step = known(model)
    assert len(step.taken.gradients) == 4
    assert_replays(step, model, batch(3))


# What cannot be ----------------------------------------------------------------------------------


def test_a_number_that_python_asks_for_is_refused_with_the_line():
    model = network(L.Lambda(lambda x: x * (2.0 if ops.sum(x) > -1e9 else 3.0)))
    with pytest.raises(NotCompiledError, match=r"numbers of greater are asked for, in .*test_taken_step.py, line .*2.0 if"):
        known(model)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.sum().item() * 0, lambda x: float(x.sum()) * 0, lambda x: int(x.sum()) * 0, lambda x: len(x.tolist()) * 0,
        lambda x: np.asarray(x).size * 0, lambda x: x.numpy().size * 0, lambda x: np.size(x.data) * 0, lambda x: (3.0 in x) * 0,
        lambda x: len(str(x)) * 0, lambda x: len(repr(x)) * 0, lambda x: len(f"{x.sum():.3f}") * 0, lambda x: bool(x.sum()) * 0,
        lambda x: x[x > -1e9].size * 0, lambda x: len(x.nonzero()) * 0, lambda x: len(np.nonzero(x > -9e9)) * 0,
        lambda x: np.array_equal(x.detach(), x.detach()) * 0,
    ],
)  # fmt: skip
def test_every_way_to_ask_is_noticed(ask):
    with pytest.raises(NotCompiledError, match="asked for"):
        known(network(L.Lambda(lambda x: x + ask(x))))


def test_weights_may_not_be_asked_for_either_and_constants_may():
    scale = as_tensor(np.float32(2.0))
    model = network(L.Lambda(lambda x: x * float(scale)))
    assert_replays(known(model), model, batch(3))
    scale = Variable(np.float32(2.0))
    with pytest.raises(NotCompiledError, match="numbers of a weight are asked for"):
        known(network(L.Lambda(lambda x: x * float(scale))))


def test_numpy_beside_the_ops_is_refused():
    model = network(L.Lambda(lambda x: x + as_tensor(np.abs(x.array))))
    with pytest.raises(NotCompiledError, match="was not computed with ops"):
        known(model)


def test_a_choice_between_two_results_is_noticed():
    def choose(x):
        one, other = x * 2.0, x * 3.0
        return (one if x.array[0, 0] > first else other) + 1.0

    first = 0.0
    model = Sequential([L.Lambda(choose, input_shape=(3,)), L.Dense(2)])
    model.compile("sgd", "mse")
    batches = [batch(1), batch(2)]
    for sign, (x, _, _) in zip((1, -1), batches):
        x[0, 0] = sign
    with pytest.raises(NotCompiledError, match="depends on the samples"):
        known_step(model, batches)


# Functions ---------------------------------------------------------------------------------------


def called(function, args, others, exact=True):
    """A function taken down of `args`, and what it gives of others: replayed, and eagerly."""
    step = known_function(function, args)
    tables = [part for arg in others for part in parts(arg) if isinstance(part, (np.ndarray, np.generic))]
    again = Again(step, tables)
    right = parts(function(*(as_tensor(arg) if isinstance(arg, (np.ndarray, np.generic)) else arg for arg in others)))
    assert len(again.wanted) == len(right)
    for one, other in zip(again.wanted, right):
        np.testing.assert_array_equal(one, other) if exact else np.testing.assert_allclose(one, other, 1e-6)
    return step, again


RNG = np.random.default_rng(0)


def test_a_function_of_arrays_replays_on_others():
    called(lambda x, w: ops.tanh(x @ w), [RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))], [np.ones((3, 4)), np.eye(4, 2)])


def test_numbers_and_words_are_the_functions_own_and_arrays_of_none_and_no_axes_are_data():
    def function(x, power, options):
        return {"a": x**power * options["scale"], "b": [x.sum()]}

    called(function, [np.float32(3.0), 2, {"scale": np.ones(3)}], [np.float32(5.0), 2, {"scale": np.arange(3.0)}])


def test_gradients_inside_a_function_are_on_the_tape():
    weight = Variable(RNG.normal(size=(4, 2)), name="w")

    def step(x, y):
        loss = ops.mean((ops.tanh(x @ weight) - y) ** 2)
        return loss, gradients(loss, [weight])

    args = [RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2))]
    found, _ = called(step, args, [RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2))])
    assert [leaf is weight for leaf in found.taken.weights] == [True]


def test_gradients_of_gradients_too():
    slope = tinygrad_edu.grad(tinygrad_edu.grad(lambda x: ops.sum(x**3)))
    called(lambda x: tinygrad_edu.grad(lambda x: ops.sum(ops.exp(x) * x))(x), [RNG.normal(size=3)], [np.arange(3.0)])
    called(lambda x: slope(x), [np.float64(2.0)], [np.float64(7.0)])


def test_a_backward_pass_inside_is_on_the_tape_and_leaves_nothing():
    weight = Tensor(RNG.normal(size=3))

    def step(x):
        weight.zero_grad()
        loss = ops.sum((weight * x) ** 2)
        loss.backward()
        found = weight.grad
        weight.zero_grad()
        return found

    called(step, [RNG.normal(size=3)], [np.ones(3)])
    assert weight.grad is None


def test_gradients_that_stay_behind_are_noted_and_taken_away():
    weight = Tensor(RNG.normal(size=3))

    def step(x):
        loss = ops.sum(weight * x)
        loss.backward()
        return loss

    x = RNG.normal(size=3)
    (left,) = known_function(step, [x]).taken.left
    assert left.leaf is weight and left.table is None and left.gradient.tolist() == x.tolist()
    assert weight.grad is None


class Meddling(layers.Layer):
    """Does in its call what is done by those who train."""

    def __init__(self, meddle):
        super().__init__()
        self.meddle = meddle

    def call(self, x):
        self.meddle(x)
        return x


@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (tinygrad_edu.enable_grad()(lambda x, w: (x.detach()[:, :1] * w).sum().backward()), "stay behind in .grad"),
        (lambda x, w: tinygrad_edu.optimizers.SGD().apply([w * 0.5], [w]), "a step of <SGD .* is taken in it"),
    ],
)
def test_a_layer_that_trains_by_itself_keeps_a_model_from_being_compiled(meddle, reason):
    w = Variable(np.ones(1, "float32"))
    model = Sequential([layers.Dense(2), Meddling(lambda x: meddle(x, w))])
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.raises(ValueError, match=reason):
        model.fit(np.ones((4, 3)) * np.arange(4)[:, None], np.arange(8.0).reshape(4, 2), verbose=0)


def test_a_step_of_an_optimizer_is_noted_and_not_taken():
    weight = Variable(np.ones(3, "float32"), name="w")
    sgd = tinygrad_edu.optimizers.SGD(0.5)

    def step(x):
        loss = ops.sum((weight - x) ** 2)
        sgd.apply(gradients(loss, [weight]), [weight])
        return loss

    found = known_function(step, [np.zeros(3, "float32")])
    update = found.taken.calls[-1]
    assert isinstance(update, Update) and update.optimizer is sgd and update.variables == (weight,)
    assert weight.tolist() == [1, 1, 1] and sgd.iterations == 0
    again = Again(found, [np.full(3, 3.0, "float32")])
    np.testing.assert_array_equal(again.updates[0][1][0], [-4, -4, -4])


def test_branches_on_values_are_refused_and_branches_on_shapes_are_not():
    with pytest.raises(NotCompiledError, match="asked for"):
        known_function(lambda x: x * 2 if x.sum() > 0 else x, [np.ones(3)])
    called(lambda x: x * 2 if x.shape[0] > 2 else x, [np.ones(3)], [np.arange(3.0)])


def test_whole_numbers_may_be_data_too():
    table = Variable(RNG.normal(size=(5, 2)), name="table")
    called(lambda rows: ops.take(table, rows, axis=0), [np.array([0, 3, 3])], [np.array([4, 1, 2])])


def test_data_and_constants_that_cannot_be_told_apart_are_refused():
    given = [np.ones(3, bool), np.ones(3)]
    with pytest.raises(NotCompiledError, match="may be data or a constant"):
        known_function(lambda mask, x: x * as_tensor(mask.array.astype(float)), given, [np.ones(3, bool), np.ones(3) / 2])


@pytest.mark.parametrize("labels", [np.zeros(4, int), np.full(4, 2), np.ones(4, bool), np.array(1)], ids=str)
def test_whole_numbers_and_truth_values_that_are_all_the_same_are_told_from_constants(labels):
    def step(labels, x):
        return x * as_tensor(labels.array.astype("float32"))

    step = known_function(step, [labels, np.ones(4, "float32")])
    assert {kind for kind, _ in step.kinds.values()} == {"table"}


def test_numbers_that_are_made_up_are_places_that_there_are():
    rows = Variable(RNG.normal(size=(1, 2)), name="rows")
    step = known_function(lambda places: ops.take(rows, places, axis=0), [np.zeros(3, int)])
    assert ("table", 0) in step.kinds.values()


def test_what_fails_of_numbers_that_are_made_up_is_no_error():
    def picky(x):
        if x.array[0] != 1:
            raise ValueError("not 1")
        return x * 2

    with pytest.raises(NotCompiledError, match="of other numbers it raises ValueError: not 1"):
        known_function(picky, [np.ones(3)])


def test_what_comes_out_may_be_what_went_in():
    called(lambda x, y: (y, 3.0, x), [np.ones(3), np.zeros(2)], [np.arange(3.0), np.arange(2.0)])


def test_what_other_threads_draw_from_the_generators_of_all_stays_drawn():
    """They may have been seeded by them."""
    turns = [threading.Event() for _ in range(2)]

    def other():
        turns[0].wait()
        np.random.seed(5)
        drawn.append(np.random.random())
        turns[1].set()
        stay.wait()

    def step(x):
        turns[0].set()
        turns[1].wait()
        return x * 2

    drawn, stay = [], threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    try:
        known_function(step, [np.ones(3)])
        drawn.append(np.random.random())
    finally:
        stay.set()
        thread.join()
    assert drawn == np.random.RandomState(5).random_sample(2).tolist()
