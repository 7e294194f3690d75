"""What holds for every optimizer, whatever its formula."""

import copy
import inspect
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Variable, optimizers
from tinygrad_edu.optimizers import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
    schedules,
)
from tinygrad_edu.optimizers.optimizer import _registry

FAMILY = {
    "SGD": lambda **k: SGD(0.1, **k),
    "momentum": lambda **k: SGD(0.1, 0.9, **k),
    "Nesterov": lambda **k: SGD(0.1, 0.9, nesterov=True, **k),
    "Adafactor": lambda **k: Adafactor(0.1, **k),
    "Adagrad": lambda **k: Adagrad(0.1, **k),
    "Adadelta": lambda **k: Adadelta(0.1, **k),
    "RMSprop": lambda **k: RMSprop(0.1, **k),
    "RMSprop, all of it": lambda **k: RMSprop(0.1, momentum=0.5, centered=True, **k),
    "Adam": lambda **k: Adam(0.1, **k),
    "AMSGrad": lambda **k: Adam(0.1, amsgrad=True, **k),
    "AdamW": lambda **k: AdamW(0.1, **k),
    "Adamax": lambda **k: Adamax(0.1, **k),
    "Nadam": lambda **k: Nadam(0.1, **k),
    "Ftrl": lambda **k: Ftrl(0.1, l1_regularization_strength=0.01, **k),
    "Lamb": lambda **k: Lamb(0.1, **k),
    "Lion": lambda **k: Lion(0.1, **k),
}
each = pytest.mark.parametrize("make", FAMILY.values(), ids=FAMILY)
STATES = {"Adafactor": 3, "Adagrad": 1, "SGD": 0, "momentum": 1, "Nesterov": 1, "RMSprop": 1, "RMSprop, all of it": 3,
          "AMSGrad": 3, "Lion": 1}  # fmt: skip
RANDOM = np.random.default_rng(0)
GRADIENTS = [[RANDOM.normal(size=(3, 2)), RANDOM.normal(size=4)] for _ in range(6)]


def weights(dtype="float32"):
    return [Variable(np.arange(6).reshape(3, 2) / 4 - 0.5, dtype), Variable(np.ones(4), dtype)]


def run(optimizer, variables, gradients=GRADIENTS):
    for g in gradients:
        optimizer.apply([Tensor(part) for part in g], variables)
    return [v.numpy().copy() for v in variables]


def same(found, expected):
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in zip(found, expected, strict=True))


def test_every_optimizer_is_held_to_these_laws():
    """OPT-01: none can be added that is not in FAMILY, nor be left out of the names."""
    family = {thing for thing in vars(optimizers).values() if isinstance(thing, type) and issubclass(thing, optimizers.Optimizer)}
    assert {type(make()) for make in FAMILY.values()} == family - {optimizers.Optimizer}
    assert {type(optimizers.get(name)) for name in _registry} == family - {optimizers.Optimizer}


@each
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_float64_gradient_leaves_every_weight_in_its_dtype(make, dtype):
    """OPT-26: slots too, those of a float16 weight being float32."""
    optimizer, variables = make(), weights(dtype)
    assert {p.dtype for p in run(optimizer, variables)} == {np.dtype(dtype)}
    slots = {slot.dtype for variable in variables for slot in optimizer.slots_of(variable).values()}
    assert slots <= {np.promote_types(dtype, "float32")}


@each
@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 2e-3), ("float32", 3e-6)])
def test_a_small_dtype_follows_float64_as_closely_as_it_can(make, dtype, tolerance):
    """OPT-26."""
    for found, expected in zip(run(make(), weights(dtype)), run(make(), weights("float64"))):
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_half_precision_does_not_lose_the_squares_of_small_gradients():
    """OPT-26: 1e-4 squared is 0 in float16; Adam still steps by its learning rate."""
    p = Variable(np.zeros(3), "float16")
    Adam(0.01).apply([np.full(3, 1e-4)], [p])
    np.testing.assert_allclose(p.numpy(), -0.01, rtol=0.05)


@each
def test_a_dozen_steps_go_down_a_bowl(make):
    """OPT-11 to OPT-21: with its rate of 0.1 everybody gets nearer."""
    optimizer, p = make(), Variable([1.0, -2.0], "float64")
    loss = lambda: float((p.numpy() ** 2).sum())
    before = loss()
    for _ in range(12):
        optimizer.apply([2 * p.numpy()], [p])
    assert loss() < before and optimizer.iterations == 12


@each
def test_weights_without_numbers_and_scalars_are_weights_too(make):
    """OPT-24."""
    optimizer, empty, scalar = make(), Variable(np.zeros((0, 3))), Variable(1.0)
    for _ in range(2):
        optimizer.apply([np.zeros((0, 3)), 1.0], [empty, scalar])
    assert empty.shape == (0, 3) and scalar.shape == () and scalar.item() < 1


@each
def test_two_walks_are_the_same_bit_for_bit(make):
    """OPT-11."""
    assert same(run(make(), weights()), run(make(), weights()))


@each
def test_weights_do_not_feel_their_neighbours(make):
    """OPT-24: together or one optimizer each, in any order."""
    together = run(make(), weights())
    a, b = weights()
    optimizer = make()
    for g in GRADIENTS:
        optimizer.apply(g[::-1], [b, a])
    assert same(together, [a.numpy(), b.numpy()])


@each
def test_a_slot_begins_at_0_unless_it_says_otherwise(make):
    """OPT-13, OPT-24: Adagrad's sum and Ftrl's begin at 0.1."""
    optimizer, (p, _) = make(), weights()
    assert optimizer.slots_of(p) == {} and not optimizer.built
    optimizer.build([p])
    for name, slot in optimizer.slots_of(p).items():
        expected = 0.1 if (type(optimizer), name) in ((Adagrad, "accumulator"), (Ftrl, "n")) else 0.0
        assert (slot.numpy() == np.float32(expected)).all() and not slot.trainable
        assert slot.shape == p.shape or type(optimizer) is Adafactor  # which keeps less
    assert tuple(optimizer.slots_of(p)) == optimizer.slots and optimizer.built


@pytest.mark.parametrize("name", FAMILY)
def test_variables_are_the_count_the_rate_and_the_slots(name):
    """OPT-24: variables[0] counts, variables[1] is the rate."""
    optimizer, variables = FAMILY[name](), weights()
    run(optimizer, variables)
    assert len(optimizer.variables) == 2 + 2 * STATES.get(name, 2)
    assert optimizer.variables[0].item() == 6 and optimizer.variables[1].item() == 0.1


@each
def test_a_walk_goes_on_from_restored_weights_as_if_nothing_had_been(make):
    """OPT-24, SAV-08: bit for bit, through get_weights and through a store."""
    whole = run(make(), weights())
    optimizer, variables = make(), weights()
    half = run(optimizer, variables, GRADIENTS[:3])
    store = {}
    optimizer.save_own_variables(store)
    for restore in (lambda new: new.set_weights(optimizer.get_weights()), lambda new: new.load_own_variables(store)):
        again, copies = make(), [Variable(array) for array in half]
        again.build(copies)
        restore(again)
        assert again.iterations == 3
        assert same(run(again, copies, GRADIENTS[3:]), whole)


@each
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))], ids=["deepcopy", "pickle"])
def test_a_copy_walks_on_with_copies_of_the_weights(make, duplicate):
    """SAV-09: it moves the copied arrays, and leaves the others alone."""
    optimizer, variables = make(), weights()
    run(optimizer, variables, GRADIENTS[:3])
    half = [v.numpy().copy() for v in variables]
    twin, copies = duplicate((optimizer, variables))
    moved = run(twin, copies, GRADIENTS[3:])
    assert same([v.numpy() for v in variables], half)
    assert same(run(optimizer, variables, GRADIENTS[3:]), moved)


@each
def test_the_config_says_all_and_makes_the_same_optimizer(make):
    """OPT-24: through plain data, by class and by name."""
    import json

    settings = {"clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.5, "weight_decay": 0.1, "name": "mine"}
    optimizer = make(**settings)
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    assert set(config["config"]) > {"learning_rate", "gradient_accumulation_steps", "decay", *settings}
    walked = run(optimizer, weights())
    for twin in (type(optimizer).from_config(config["config"]), optimizers.deserialize(config), optimizers.get(config)):
        assert type(twin) is type(optimizer) and twin.get_config() == optimizer.get_config()
        assert twin.iterations == 0 and same(run(twin, weights()), walked)


@each
def test_it_shows_its_rate_and_its_steps(make):
    """OPT-24."""
    assert repr(make()) == f"<{type(make()).__name__} learning_rate=0.1 iterations=0>"


@each
def test_every_argument_is_explained(make):
    """OPT-24: in the docstring, with a source."""
    doc, cls = inspect.getdoc(type(make())), type(make())
    names = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs")]
    assert all(name in doc for name in names)
    assert "Source: " in doc and "<-" in doc


@pytest.mark.parametrize(
    "name",
    [
        "sgd",
        "SGD",
        "Adam",
        "rmsprop",
        "RMSprop",
        "adagrad",
        "Adadelta",
        "adamax",
        "nadam",
        "AdamW",
        "adamw",
        "ftrl",
        "LION",
        "lamb",
        "Adafactor",
    ],
)
def test_every_optimizer_has_a_name_whatever_its_capitals(name):
    """OPT-01."""
    found = optimizers.get(name)
    assert found.name == name.lower() and optimizers.get(name) is not found
    assert type(optimizers.get(type(found))) is type(found) and optimizers.get(found) is found


@pytest.mark.parametrize("wrong", ["adm", "", "keras.Adam", None, 3, {"class_name": "Adm", "config": {}}, {"lr": 1}], ids=repr)
def test_what_is_no_optimizer_is_refused(wrong):
    """OPT-01."""
    with pytest.raises((ValueError, TypeError), match="The optimizer expects"):
        optimizers.get(wrong)


# Kernels ----------------------------------------------------------------------------------------------


def kernels():
    """The loops of all optimizers, with the numbers of arrays and of constants that they take."""
    seen = {}
    for cls in dict.fromkeys(type(make()) for make in FAMILY.values()):
        module = inspect.getmodule(cls)
        for name, function in vars(module).items():
            if hasattr(function, "__wrapped__"):
                arguments = function.__wrapped__.__code__
                seen[name] = function, arguments.co_argcount - 1
    return seen


@pytest.mark.parametrize(("loop", "arrays"), kernels().values(), ids=kernels())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(0, 40))
def test_a_compiled_loop_is_the_plain_loop(loop, arrays, dtype, seed, size):
    """OPT-11 to OPT-21: bit for bit; powers and sums to the last digits."""
    rng = np.random.default_rng(seed)
    given = [rng.normal(size=size).astype(dtype) for _ in range(arrays)]
    given[2:] = [np.abs(array) + 1 for array in given[2:]]  # slots: sums of squares, under roots
    constants = rng.uniform(0.1, 0.9, 8).astype(dtype)
    compiled, plain = [array.copy() for array in given], [array.copy() for array in given]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        loop(*compiled, constants)
        loop.__wrapped__(*plain, constants)
    for found, expected in zip(compiled, plain):
        if loop.__name__ in ("ftrl", "lamb"):
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(found, expected, rtol=20 * eps, atol=20 * eps * (loop.__name__ == "lamb"))
        else:
            np.testing.assert_array_equal(found, expected)


@each
def test_constants_come_in_the_dtype_of_the_weight(make):
    """OPT-26: one float64 among float32 would halve the speed of a loop."""
    seen = []

    class Spy(type(make())):
        def update(self, *arrays):
            seen.extend(array.dtype for array in arrays)

    spy = Spy.from_config(make().get_config())
    spy.apply([np.ones(4)], [Variable(np.ones(4), "float32")])
    assert set(seen) == {np.dtype("float32")}


def test_a_schedule_in_a_config_stays_a_schedule():
    """LR-11, OPT-24."""
    twin = optimizers.get(optimizers.serialize(Adam(schedules.CosineDecay(0.5, 10))))
    assert isinstance(twin.schedule, schedules.CosineDecay) and twin.learning_rate == 0.5
