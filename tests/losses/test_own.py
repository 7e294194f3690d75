"""Losses of one's own, the loss that the shapes ask for, and names."""

import json

import numpy as np
import pytest

from tinygrad_edu import Tensor, losses, ops
from tinygrad_edu.losses import Crossentropy, Loss, formula
from tinygrad_edu.losses.loss import FunctionLoss

ALIASES = {
    losses.MeanSquaredError: ("mse", "MSE"),
    losses.MeanAbsoluteError: ("mae", "MAE"),
    losses.MeanAbsolutePercentageError: ("mape", "MAPE"),
    losses.MeanSquaredLogarithmicError: ("msle", "MSLE"),
    losses.BinaryCrossentropy: ("bce", "BCE"),
    losses.KLDivergence: ("kld", "KLD", "kl_divergence", "kullback_leibler_divergence"),
    losses.LogCosh: ("logcosh", "log_cosh", "LogCosh"),
    losses.CosineSimilarity: ("cosine_similarity",),
    losses.Huber: ("huber", "Huber", "huber_loss"),
    losses.SquaredHinge: ("squared_hinge", "SquaredHinge"),
    losses.Poisson: ("poisson",),
    losses.SparseCategoricalCrossentropy: ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
    losses.Crossentropy: ("crossentropy", "ce"),
}


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for cls, names in ALIASES.items() for name in names])
def test_a_loss_has_all_its_names(cls, name):
    """LOSS-01, LOSS-02."""
    assert type(losses.get(name)) is cls
    assert type(losses.get({"class_name": cls.__name__, "config": {}})) is cls


@pytest.mark.parametrize("name", ["mse", "MSE", "mae", "mape", "msle", "bce", "kld", "logcosh", "cosine_similarity"])
def test_short_names_are_functions_of_the_namespace(name):
    """LOSS-02: `keras.losses.mse(y, p)`."""
    assert getattr(losses, name)([[0.5, 0.5]], [[0.5, 0.5]]).shape == (1,)


def test_none_is_no_loss():
    """LOSS-01."""
    assert losses.get(None) is None


@pytest.mark.parametrize(
    ("y", "p", "chosen"),
    [
        ([1, 0], [[0.7], [0.2]], losses.BinaryCrossentropy()),
        ([1, 0], [[0.7, 0.3], [0.2, 0.8]], losses.SparseCategoricalCrossentropy()),
        ([[1], [0]], [[0.7, 0.3], [0.2, 0.8]], losses.SparseCategoricalCrossentropy()),
        ([[0, 1], [1, 0]], [[0.7, 0.3], [0.2, 0.8]], losses.CategoricalCrossentropy()),
    ],
    ids=["binary", "sparse", "sparse column", "categorical"],
)
def test_crossentropy_is_chosen_by_the_shapes(y, p, chosen):
    """LOSS-02."""
    y, p = np.array(y), np.array(p)
    assert losses.get("crossentropy")(y, p).item() == chosen(y, p).item()
    z = np.log(p)
    assert Crossentropy(from_logits=True)(y, z).item() == type(chosen)(from_logits=True)(y, z).item()


def test_a_class_of_ones_own_says_only_what_counts_per_sample():
    """LOSS-23: reduction, weights, labels and config come from the base."""

    class Quantile(Loss):
        def __init__(self, q=0.5, **kwargs):
            super().__init__(**kwargs)
            self.q = q

        def call(self, y_true, y_pred):
            error = y_true - y_pred
            return ops.mean(ops.maximum(self.q * error, (self.q - 1) * error), axis=-1)

    y, p = np.array([1.0, 2.0, 4.0]), np.array([[0.0], [3.0], [4.0]])
    assert Quantile(0.25)(y, p).item() == pytest.approx((0.25 + 0.75) / 3)
    assert Quantile(0.25, reduction="sum")(y, p, sample_weight=[2, 1, 1]).item() == pytest.approx(1.25)
    loss = Quantile(0.25, name="q25")
    config = json.loads(json.dumps(losses.serialize(loss)))
    again = losses.deserialize(config, {"Quantile": Quantile})
    assert (again.q, again.name, again.reduction) == (0.25, "q25", "sum_over_batch_size")
    assert Quantile().name == "quantile"


def test_a_subclass_of_one_of_ours_is_not_found_under_its_names():
    """LOSS-23."""

    class Doubled(losses.MeanSquaredError):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * super().call(y_true, y_pred)

    assert Doubled(reduction="sum")([[1.0]], [[3.0]]).item() == 8
    assert type(losses.get("mse")) is losses.MeanSquaredError
    config = {"factor": 2.0, "reduction": "sum_over_batch_size", "name": "mean_squared_error", "dtype": None}
    assert Doubled().get_config() == config


def test_a_class_without_call_says_what_it_lacks():
    """LOSS-23."""
    with pytest.raises(NotImplementedError, match=r"Loss expects a method call\(y_true, y_pred\)"):
        Loss()([1.0], [[1.0]])


def test_a_function_may_take_class_numbers():
    """LOSS-22: whole-number labels without the axis of classes stay what they are."""
    seen = []

    def own(y_true, y_pred):
        seen.append((y_true.shape, y_true.dtype.kind))
        return losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    z = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    expected = losses.SparseCategoricalCrossentropy(from_logits=True)([1, 2], z).item()
    assert losses.get(own)([1, 2], z).item() == losses.get(own)([[1], [2]], z).item() == expected
    assert seen == [((2,), "i")] * 2
    with pytest.raises(ValueError, match=r"predictions \(2, 3\), got \(2,\)"):
        losses.get(own)([1.0, 2.0], z)


def test_a_formula_of_ones_own_knows_its_labels():
    """LOSS-22: `formula` is there for everyone."""

    @formula()
    def cubic(y_true, y_pred):
        return ops.mean(abs(y_pred - y_true) ** 3, axis=-1)

    assert cubic([1.0, 2.0], [[1.0], [4.0]]).tolist() == [0, 8]
    loss = losses.get(cubic)
    assert type(loss) is FunctionLoss and loss.name == "cubic" and loss([1.0, 2.0], Tensor([[1.0], [4.0]])).item() == 4


def test_a_number_per_sample_may_already_be_one_number():
    """LOSS-22: with whole-batch losses a weight multiplies, a weight per sample is refused."""
    loss = losses.get(lambda y, p: ops.mean(ops.square(y - p)))
    assert loss([1.0], [[3.0]], sample_weight=0.5).item() == 2
    with pytest.raises(ValueError, match=r"shape \(\) or its beginning, got \(2,\)"):
        loss([1.0, 2.0], [[3.0], [3.0]], sample_weight=[1.0, 2.0])


def test_labels_smaller_than_a_class_axis_are_no_silent_table():
    """LOSS-06: (n,) floating-point labels against (n, n) predictions."""
    for loss in ("mse", "mae", "bce", "hinge", lambda y, p: ops.mean((y - p) ** 2)):
        with pytest.raises(ValueError, match=r"\(3, 3\), got \(3,\)"):
            losses.get(loss)(np.array([0.5, 1.0, 0.0]), np.full((3, 3), 0.5))


@pytest.mark.parametrize("shape", [(), (2,), (2, 1), (2, 3), (1, 3), (2, 3, 1)])
def test_weights_come_in_any_form_that_fits(shape):
    """LOSS-04: one in all, per sample, per step, with a unit axis more."""
    weights = np.ones(shape).tolist()
    y, p = np.zeros((2, 3, 4)), np.arange(24.0).reshape(2, 3, 4)
    assert losses.MeanSquaredError()(y, p, sample_weight=weights).item() == pytest.approx(np.mean(p**2))


def test_a_mask_and_weights_work_together():
    """LOSS-04, LOSS-05: the weighted sum over the steps that are there, divided by their number; or by their weights."""

    class Masked(Tensor):
        __slots__ = ("mask",)

    p = Masked(np.array([[[1.0], [2.0], [np.inf]], [[3.0], [np.inf], [np.inf]]]))
    p.mask = np.array([[True, True, False], [True, False, False]])
    y, w = np.zeros((2, 3)), np.array([[1.0, 2.0, 9.0], [0.5, 9.0, 9.0]])
    with np.errstate(invalid="ignore"):
        assert losses.MeanAbsoluteError()(y, p).item() == pytest.approx(6 / 3)
        assert losses.MeanAbsoluteError()(y, p, sample_weight=w).item() == pytest.approx(6.5 / 3)
        by_weight = losses.MeanAbsoluteError(reduction="mean_with_sample_weight")
        assert by_weight(y, p, sample_weight=w).item() == pytest.approx(6.5 / 3.5)
        assert losses.MeanAbsoluteError(reduction="sum")(y, p, sample_weight=[1, 2]).item() == pytest.approx(9)
        p.mask = np.zeros((2, 3), bool)
        assert losses.MeanAbsoluteError()(y, p).item() == by_weight(y, p, sample_weight=w).item() == 0


def test_weights_of_0_do_not_shrink_the_number_of_samples():
    """LOSS-04: Σ w l / N; Keras 2 divided by the number of weights that are not 0."""
    loss = losses.MeanSquaredError()([0.0, 0.0], [[1.0], [3.0]], sample_weight=[1, 0])
    assert loss.item() == 0.5
    by_weight = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert by_weight([0.0, 0.0], [[1.0], [3.0]], sample_weight=[1, 0]).item() == 1
    assert by_weight([0.0, 0.0], [[1.0], [3.0]], sample_weight=[0, 0]).item() == 0
