"""What `compile` is given for several outputs: lists, dicts, or one for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import losses, metrics
from tinygrad_edu.losses import MeanAbsoluteError, MeanSquaredError, per_output, spread
from tinygrad_edu.metrics.family import numbered

NAMES = ["price", "sold"]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ("mse", [MeanSquaredError, MeanSquaredError]),
        (MeanSquaredError, [MeanSquaredError, MeanSquaredError]),
        (["mse", "mae"], [MeanSquaredError, MeanAbsoluteError]),
        (("mse", None), [MeanSquaredError, type(None)]),
        ({"sold": "mae", "price": "mse"}, [MeanSquaredError, MeanAbsoluteError]),
        ({"sold": "mae"}, [type(None), MeanAbsoluteError]),
        (losses.serialize(MeanSquaredError()), [MeanSquaredError, MeanSquaredError]),
        (None, [type(None), type(None)]),
    ],
    ids=str,
)
def test_a_loss_for_each_output(given, kinds):
    """LOSS-24: one for all, a list, a dict by name; None skips an output."""
    assert [type(loss) for loss in per_output(given, NAMES)] == kinds


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["mse"], r"one loss per output \['price', 'sold'\], got a list of 1"),
        (["mse"] * 3, r"one loss per output \['price', 'sold'\], got a list of 3"),
        ({"prize": "mse"}, r"loss by the names of outputs, \['price', 'sold'\], got 'prize'"),
        (["mse", "msee"], r"got 'msee'. Did you mean"),
    ],
    ids=str,
)
def test_a_list_or_dict_that_fits_no_outputs_is_refused(given, words):
    """LOSS-24: it lists the outputs."""
    with pytest.raises(ValueError, match=words):
        per_output(given, NAMES)


def test_weights_of_losses_are_spread_in_the_same_way():
    """LOSS-24, COMP: by position or by name."""
    assert spread("loss_weights", {"sold": 0.5}, NAMES) == [None, 0.5]
    with pytest.raises(ValueError, match="one loss_weights per output"):
        spread("loss_weights", [1.0, 2.0, 3.0], NAMES)


def names(*args, outputs=NAMES, **kwargs):
    return [placed.name for placed in metrics.per_output(*args, names=outputs, **kwargs)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ("mae", ["price_mae", "sold_mae"]),
        (["mae", "mse"], ["price_mae", "price_mse", "sold_mae", "sold_mse"]),
        ([["mae"], ["acc", "mse"]], ["price_mae", "sold_acc", "sold_mse"]),
        (["mae", ["acc", "mse"]], ["price_mae", "sold_acc", "sold_mse"]),
        ([None, "acc"], ["sold_acc"]),
        ({"sold": ["acc", "mse"]}, ["sold_acc", "sold_mse"]),
        ({"sold": "acc", "price": "mae"}, ["price_mae", "sold_acc"]),
        ([], []),
    ],
    ids=str,
)
def test_metrics_of_several_outputs_are_named_by_output_and_in_their_order(given, expected):
    """MET-18, D10."""
    assert names(given, None) == expected


@pytest.mark.parametrize(
    ("given", "weighted", "expected"),
    [
        ("acc", None, ["acc"]),
        (["accuracy", "mae"], None, ["accuracy", "mae"]),
        (["mae", "mae", "mae"], None, ["mae", "mae_1", "mae_2"]),
        (["mae"], ["mae"], ["mae", "weighted_mae"]),
        (["mae"], ["mse"], ["mae", "mse"]),
        ([["mae", "acc"]], None, ["mae", "acc"]),
        ({"price": "mae"}, None, ["mae"]),
    ],
    ids=str,
)
def test_metrics_of_one_output_keep_their_names(given, weighted, expected):
    """MET-18, MET-19: of equal names the later ones get a number, the weighted one says so."""
    assert names(given, weighted, outputs=["price"]) == expected


@given(st.lists(st.sampled_from(["a", "a_1", "a_2", "b"]), max_size=6))
def test_no_two_names_are_alike(names):
    """MET-18: whatever they were called; the first keeps its name."""
    unique = numbered(names)
    assert len(set(unique)) == len(names) and all(new.startswith(old) for new, old in zip(unique, names))
    assert all(unique[names.index(name)] == name for name in names)


def test_weighted_metrics_are_told_from_plain_ones():
    """MET-19: only these get the sample weights."""
    placed = metrics.per_output(["mae"], {"sold": "mse"}, NAMES)
    assert [(p.name, p.output, p.weighted) for p in placed] == [
        ("price_mae", 0, False), ("sold_mae", 1, False), ("sold_mse", 1, True),
    ]  # fmt: skip


def test_a_metric_that_is_given_for_all_outputs_counts_each_by_itself():
    """MET-18: the object itself counts the first, copies of it the others."""
    own = metrics.MeanAbsoluteError(name="off")
    first, second, weighted = (placed.metric for placed in metrics.per_output([own], {"sold": own}, NAMES))
    assert first is own and len({id(metric) for metric in (first, second, weighted)}) == 3
    first.update_state([1.0], [2.0])
    assert (first.result(), second.result(), second.name) == (1, 0, "off")


@pytest.mark.parametrize(("monitor", "direction"), [("val_price_mae", "down"), ("sold_acc", "up"), ("sold_weighted_auc", "up")])
def test_a_direction_is_known_by_the_name_of_the_result(monitor, direction):
    """MET-20, MET-18: of the metrics of several outputs; nobody has to guess."""
    placed = metrics.per_output(["mae"], {"sold": "acc"}, NAMES)
    placed += [metrics.Placed(metrics.AUC(), "sold_weighted_auc", 1, True)]
    assert metrics.direction_of(monitor, placed) == direction


def test_accuracy_means_what_each_outputs_shapes_say():
    """MET-01, MET-18."""
    placed = metrics.per_output("acc", None, NAMES, [(9,), (9,)], [(9, 1), (9, 4)])
    assert [type(p.metric) for p in placed] == [metrics.BinaryAccuracy, metrics.SparseCategoricalAccuracy]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([["mae"]], r"one metrics per output \['price', 'sold'\], got a list of 1"),
        ({"prize": "mae"}, r"metrics by the names of outputs, \['price', 'sold'\], got 'prize'"),
        (["acuracy"], "acuracy.*Did you mean"),
    ],
    ids=str,
)
def test_metrics_that_fit_no_outputs_are_refused(given, words):
    """MET-18."""
    with pytest.raises(ValueError, match=words):
        metrics.per_output(given, None, NAMES)
