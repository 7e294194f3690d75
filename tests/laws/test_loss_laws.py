"""What holds for every loss that has a name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_samples import LOSSES

from tinygrad_edu import Tensor, activations, losses, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.losses.loss import FunctionLoss, registry
from tinygrad_edu.losses.reduction import REDUCTIONS
from tinygrad_edu.testing import check_gradients

each_loss = pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.__name__)


class Masked(Tensor):
    """Predictions that carry a mask, as layers after `Masking` make them."""

    __slots__ = ("mask",)


def masked(p, mask):
    out = Masked(p)
    out.mask = mask
    return out


def sample(cls, n=5, seed=0, **settings):
    given, make = LOSSES[cls]
    return cls(**{**given, **settings}), *make(np.random.default_rng(seed), n)


def function_of(loss):
    """The loss of a batch, per sample, by the function of the same formula."""
    return lambda y, p: loss.function(y, p, **{name: getattr(loss, name) for name in loss.parameters})


def test_every_loss_has_a_sample():
    """LOSS-01: nothing can be added untested."""
    assert set(registry._makers.values()) == {*LOSSES, FunctionLoss}


@each_loss
def test_the_gradient_of_a_loss_is_its_slope(cls):
    """LOSS-07 to LOSS-21."""
    loss, y, p = sample(cls, 3)
    check_gradients(lambda p: loss(y, p), p)


@each_loss
def test_the_class_is_the_mean_of_the_function(cls):
    """LOSS-03: a number per sample from the function, one from the class."""
    loss, y, p = sample(cls)
    if cls is losses.Crossentropy:
        pytest.skip("chosen by shapes")
    each = function_of(loss)(y, p)
    assert isinstance(each, np.ndarray) and each.shape == (5,)
    assert loss(y, p).item() == pytest.approx(each.mean(), rel=1e-12)


@each_loss
def test_reductions(cls):
    """LOSS-03, LOSS-04: all of them come from the numbers per sample, w of them."""
    loss, y, p = sample(cls, reduction="none")
    w = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    each = loss(y, p).numpy()
    assert each.shape == (5,)
    expected = {
        "sum_over_batch_size": (w @ each) / 5,
        "mean": (w @ each) / 5,
        "sum": w @ each,
        "mean_with_sample_weight": (w @ each) / w.sum(),
        "none": w * each,
        None: w * each,
    }
    assert expected.keys() == REDUCTIONS.keys()
    for reduction, value in expected.items():
        found = sample(cls, reduction=reduction)[0](y, p, sample_weight=w).numpy()
        np.testing.assert_allclose(found, value, rtol=1e-12)


@each_loss
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_loss_has_the_dtype_of_the_predictions(cls, dtype):
    """LOSS-03: whatever the type of labels and weights; and comes near the value in float64."""
    loss, y, p = sample(cls)
    q = Tensor(p.astype(dtype))
    found = loss(y, q, sample_weight=np.ones(5))
    assert found.dtype == dtype and gradients(found, [q])[0].dtype == dtype
    assert found.item() == pytest.approx(loss(y, p).item(), rel=0.01 if dtype == "float16" else 1e-5)
    in_double = sample(cls, dtype="float64")[0](y, p.astype(dtype))
    assert in_double.dtype == "float64"


@each_loss
@given(data=st.data(), seed=st.integers(0, 99))
def test_whole_weights_are_repeated_samples(cls, data, seed):
    """LOSS-04."""
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=5, max_size=5)))
    loss, y, p = sample(cls, seed=seed, reduction="sum")
    weighted = loss(y, p, sample_weight=times).item()
    assert weighted == pytest.approx(loss(np.repeat(y, times, 0), np.repeat(p, times, 0)).item(), rel=1e-9, abs=1e-12)


@each_loss
@given(mask=st.lists(st.booleans(), min_size=5, max_size=5))
def test_masked_samples_are_not_there(cls, mask):
    """LOSS-05: the mean is over the others; 0, and a gradient of 0, where there is none."""
    loss, y, p = sample(cls)
    mask = np.array(mask)
    found = loss(y, masked(p, mask))
    expected = loss(y[mask], p[mask]).item() if mask.any() else 0
    assert found.item() == pytest.approx(expected, rel=1e-9)
    q = masked(p, mask)
    slope = gradients(loss(y, q), [q])[0].numpy()
    assert (slope[~mask] == 0).all() and np.isfinite(slope).all()


@each_loss
def test_padding_may_be_labelled_with_anything(cls):
    """LOSS-05: with -1, or nan; neither the loss nor the gradient notices."""
    loss, y, p = sample(cls)
    mask = np.array([True, False, True, True, False])
    padded = y.copy()
    padded[~mask] = np.nan if y.dtype.kind == "f" else -1
    q = masked(p, mask)
    found = loss(padded, q)
    assert found.item() == pytest.approx(loss(y[mask], p[mask]).item(), rel=1e-9)
    assert (gradients(found, [q])[0].numpy()[~mask] == 0).all()


@each_loss
def test_a_batch_of_nothing_costs_nothing(cls):
    """LOSS-03: 0 and not nan, whatever the reduction; its gradient is of shape (0, ...)."""
    for reduction in REDUCTIONS:
        loss, y, p = sample(cls, 0, reduction=reduction)
        q = Tensor(p)
        found = loss(y, q)
        assert found.numpy().sum() == 0 and found.shape == ((0,) if reduction in ("none", None) else ())
        assert gradients(ops.sum(found), [q])[0].shape == p.shape


@each_loss
def test_a_loss_is_made_again_from_what_was_written_down(cls):
    """LOSS-01: through JSON."""
    loss, y, p = sample(cls, reduction="sum", name="mine")
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert type(again) is cls and again.get_config() == loss.get_config()
    assert again.name == "mine" and again(y, p).item() == loss(y, p).item()
    assert "mine" in repr(again) and cls.__name__ in repr(again)


@each_loss
def test_labels_and_predictions_stay_as_they_are(cls):
    loss, y, p = sample(cls)
    before = y.copy(), p.copy()
    loss(y, p, sample_weight=np.ones(5))
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(p, before[1])


@each_loss
def test_the_same_question_gets_the_same_bits(cls):
    """LOSS-03: value and gradient; also from another object, and when nothing is recorded."""
    ways = []
    for recorded in (True, True, False):
        loss, y, p = sample(cls)
        q = Tensor(p, requires_grad=recorded)
        found = loss(y, q)
        ways.append((found.numpy().tobytes(), gradients(found, [q])[0].numpy().tobytes() if recorded else None))
    assert ways[0] == ways[1] and ways[0][0] == ways[2][0]


@each_loss
def test_the_order_of_samples_does_not_matter(cls):
    loss, y, p = sample(cls)
    assert loss(y[::-1], p[::-1]).item() == pytest.approx(loss(y, p).item(), rel=1e-12)


@each_loss
def test_a_step_more_in_the_middle_gives_a_number_per_step(cls):
    """LOSS-04: (samples, steps, ...) gives (samples, steps), with a weight per sample or per step."""
    loss, y, p = sample(cls, 6, reduction="none")
    flat = loss(y, p).numpy()
    y, p = y.reshape(2, 3, *y.shape[1:]), p.reshape(2, 3, *p.shape[1:])
    np.testing.assert_allclose(loss(y, p).numpy(), flat.reshape(2, 3), rtol=1e-12)
    per_sample, per_step = np.array([2.0, 0.5]), np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(loss(y, p, per_sample).numpy(), flat.reshape(2, 3) * per_sample[:, None], rtol=1e-12)
    np.testing.assert_allclose(loss(y, p, per_step).numpy(), flat.reshape(2, 3) * per_step, rtol=1e-12)


@each_loss
def test_labels_of_another_number_of_samples_are_refused(cls):
    """LOSS-06: both shapes are named."""
    loss, y, p = sample(cls)
    with pytest.raises(ValueError) as error:
        loss(y[:3], p)
    assert (str(y[:3].shape) in str(error.value) and str(p.shape) in str(error.value)) or "class number" in str(error.value)


@each_loss
def test_weights_that_fit_no_sample_are_refused(cls):
    """LOSS-04."""
    loss, y, p = sample(cls)
    with pytest.raises(ValueError, match=r"sample_weight expects one number per sample .*got \(4,\)"):
        loss(y, p, sample_weight=np.ones(4))


ENTRIES = [cls for cls in LOSSES if cls.takes == "entries"]


@pytest.mark.parametrize("cls", ENTRIES, ids=lambda cls: cls.__name__)
def test_n_labels_meet_n_predictions_in_any_form(cls):
    """LOSS-06: (n,) against (n, 1), (n, 1) against (n,), (n,) against (n,): n samples, the same bits."""
    loss, y, p = sample(cls, reduction="none")
    y, p = y[:, :1], p[:, :1]
    expected = loss(y, p).numpy()
    assert expected.shape == (5,)
    for labels, predictions in [(y[:, 0], p), (y, p[:, 0]), (y[:, 0], p[:, 0])]:
        np.testing.assert_array_equal(loss(labels, predictions).numpy(), expected)


# From logits ------------------------------------------------------------------------------------------


def through(op, z):
    """What an activation made of logits, which says so."""
    out = op(z)
    out.logits, out.squash = z, op
    return out


ENTROPIES = {
    "binary": (ops.sigmoid, losses.BinaryCrossentropy, lambda n, k: np.eye(k)[np.arange(n) % k]),
    "categorical": (ops.softmax, losses.CategoricalCrossentropy, lambda n, k: np.eye(k)[np.arange(n) % k]),
    "sparse": (ops.softmax, losses.SparseCategoricalCrossentropy, lambda n, k: np.arange(n) % k),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", ENTROPIES)
@given(data=st.data())
def test_cross_entropies_stay_finite_and_their_gradient_is_p_minus_y(kind, dtype, data):
    """LOSS-11 to LOSS-13, D30: for every logit up to 1e4, from logits and through the activation alike."""
    squash, cls, labels = ENTROPIES[kind]
    z = np.array(data.draw(st.lists(st.floats(-1e4, 1e4), min_size=6, max_size=6)), dtype).reshape(2, 3)
    y = labels(2, 3)
    p, hot = squash(z.astype(float)), np.eye(3)[np.arange(2)]
    for make in (lambda q: cls(from_logits=True, reduction="sum")(y, q), lambda q: cls(reduction="sum")(y, through(squash, q))):
        q = Tensor(z)
        loss = make(q)
        assert np.isfinite(loss.item()) and loss.item() >= 0
        slope = gradients(loss, [q])[0].numpy()
        scale = 3 if kind == "binary" else 1
        np.testing.assert_allclose(slope, (p - hot) / scale, atol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", ENTROPIES)
@given(data=st.data(), n=st.integers(1, 4))
def test_logits_and_their_probabilities_cost_the_same(kind, data, n):
    """LOSS-11 to LOSS-13, D30."""
    squash, cls, labels = ENTROPIES[kind]
    z = np.array(data.draw(st.lists(st.floats(-6, 6), min_size=3 * n, max_size=3 * n))).reshape(n, 3)
    expected = cls()(labels(n, 3), squash(z)).item()
    assert cls(from_logits=True)(labels(n, 3), z).item() == pytest.approx(expected, rel=1e-9, abs=1e-7)
    assert cls()(labels(n, 3), through(squash, Tensor(z))).item() == pytest.approx(expected, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("name", [name for name in ("sigmoid", "softmax") if hasattr(activations, name)])
def test_the_activation_says_what_it_made_of_the_logits(name):
    """D30: a softmax under a binary cross-entropy is not a sigmoid, and must not be taken for one."""
    z = Tensor([[1.0, -2.0]])
    out = getattr(activations, name)(z)
    assert out.logits is z and out.squash is getattr(ops, name)


def test_what_one_activation_made_is_not_taken_for_what_another_makes():
    """D30: a binary loss behind a softmax, and a categorical one behind a sigmoid, are computed from the probabilities."""
    z, y = np.array([[1.0, -2.0, 0.5]]), np.array([[0.0, 1.0, 0.0]])
    for cls, squash in [(losses.BinaryCrossentropy, ops.softmax), (losses.CategoricalCrossentropy, ops.sigmoid)]:
        fused, plain = cls()(y, through(squash, Tensor(z))).item(), cls()(y, squash(z)).item()
        assert fused == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("kind", ENTROPIES)
def test_probabilities_that_are_said_to_be_logits_are_warned_of(kind):
    """LOSS-11 to LOSS-13: the most common way to squash twice."""
    squash, cls, labels = ENTROPIES[kind]
    with pytest.warns(UserWarning, match=f"from_logits=True expects logits, got what {squash.__name__} made"):
        cls(from_logits=True)(labels(2, 3), through(squash, Tensor(np.zeros((2, 3)))))


def test_logits_follow_predictions_into_another_dtype_and_form():
    """LOSS-11: neither dtype= nor a missing axis costs the gradient of a saturated sigmoid."""
    z = Tensor(np.array([50.0, -60.0], "float32"))
    loss = losses.BinaryCrossentropy(dtype="float64", reduction="sum")([0, 1], through(ops.sigmoid, z))
    assert loss.dtype == "float64" and loss.item() == pytest.approx(110)
    assert gradients(loss, [z])[0].tolist() == [1, -1]


def test_a_function_of_ones_own_is_written_down_by_its_name():
    """LOSS-22."""

    def own(y, p):
        return ops.mean((y - p) ** 2, axis=-1)

    config = losses.serialize(losses.get(own))
    again = losses.deserialize(json.loads(json.dumps(config)), {"own": own})
    assert type(again) is FunctionLoss and again.function is own
    assert type(losses.get(losses.huber)) is FunctionLoss
    assert losses.deserialize(losses.serialize(losses.get(losses.huber)))([0.0], [[3.0]]).item() == 2.5
