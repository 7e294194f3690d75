"""Several inputs and several outputs: losses, factors, metrics, weights and structures, in a model written by hand."""

import numpy as np
import pytest

from tinygrad_edu import losses, metrics
from tinygrad_edu.layers import Dense, Input, Layer, concatenate
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.regularizers import L2

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(40, 3)).astype("float32"), RNG.normal(size=(40, 4)).astype("float32")
Y = (A[:, :1] + B[:, :1]).astype("float32")
C = (Y[:, 0] > 0).astype(int)


class WideAndDeep(Model):
    """The model of the book: a wide and a deep way, and an output on the side."""

    pack = tuple

    def __init__(self, classes=1, **kwargs):
        super().__init__(**kwargs)
        self.hidden = Dense(5, activation="relu")
        self.main, self.aux = Dense(1), Dense(classes, activation="softmax" if classes > 1 else None)

    def call(self, inputs):
        a, b = inputs
        hidden = self.hidden(b)
        return self.pack([self.main(concatenate([a, hidden])), self.aux(hidden)])


class Named(WideAndDeep):
    """The same with names, of inputs and of outputs."""

    pack = staticmethod(lambda outputs: {"price": outputs[0], "sold": outputs[1]})

    def call(self, inputs):
        return super().call((inputs["wide"], inputs["deep"]))


def compiled(cls=WideAndDeep, classes=1, **told):
    model = cls(classes)
    model.compile(**{"optimizer": SGD(0.0), "loss": "mse", **told})
    return model


X = {"list": [A, B], "tuple": (A, B)}
NAMED = {"wide": A, "deep": B}


def parts(model):
    """Predictions, and the two mean squared errors, by NumPy."""
    main, aux = model.predict((A, B))
    return main, aux, np.mean((main - Y) ** 2), np.mean((aux - Y) ** 2)


def network(classes=1, **told):
    """The same as a network of symbols."""
    a, b = Input(shape=(3,), name="wide"), Input(shape=(4,), name="deep")
    hidden = Dense(5, activation="relu")(b)
    main, aux = Dense(1, name="price")(concatenate([a, hidden])), Dense(classes, name="sold")(hidden)
    model = Model(inputs=[a, b], outputs=[main, aux])
    model.compile(**{"optimizer": SGD(0.0), "loss": ["mse", "mse"], "loss_weights": [0.9, 0.1], **told})
    return model


@pytest.mark.parametrize("x", [[A, B], (A, B), {"deep": B, "wide": A}], ids=["list", "tuple", "dict"])
@pytest.mark.parametrize("y", [[Y, Y], (Y, Y[:, 0]), {"sold": Y, "price": Y}], ids=["list", "tuple", "dict"])
def test_a_network_trains_on_lists_tuples_and_names(x, y):
    """SCR-08, MOD-04, MOD-05, FIT-13, D10: reported by the names of the layers."""
    model = network(metrics=["mae"])
    names = ["loss", "price_loss", "sold_loss", "price_mae", "sold_mae"]
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.25).history
    assert list(history) == [*names, *(f"val_{name}" for name in names)] and model.metrics_names == names
    total, price, sold, _, _ = model.evaluate(x, y, verbose=0)
    assert total == pytest.approx(0.9 * price + 0.1 * sold, rel=1e-5)
    main, aux = model.predict(x)
    assert type(model.predict(x)) is list and price == pytest.approx(np.mean((main - Y) ** 2), rel=1e-5) and aux.shape == (40, 1)


def test_names_are_checked_when_a_network_is_compiled():
    """COMP-03, COMP-05, LOSS-24: its outputs are known before there are data."""
    for told in ({"loss": {"prize": "mse"}}, {"loss_weights": [1.0]}, {"metrics": {"prize": ["mae"]}}):
        with pytest.raises(ValueError, match=r"per output|names of outputs"):
            network(**told)
    with pytest.raises(ValueError, match=r"x by the names wide, deep, got the name 'depth'"):
        network().fit({"wide": A, "depth": B}, [Y, Y], verbose=0)
    with pytest.raises(ValueError, match=r"x for wide, deep, got 3 arrays"):
        network().predict([A, B, B])


@pytest.mark.parametrize("x", X.values(), ids=X)
@pytest.mark.parametrize("y", [[Y, Y], (Y, Y), [Y[:, 0], Y.tolist()]], ids=["list", "tuple", "kinds"])
def test_the_book_trains_on_pairs(x, y):
    """COMP-02, COMP-03, FIT-13, SCR-09: total, main, aux, in this order, unweighted; total = .9 main + .1 aux."""
    model = compiled(loss=["mse", "mse"], loss_weights=[0.9, 0.1])
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y)).history
    assert list(history) == [p + n for p in ("", "val_") for n in ("loss", "output_1_loss", "output_2_loss")]
    total, main, aux = model.evaluate(x, y, verbose=0)
    _, _, first, second = parts(model)
    assert (main, aux) == pytest.approx((first, second), rel=1e-5) and total == pytest.approx(0.9 * main + 0.1 * aux, rel=1e-5)
    assert model.metrics_names == ["loss", "output_1_loss", "output_2_loss"]


def test_predictions_keep_the_structure_of_the_outputs():
    """FIT-14, MOD-05: a tuple, a list, a dict; joined over batches."""
    for pack in (tuple, list):
        model = compiled(type("Packed", (WideAndDeep,), {"pack": pack}))
        found = model.predict([A, B], batch_size=16)
        assert type(found) is pack and [out.shape for out in found] == [(40, 1), (40, 1)]
        whole = model.predict_on_batch([A, B])
        assert type(whole) is pack and np.allclose(whole[0], found[0], rtol=1e-5, atol=1e-6)
    named = compiled(Named).predict(NAMED)
    assert list(named) == ["price", "sold"] and all(type(out) is np.ndarray for out in named.values())


def test_names_of_outputs_name_losses_metrics_labels_and_weights():
    """LOSS-24, MET-18, FIT-13: dicts everywhere, in any order of their keys."""
    model = compiled(
        Named, classes=2, loss={"sold": "sparse_categorical_crossentropy", "price": "mse"}, loss_weights={"sold": 0.5},
        metrics={"sold": ["accuracy"], "price": "mae"},
    )  # fmt: skip
    y = {"sold": C, "price": Y}
    told = {"sample_weight": {"price": np.ones(40)}, "class_weight": {"sold": {0: 1.0, 1: 1.0}}}
    history = model.fit(NAMED, y, verbose=0, **told).history
    assert list(history) == ["loss", "price_loss", "sold_loss", "price_mae", "sold_accuracy"] == model.metrics_names
    found = model.evaluate(NAMED, y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(found["price_loss"] + 0.5 * found["sold_loss"], rel=1e-6)
    assert found["sold_accuracy"] == np.mean(model.predict(NAMED)["sold"].argmax(-1) == C)


@pytest.mark.filterwarnings("ignore:sgd got no gradient")  # for what leads to that output alone
def test_an_output_without_a_loss_is_left_out():
    """LOSS-24: None skips it; its metrics are still counted."""
    model = compiled(loss=["mse", None], metrics=[["mae"], ["mae"]])
    assert len(model.evaluate((A, B), (Y, Y), verbose=0)) == 4
    assert model.metrics_names == ["loss", "output_1_loss", "output_1_mae", "output_2_mae"]
    assert compiled(loss=["mse", None]).fit((A, B), [Y, None], verbose=0).epoch == [0]


def test_metrics_come_in_the_order_of_the_outputs():
    """D10, MET-18: not mixed as in Keras 3."""
    model = compiled(metrics=["mae", metrics.MeanSquaredError(name="q")])
    names = ["loss", "output_1_loss", "output_2_loss", "output_1_mae", "output_1_q", "output_2_mae", "output_2_q"]
    values = dict(zip(names, model.evaluate((A, B), (Y, C), verbose=0)))
    main, aux, _, _ = parts(model)
    assert model.metrics_names == names
    assert values["output_1_mae"] == pytest.approx(np.abs(main - Y).mean(), rel=1e-5)
    assert values["output_2_q"] == pytest.approx(np.mean((aux[:, 0] - C) ** 2), rel=1e-5)
    assert values["output_1_q"] == pytest.approx(values["output_1_loss"], rel=1e-5), "one object counts each output by itself"


def test_weights_of_an_output_reach_its_loss_and_its_weighted_metrics_only():
    """FIT-09, MET-19."""
    weights = RNG.uniform(0, 3, 40).astype("float32")
    model = compiled(metrics=["mae"], weighted_metrics=["mae"])
    found = model.evaluate((A, B), (Y, Y), sample_weight=[weights, None], verbose=0, return_dict=True)
    main, aux, _, plain = parts(model)
    errors = np.abs(main - Y)[:, 0]
    assert found["output_1_loss"] == pytest.approx(np.mean(errors**2 * weights), rel=1e-5)
    assert found["output_2_loss"] == pytest.approx(plain, rel=1e-5)
    assert found["output_1_mae"] == pytest.approx(errors.mean(), rel=1e-5)
    assert found["weighted_output_1_mae"] == pytest.approx(np.sum(errors * weights) / weights.sum(), rel=1e-5)
    assert found["weighted_output_2_mae"] == pytest.approx(np.abs(aux - Y).mean(), rel=1e-5)
    for_all = model.evaluate((A, B), (Y, Y), sample_weight=weights, verbose=0, return_dict=True)
    assert for_all["output_2_loss"] == pytest.approx(np.mean((aux - Y)[:, 0] ** 2 * weights), rel=1e-5)


def test_single_batches_have_several_outputs_too():
    """FIT-15: labels of different shapes, an output without any."""
    model = compiled(loss=["mse", "mae"])
    expected = model.evaluate((A, B), (Y, Y[:, 0]), verbose=0)
    assert model.test_on_batch((A, B), (Y, Y[:, 0])) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch([A, B], [Y, Y[:, 0].tolist()]) == pytest.approx(expected, rel=1e-5)


def test_penalties_and_losses_of_layers_are_part_of_the_total_and_of_nothing_else():
    """COMP-02, LOSS-25."""

    class Adds(Layer):
        def call(self, x):
            self.add_loss(2.0 * x.mean() * 0 + 3.0)
            return x

    model = Sequential([Dense(2, input_dim=3, kernel_regularizer=L2(0.5)), Adds(), Dense(1)])
    model.compile(SGD(0.0), "mse", ["mse"])
    loss, error = model.evaluate(A, Y, verbose=0)
    assert loss == pytest.approx(error + 3 + 0.5 * np.sum(model.get_weights()[0] ** 2), rel=1e-5)


def test_a_model_may_learn_from_the_losses_of_its_layers_alone():
    """LOSS-25: compile without a loss, fit without labels."""

    class Shrink(Layer):
        def call(self, x):
            self.add_loss((x * x).mean())
            return x

    model = Sequential([Dense(2, input_dim=3, kernel_initializer="ones"), Shrink()])
    model.compile(SGD(0.05))
    first, *_, last = model.fit(A, epochs=30, verbose=0).history["loss"]
    assert last < 0.1 * first and model.metrics_names == ["loss"]


def test_a_loss_of_ones_own_may_need_the_inputs():
    """LOSS-25: compute_loss is overridden; what Model's own returns is at hand."""

    class Signed(Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return super().compute_loss(x, y, y_pred, sample_weight) + (x.mean() * 0 + 7.0)

    model = Signed([Dense(1, input_dim=3)])
    model.compile(SGD(0.0), "mse", ["mse"])
    loss, error = model.evaluate(A, Y, verbose=0)
    assert loss == pytest.approx(error + 7, rel=1e-5)


def test_one_loss_serves_all_outputs_and_objects_may_be_given():
    """LOSS-24."""
    models = [compiled(loss=loss) for loss in ("mse", losses.MeanSquaredError(), [losses.mean_squared_error, "mse"])]
    for model in models[1:]:
        model.predict((A, B))
        models[0].predict((A, B))
        model.set_weights(models[0].get_weights())
        assert model.evaluate((A, B), (Y, Y), verbose=0) == pytest.approx(models[0].evaluate((A, B), (Y, Y), verbose=0))


def test_rows_of_all_inputs_and_outputs_go_together():
    """FIT-05, FIT-03: shuffled, split and in batches, each row of A meets its own of B and of both labels."""
    seen = []

    class Watch(WideAndDeep):
        def train_step(self, data):
            (a, b), (first, second), weights = data
            seen.append((a.numpy()[:, 0], b.numpy()[:, 0], first, second, weights[0]))
            return {"loss": 0.0}

    n = np.arange(30.0)
    model = compiled(Watch)
    weights = [n * 4, None]
    model.fit([n[:, None], n[:, None] * 2], [n * 3, n], sample_weight=weights, batch_size=7, validation_split=0.2, verbose=0)
    a, b, first, second, w = map(np.concatenate, zip(*seen))
    assert sorted(a) == list(range(24)) and list(a) != sorted(a)
    np.testing.assert_array_equal([2 * a, 3 * a, a, 4 * a], [b, first, second, w])


#                              what is given                                what the message says
WRONG = {
    "loss list": ({"loss": ["mse"] * 3}, {}, r"one loss per output \['output_1', 'output_2'\], got a list of 3"),
    "loss dict": ({"loss": {"prize": "mse"}}, {}, r"loss by the names of outputs.*got 'prize'"),
    "loss weights": ({"loss_weights": [1.0]}, {}, r"one loss_weights per output.*list of 1"),
    "one loss weight": ({"loss_weights": 0.5}, {}, r"a loss weight per output.*got 0.5"),
    "weight dict": ({"loss_weights": {"prize": 1.0}}, {}, r"loss_weights by the names of outputs.*got 'prize'"),
    "metrics lists": ({"metrics": [["mae"], ["mae"], ["mae"]]}, {}, r"one metrics per output.*list of 3"),
    "metrics dict": ({"metrics": {"prize": "mae"}}, {}, r"metrics by the names of outputs.*got 'prize'"),
    "one label": ({}, {"y": Y}, r"expects y for output_1, output_2, got one\. Pass a list of 2"),
    "three labels": ({}, {"y": [Y, Y, Y]}, r"expects y for output_1, output_2, got 3 arrays"),
    "label names": ({}, {"y": {"output_1": Y, "prize": Y}}, r"y by the names output_1, output_2, got the name 'prize'"),
    "label of nothing": ({}, {"y": [Y, None]}, r"y for the output 'output_2', which has a loss, got None"),
    "fewer rows of one": ({}, {"x": (A, B[:7])}, r"40 rows of x and 7 rows of x"),
    "fewer labels of one": ({}, {"y": [Y, Y[:7]]}, r"40 rows of x and 7 rows of y"),
    "features of one": ({}, {"x": (A, B)[::-1]}, None),
    "nan in one": ({}, {"x": (A, np.where(B > 1, np.nan, B))}, r"finite numbers in x\[1\], got nan"),
    "text in one": ({}, {"y": [Y, ["a"] * 40]}, r"numbers in y\[1\].*LabelEncoder"),
    "weights of three": ({}, {"sample_weight": [np.ones(40)] * 3}, r"sample_weight for output_1, output_2, got 3 arrays"),
    "class weights for all": ({}, {"class_weight": {0: 1.0}}, r"class_weight by the outputs output_1, output_2, got one for all"),
    "class weights of nobody": ({}, {"class_weight": {"prize": {0: 1.0}}}, r"class_weight by outputs.*got 'prize'"),
    "validation labels": ({}, {"validation_data": ((A, B), Y)}, r"validation_data\) expects y for output_1, output_2, got one"),
}  # fmt: skip


@pytest.mark.parametrize(("told", "given", "words"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_several_outputs_is_refused_before_the_first_step(told, given, words):
    """COMP-03, LOSS-24, MET-18, FIT-08, FIT-09, FIT-19."""
    model = compiled(**told)
    if words is None:  # built for the other order
        model.predict((A, B))
        words = r"expects 4 features, got shape"
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(**{"x": (A, B), "y": (Y, Y), "verbose": 0, **given})
    assert model.optimizer.iterations == 0


@pytest.mark.eager("bit by bit, beside single steps")
def test_labels_may_be_those_of_the_outputs_that_have_a_loss():
    """COMP-02, as in Keras 2: an output without a loss needs none, in a list of labels or alone."""
    x = Input((2,))
    hidden = Dense(3, name="hidden")(x)
    y = np.ones((4, 1), "float32")
    data = np.ones((4, 2), "float32")
    found = []
    for labels in (y, [y], {"price": y}, [None, y]):
        model = Model(x, [hidden, Dense(1, name="price", kernel_initializer="ones")(hidden)])
        model.compile("sgd", {"price": "mse"})
        found.append(model.evaluate(data, labels, verbose=0))
        assert model.train_on_batch(data, labels) == found[-1]
        assert model.fit(data, labels, verbose=0).history.keys() == {"loss", "price_loss"}


@pytest.mark.parametrize("loss", [["mse", ["mae"]], {"hidden": ["mse"], "price": ["mae"]}], ids=["list", "dict"])
def test_the_loss_of_an_output_may_stand_in_a_list_of_its_own(loss):
    """COMP-02: as its metrics do."""
    x = Input((2,))
    model = Model(x, [Dense(3, name="hidden")(x), Dense(1, name="price")(x)])
    model.compile("sgd", loss)
    assert [type(one) for one in model._objective.losses] == [losses.MeanSquaredError, losses.MeanAbsoluteError]
