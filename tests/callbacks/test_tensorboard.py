"""TensorBoard: what is in the files, read back by TensorBoard's own reader."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import gradients
from tinygrad_edu.callbacks import GradientLogger, LambdaCallback, TensorBoard
from tinygrad_edu.callbacks.event_file import EventFile, record, scalar
from tinygrad_edu.callbacks.model_graph import graph_of
from tinygrad_edu.layers import BatchNormalization, Concatenate, Dense, Embedding, Flatten, Input
from tinygrad_edu.models import Model, Sequential

REASON = 'what is written is read by the package tensorboard: pip install "tinygrad_edu[tensorboard]"'
pytest.importorskip("tensorboard", reason=REASON)
accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason=REASON)

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(24, 2)), RNG.integers(0, 2, 24)


def six_layers(rate=0.01):
    """The deep model of the lesson on vanishing gradients; dense_1 to dense_6 whatever was made before."""
    model = Sequential()
    for number in range(1, 7):
        last = number == 6
        model.add(Dense(1 if last else 5, input_dim=2, activation="sigmoid" if last else "tanh", name=f"dense_{number}"))
    model.compile({"class_name": "sgd", "config": {"learning_rate": rate}}, "bce", metrics=["accuracy"])
    return model


def trained(folder, model=None, epochs=3, fit=None, **settings):
    model, callback = model or six_layers(), TensorBoard(folder, **settings)
    history = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=[callback], **(fit or {}))
    return model, callback, history


def read(folder):
    """All that is in the event files of a folder."""
    everything = dict.fromkeys(("scalars", "histograms", "images", "tensors", "compressedHistograms"), 0)
    accumulator = accumulators.EventAccumulator(str(folder), everything)
    accumulator.Reload()
    return accumulator


def curve(found, tag):
    return [(event.step, event.value) for event in found.Scalars(tag)]


def files(folder):
    return sorted(folder.glob("events.out.tfevents.*"))


# Scalars ----------------------------------------------------------------------------------------------


def test_curves_of_training_and_validation_share_their_tags(tmp_path):
    """CB-13, CB-14, D15: in two folders."""
    _, _, history = trained(tmp_path / "deep" / "run", fit={"validation_split": 0.25})
    train, validation = read(tmp_path / "deep" / "run" / "train"), read(tmp_path / "deep" / "run" / "validation")
    assert train.Tags()["scalars"] == ["epoch_loss", "epoch_accuracy", "epoch_learning_rate"]
    assert validation.Tags()["scalars"] == ["epoch_loss", "epoch_accuracy"]
    logs = history.history
    for found, tag, values in [
        (train, "epoch_loss", logs["loss"]),
        (train, "epoch_accuracy", logs["accuracy"]),
        (train, "epoch_learning_rate", [0.01] * 3),
        (validation, "epoch_loss", logs["val_loss"]),
        (validation, "epoch_accuracy", logs["val_accuracy"]),
    ]:
        steps, numbers = zip(*curve(found, tag))
        assert steps == (0, 1, 2) and numbers == pytest.approx(values)


def test_without_validation_there_is_no_folder_for_it(tmp_path):
    """CB-14."""
    trained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


@pytest.mark.parametrize(("every", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (4, [4])])
def test_batches_are_written_by_the_number_of_the_step(tmp_path, every, steps):
    """CB-13: means since the epoch began, as the logs of batches are."""
    seen = []
    model = six_layers()
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[note, TensorBoard(tmp_path, update_freq=every)])
    found = curve(read(tmp_path / "train"), "batch_loss")
    assert found == [(step, pytest.approx(seen[step - 1])) for step in steps]


def test_what_other_callbacks_log_is_written_too(tmp_path):
    """CB-03, CB-13."""
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(margin=epoch + 0.5, val_margin=epoch))
    model = six_layers()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[add, TensorBoard(tmp_path)])
    assert curve(read(tmp_path / "train"), "epoch_margin") == [(0, 0.5), (1, 1.5)]
    assert curve(read(tmp_path / "validation"), "epoch_margin") == [(0, 0), (1, 1)]


# Files ------------------------------------------------------------------------------------------------


def test_each_fit_writes_a_file_of_its_own_under_tensorflows_name(tmp_path):
    """CB-13: events.out.tfevents.<time>.<host>..., in a folder that is made."""
    model, callback, _ = trained(tmp_path / "logs")
    model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[callback])
    names = [path.name.split(".", 4) for path in files(tmp_path / "logs" / "train")]
    assert len(names) == 2 and all(name[3].isdigit() and name[4].startswith(socket.gethostname()) for name in names)
    assert [step for step, _ in curve(read(tmp_path / "logs" / "train"), "epoch_loss")] == [0, 1, 2, 3, 4]


def test_the_folder_is_called_logs_by_default(tmp_path, monkeypatch):
    """CB-13: and may be given by position."""
    monkeypatch.chdir(tmp_path)
    six_layers().fit(X, Y, verbose=0, callbacks=TensorBoard())
    six_layers().fit(X, Y, verbose=0, callbacks=TensorBoard("my_logs/run_1"))
    assert files(Path("logs/train")) and files(Path("my_logs/run_1/train"))


def test_epochs_are_in_the_file_when_they_are_over_and_no_file_stays_open(tmp_path):
    """CB-13: whoever looks on, or kills the training, finds all that was."""
    seen = []
    look = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(len(curve_so_far(tmp_path / "train"))))
    six_layers().fit(X, Y, epochs=3, verbose=0, callbacks=[TensorBoard(tmp_path), look])
    assert seen == [0, 1, 2]


def curve_so_far(folder):
    found = read(folder)
    return curve(found, "epoch_loss") if "epoch_loss" in found.Tags()["scalars"] else []


def test_records_are_those_that_tensorboards_own_writer_writes(tmp_path):
    """CB-13: lengths and checksums, of records of all lengths."""
    writers = pytest.importorskip("tensorboard.summary.writer.record_writer")
    with open(tmp_path / "theirs", "wb") as file:
        for length in (0, 1, 7, 255, 5000):
            writers.RecordWriter(file).write(RNG.bytes(length))
    written = (tmp_path / "theirs").read_bytes()
    while written:
        length = int.from_bytes(written[:8], "little")
        data, rest = written[12 : 12 + length], written[16 + length :]
        assert record(data) == written[: 16 + length]
        written = rest


def test_two_files_of_one_second_have_two_names(tmp_path):
    """CB-13."""
    assert EventFile(tmp_path).path != EventFile(tmp_path).path


# Histograms -------------------------------------------------------------------------------------------


def test_weights_and_gradients_come_under_the_tags_of_keras_2(tmp_path):
    """CB-15, CB-16, D15: the filter "kernel_0_grad" finds the six layers and nothing else; no validation data are needed."""
    trained(tmp_path, histogram_freq=1, write_grads=True)
    tags = read(tmp_path / "train").Tags()["histograms"]
    layers = [f"dense_{number}" for number in range(1, 7)]
    assert [tag for tag in tags if "kernel_0_grad" in tag] == [f"{layer}/kernel_0_grad" for layer in layers]
    for layer in layers:
        for what in ("kernel_0", "bias_0", "bias_0_grad", "kernel_log10", "kernel_grad_log10", "bias_grad_log10"):
            assert f"{layer}/{what}" in tags


@pytest.mark.parametrize(("every", "steps"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (5, [0])])
def test_histograms_come_every_so_many_epochs(tmp_path, every, steps):
    """CB-15."""
    trained(tmp_path, epochs=5, histogram_freq=every)
    assert [event.step for event in read(tmp_path / "train").Histograms("dense_3/kernel_0")] == steps


def test_a_histogram_counts_the_weights_as_numpy_does(tmp_path):
    """CB-15."""
    model, _, _ = trained(tmp_path, histogram_freq=1, epochs=1)
    kernel = model.get_layer("dense_2").kernel.numpy().astype(float)
    (event,) = read(tmp_path / "train").Histograms("dense_2/kernel_0")
    found = event.histogram_value
    counts, edges = np.histogram(kernel, 30)
    np.testing.assert_allclose(found.bucket_limit, edges[1:], rtol=1e-6)
    assert np.abs(np.cumsum(found.bucket) - np.cumsum(counts)).max() <= 1  # a number on an edge
    assert (found.num, found.min, found.max) == (25, kernel.min(), kernel.max())
    assert (found.sum, found.sum_squares) == (pytest.approx(kernel.sum()), pytest.approx((kernel**2).sum()))


def test_gradients_are_the_means_over_the_batches_of_the_epoch(tmp_path):
    """CB-16: of training; with a rate of 0 they can be computed again."""
    model, _, _ = trained(tmp_path, six_layers(0.0), 1, {"shuffle": False}, histogram_freq=1, write_grads=True)
    kernel = model.get_layer("dense_1").kernel
    batches = [slice(i, i + 8) for i in (0, 8, 16)]
    mean = np.mean([gradients(model.loss(Y[b], model(X[b])), [kernel])[0].numpy() for b in batches], axis=0)
    (event,) = read(tmp_path / "train").Histograms("dense_1/kernel_0_grad")
    found = event.histogram_value
    assert [found.min, found.max, found.sum] == pytest.approx([mean.min(), mean.max(), mean.sum()], rel=1e-3)


def test_frozen_weights_have_a_histogram_and_their_gradients_none(tmp_path):
    """CB-16: neither have moving averages."""
    model = Sequential([Dense(3, input_dim=2, name="cold"), BatchNormalization(name="norm"), Dense(1, name="warm")])
    model.get_layer("cold").trainable = False
    model.compile("sgd", "mse")
    trained(tmp_path, model, histogram_freq=1, write_grads=True)
    tags = read(tmp_path / "train").Tags()["histograms"]
    assert {"cold/kernel_0", "norm/moving_mean_0", "warm/kernel_0_grad", "norm/gamma_0_grad"} <= set(tags)
    assert not {"cold/kernel_0_grad", "norm/moving_mean_0_grad"} & set(tags)


def test_what_equal_steps_hide_the_steps_by_decades_show(tmp_path):
    """CB-16: numbers of 1e-6 beside one of 1."""
    model = Sequential([Dense(100, input_dim=2, name="layer")])
    model.compile("sgd", "mse")
    model.optimizer.lr = 0
    kernel = np.full((2, 100), 1e-6)
    kernel[0, 0], kernel[1, :3] = 1.0, [0.0, np.nan, -1e-3]
    spoil = LambdaCallback(on_epoch_end=lambda epoch, logs: model.layers[0].kernel.assign(kernel))
    model.fit(X, np.zeros((24, 100)), verbose=0, callbacks=[spoil, TensorBoard(tmp_path, histogram_freq=1)])
    found = read(tmp_path / "train")
    plain, log = (found.Histograms(f"layer/{tag}")[0].histogram_value for tag in ("kernel_0", "kernel_log10"))
    assert plain.bucket[0] == 198 and plain.bucket[-1] == 1
    decades = {limit: count for limit, count in zip(log.bucket_limit, log.bucket) if count}
    assert list(decades.values()) == [196, 1, 1] and list(decades) == pytest.approx([-5.75, -2.75, 0.25], abs=0.26)
    assert curve(found, "zeros/layer/kernel") == [(0, pytest.approx(1 / 200))]
    assert curve(found, "nonfinite/layer/kernel") == [(0, pytest.approx(1 / 200))]
    assert "nonfinite/layer/bias" not in found.Tags()["scalars"]


def test_a_share_that_was_told_once_is_told_on(tmp_path):
    """CB-15: a curve that ends would say that it stayed as it was."""
    model = six_layers(0.0)
    bias = model.get_layer("dense_2").bias
    fill = LambdaCallback(on_epoch_end=lambda epoch, logs: bias.assign(np.full(5, float(epoch != 1))))
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[fill, TensorBoard(tmp_path, histogram_freq=1)])
    assert curve(read(tmp_path / "train"), "zeros/dense_2/bias") == [(1, 1.0), (2, 0.0)]


@pytest.mark.parametrize("value", [0.0, 0.25, -3.0])
def test_equal_numbers_are_one_step(tmp_path, value):
    """CB-15: as all biases are in the beginning."""
    model = six_layers(0.0)
    model.get_layer("dense_2").bias.assign(np.full(5, value))
    trained(tmp_path, model, histogram_freq=1, epochs=1)
    found = read(tmp_path / "train").Histograms("dense_2/bias_0")[0].histogram_value
    assert (found.min, found.max, list(found.bucket_limit), list(found.bucket)) == (value, value, [value], [5])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_weight_that_is_all_nan_has_no_histogram_but_its_share(tmp_path):
    """CB-15."""
    model = six_layers()
    spoil = LambdaCallback(on_epoch_end=lambda epoch, logs: model.layers[2].kernel.assign(np.full((5, 5), np.nan)))
    model.fit(X, Y, verbose=0, callbacks=[spoil, TensorBoard(tmp_path, histogram_freq=1)])
    found = read(tmp_path / "train")
    assert "dense_3/kernel_0" not in found.Tags()["histograms"]
    assert curve(found, "nonfinite/dense_3/kernel") == [(0, 1.0)]


def test_histograms_are_what_the_server_converts_without_loss(tmp_path):
    """CB-15: its pages get buckets (left, right, count), the first from the smallest number, the last to the largest."""
    compat = pytest.importorskip("tensorboard.data_compat")
    tensors = pytest.importorskip("tensorboard.util.tensor_util")
    trained(tmp_path, histogram_freq=1, epochs=1)
    loaders = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    (path,) = files(tmp_path / "train")
    values = [value for event in loaders.RawEventFileLoader(str(path)).Load() for value in _values(event)]
    kernel = next(value for value in values if value.tag == "dense_1/kernel_0")
    buckets = tensors.make_ndarray(compat.migrate_value(kernel).tensor)
    assert buckets[:, 2].sum() == 10 and (buckets[:, 0] <= buckets[:, 1]).all()
    assert (buckets[0, 0], buckets[-1, 1]) == pytest.approx((kernel.histo.min, kernel.histo.max))


def _values(raw):
    events = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    return events.Event.FromString(raw).summary.value


# The table of gradients, the graph, settings ----------------------------------------------------------


def test_the_table_of_gradients_is_that_of_the_gradient_logger(tmp_path):
    """CB-17."""
    logger, callback = GradientLogger(), TensorBoard(tmp_path, histogram_freq=1, write_grads=True)
    six_layers().fit(X, Y, epochs=2, verbose=0, callbacks=[logger, callback])
    assert callback.gradient_table().shape == (2, 6)
    np.testing.assert_array_equal(callback.gradient_table(), logger.table())
    with pytest.raises(RuntimeError, match=r"gradient_table expects TensorBoard\(write_grads=True\)"):
        TensorBoard(tmp_path).gradient_table()


def test_the_graph_has_the_ops_of_each_layer_and_what_flows_between_them(tmp_path):
    """CB-13."""
    model = Sequential([Dense(3, input_dim=2, activation="tanh", name="a"), Sequential([Dense(1, name="c")], name="b")])
    model.compile("sgd", "mse")
    before = model.get_weights()
    trained(tmp_path, model, epochs=0)
    graph = read(tmp_path / "train").Graph()
    inputs = {node.name: list(node.input) for node in graph.node}
    assert inputs["a/tanh"] == ["a/add"] and set(inputs["a/add"]) == {"a/matrix_product", "a/bias"}
    assert set(inputs["a/matrix_product"]) == {"input_1", "a/kernel"}
    assert set(inputs["b/c/matrix_product"]) == {"a/tanh", "b/c/kernel"}
    shapes = {node.name: [d.size for d in node.attr["_output_shapes"].list.shape[0].dim] for node in graph.node}
    assert shapes["a/tanh"] == [1, 3] and shapes["b/c/kernel"] == [3, 1]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_the_graph_of_a_model_of_numbers_of_words(tmp_path):
    """CB-13: inputs that are whole numbers."""
    model = Sequential([Embedding(10, 3, input_length=4, name="words"), Flatten(name="flat"), Dense(1, name="out")])
    model.compile("sgd", "mse")
    model.fit(RNG.integers(0, 10, (6, 4)), np.zeros(6), verbose=0, callbacks=TensorBoard(tmp_path))
    assert {"words/embeddings", "out/kernel"} <= {node.name for node in read(tmp_path / "train").Graph().node}


def test_the_graph_of_shared_layers_and_several_inputs(tmp_path):
    """CB-13: a layer's second use has names of its own and the same weights."""
    left, right, shared = Input((2,)), Input((2,)), Dense(3, name="shared")
    joined = Concatenate(name="join")([shared(left), shared(right)])
    model = Model([left, right], Dense(1, name="out")(joined))
    inputs = {node.name: list(node.input) for node in graph_of(model).node}
    assert inputs["shared/matrix_product"] == ["input_1", "shared/kernel"]
    assert inputs["shared/matrix_product_2"] == ["input_2", "shared/kernel"]
    (join,) = (sources for name, sources in inputs.items() if name.startswith("join/"))
    assert join == ["shared/add", "shared/add_2"]


class Picky(Model):
    """A model written in Python, which may refuse zeros."""

    refuses = False

    def __init__(self):
        super().__init__(name="picky")
        self.out = Dense(1, name="out")

    def call(self, x):
        if self.refuses and not x.numpy().any():
            raise ValueError("nothing to see")
        return self.out(x * 2)


def test_a_model_that_refuses_zeros_is_trained_without_a_graph(tmp_path):
    """CB-13: with a warning."""
    model = Picky()
    model(X)
    model.refuses = True
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="TensorBoard writes no graph: picky called on zeros said ValueError.'nothing to see'"):
        model.fit(X, Y, verbose=0, callbacks=TensorBoard(tmp_path))
    found = read(tmp_path / "train")
    assert not found.Tags()["graph"] and curve(found, "epoch_loss")


def test_no_graph_is_written_if_none_is_wanted(tmp_path):
    """CB-13."""
    trained(tmp_path, write_graph=False)
    assert not read(tmp_path / "train").Tags()["graph"]


def test_what_tensorflows_callback_takes_is_taken(tmp_path):
    """CB-13: what is not written is told, if it was asked for."""
    TensorBoard(tmp_path, batch_size=32, embeddings_freq=0, embeddings_layer_names=None, profile_batch=0, write_images=False)
    with pytest.warns(UserWarning, match="TensorBoard does not write what embeddings_freq, write_images would ask for"):
        TensorBoard(tmp_path, embeddings_freq=1, write_images=True)
    with pytest.warns(UserWarning, match="write_grads expects histogram_freq > 0, got 0"):
        TensorBoard(tmp_path, write_grads=True)


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"update_freq": "step"}, TypeError), ({"update_freq": 0}, ValueError), ({"histogram_freq": -1}, ValueError),
     ({"histogram_frequency": 1}, TypeError)],
)  # fmt: skip
def test_wrong_settings_are_refused_at_once(tmp_path, settings, error):
    """CB-13."""
    with pytest.raises(error, match="TensorBoard expects"):
        TensorBoard(tmp_path, **settings)


def test_watching_changes_nothing(tmp_path):
    """CB-16: the same weights, bit for bit, with and without."""
    weights = six_layers().get_weights()
    found = []
    for settings in (None, {"histogram_freq": 1, "write_grads": True, "update_freq": "batch"}):
        model = six_layers()
        model.set_weights(weights)
        callbacks = [TensorBoard(tmp_path, **settings)] if settings else []
        model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)
        found.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*found))


def started(code, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def test_without_the_package_the_error_says_what_to_install_before_the_first_step(tmp_path):
    """CB-13: and everything else works."""
    done = started(
        """
        import sys
        sys.modules["tensorboard"] = None
        from tinygrad_edu.callbacks import TensorBoard
        from tinygrad_edu.layers import Dense
        from tinygrad_edu.models import Sequential
        model = Sequential([Dense(1, input_dim=1)])
        model.compile("sgd", "mse")
        try:
            model.fit([[1.0]], [1.0], verbose=0, callbacks=[TensorBoard("logs")])
        except ImportError as error:
            print(model.optimizer.iterations, error)
        """,
        tmp_path,
    )
    assert done.stderr == "" and done.stdout.startswith("0 TensorBoard expects the package tensorboard, got none (")
    assert done.stdout.endswith('pip install "tinygrad_edu[tensorboard]".\n') and not list(tmp_path.iterdir())


def test_tensorflow_is_neither_needed_nor_imported(tmp_path):
    """CB-13: nor is tensorboard imported before the first fit."""
    done = started(
        """
        import sys
        sys.modules["tensorflow"] = None
        from tinygrad_edu.callbacks import TensorBoard
        from tinygrad_edu.layers import Dense
        from tinygrad_edu.models import Sequential
        model = Sequential([Dense(1, input_dim=1)])
        model.compile("sgd", "mse")
        callback = TensorBoard("logs", histogram_freq=1, write_grads=True)
        print("tensorboard" in sys.modules)
        model.fit([[1.0]], [1.0], verbose=0, callbacks=[callback])
        print(any(name.startswith("tensorflow.") for name in sys.modules))
        """,
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("False\nFalse\n", "")


def test_numbers_go_in_one_by_one_too(tmp_path):
    """CB-13: an event file of one's own."""
    file = EventFile(tmp_path)
    for step in range(3):
        file.add(step, [scalar("mine", step / 2)])
    assert curve(read(tmp_path), "mine") == [(0, 0.0), (1, 0.5), (2, 1.0)]
