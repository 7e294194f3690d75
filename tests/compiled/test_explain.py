"""What a plan says of itself, compared as text, and with what can be counted by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Sequential, Tensor, Variable, backend, gradients, op, ops, set_random_seed
from tinygrad_edu.compiled.explain import explain
from tinygrad_edu.compiled.function import compiled
from tinygrad_edu.compiled.runner import Runner
from tinygrad_edu.graph import make_value
from tinygrad_edu.layers import BatchNormalization, Dense
from tinygrad_edu.optimizers import SGD, Adam

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 2)).astype("float32")
LABELS = (X[:, :1] > 0).astype("float32")

TEXT = """\
      instruction             numbers    reads            into     read  written  flops
batch: the rows of the batch
 [0]  gather                  4 x 2      x                @64        32       32      0
 [1]  gather                  4          y                @80        16       16      0
forward: hidden
 [2]  product_by_rows + bias  3 x 4 x 2  kernel [0] bias  @96        68       48     48
 [3]  tanh                    12         [2]              @112       48       48     12
forward: out
 [4]  product_by_rows + bias  4 x 3      kernel [3] bias  @96        64       16     24
 [5]  sigmoid                 4          [4]              @128       16       16      4
loss: how wrong that is
 [6]  sigmoid_cross_entropy   4          [4] [1]          @144       32       16      4
 [7]  sum_along               4          [6] / 4          @96        20        4      4
backward: the gradients
 [8]  subtract                4          [5] [1]          @144       32       16      4
 [9]  multiply                4          0.25 [8]         @80        20       16      4
backward: out
[10]  sum_along               4          [9]              @144       16        4      4
[11]  product_by_rows         3 x 4 x 1  kernel [9]       @160       28       48     24
[12]  product_by_dots         3 x 4      [9] [3]          @176       64       12     24
backward: hidden
[13]  tanh_slope              12         [11] [3]         @80        96       48     12
[14]  sum_along               3 x 4      [13]             @112       48       12     12
[15]  product_by_dots         2 x 3 x 4  [0] [13]         @160       80       24     48
report: what Python is told
[16]  look                    1          [7]              loss        4        4      0
[17]  tell                    4          [5]              outputs    16       16      0
update: hidden
[18]  descend_momentum        6          [15] 1 slot      kernel     72       48      6
[19]  descend_momentum        3          [14] 1 slot      bias       36       24      3
update: out
[20]  descend_momentum        3          [12] 1 slot      kernel     36       24      3
[21]  descend_momentum        1          [10] 1 slot      bias       12        8      1

22 instructions, 3 of them of several ops in one
241 flops, 168 of them in products
856 bytes read, 500 written
arena of 768 bytes; 1,280 if every value had memory of its own
batches lie feature by feature
[n] is what instruction n wrote, @n a place in the arena"""


@op(x=lambda g, x: g * 2 * x)
def own(x, /):
    """What no opcode is known for."""
    return x * x


def explanation_of(*layers, loss="binary_crossentropy", labels=LABELS, size=4, optimizer=None):
    set_random_seed(0)
    model = Sequential(list(layers))
    model.compile(optimizer or SGD(0.1, momentum=0.9), loss, metrics=["mae"])
    model.build((None, 2))
    return Runner(model, [X, labels], lambda rows: (make_value(X[rows]), labels[rows], None), size).explain()


def tiny():
    return explanation_of(Dense(3, activation="tanh", name="hidden"), Dense(1, activation="sigmoid", name="out"))


def test_a_plan_is_told_line_by_line():
    assert str(tiny()) == TEXT


def test_the_names_are_those_of_the_model_that_asks_and_not_of_the_one_that_the_plan_was_made_for():
    tiny()
    text = str(explanation_of(Dense(3, activation="tanh", name="first"), Dense(1, activation="sigmoid", name="second")))
    assert "forward: second" in text and "update: first" in text and "hidden" not in text


def test_lines_are_not_longer_than_a_page_is_wide():
    layers = [Dense(30, activation="gelu", kernel_regularizer="l2", name=f"a_rather_long_name_{i}") for i in range(12)]
    labels = np.arange(8) % 3
    whole = explanation_of(*layers, Dense(3, activation="softmax"), loss="sparse_categorical_crossentropy", labels=labels)
    assert max(map(len, str(whole).split("\n"))) <= 100


def test_the_opcode_of_a_product_with_a_bias_counts_as_several_ops_in_one():
    whole = explanation_of(Dense(3, use_bias=False), Dense(1), loss="mse")
    fused = [line.name for line in whole.lines if line.is_fused]
    assert fused == ["product_by_rows + bias"]


def test_what_python_does_is_said_by_name():
    text = str(explanation_of(Dense(1, activation=own), loss="mse"))
    assert "own (Python)" in text and "1 of them in Python: own" in text


def test_flops_of_products_are_those_of_the_formula():
    """Forward 2·n·(2·3 + 3·1), the gradients by weights as many, that by the hidden layer 2·n·3·1."""
    assert sum(line.flops for line in tiny().lines if line.kind == "product") == 2 * 4 * (9 + 9 + 3)


def test_a_product_that_moves_a_weight_is_counted_as_a_product():
    x = RNG.normal(size=(64, 784)).astype("float32")
    model = Sequential([Dense(300, use_bias=False), Dense(1)])
    model.compile(SGD(0.1), "mse", jit_compile=True)
    model.fit(x, x[:, :1], batch_size=64, epochs=1, verbose=0)
    whole = model.compiled_plan
    assert any(line.is_product and line.phase == "update" for line in whole.lines)
    assert f"{2 * 64 * (2 * 784 * 300 + 3 * 300):,} of them in products" in str(whole)


def test_sources_are_instructions_that_came_before_and_hold_what_they_wrote():
    lines = tiny().lines
    for line in lines:
        for source in line.sources:
            if source.kind == "instruction":
                kept = lines[source.number].kept
                assert source.number < line.number and kept.first <= source.number < line.number <= kept.last


def test_bytes_of_samples_grow_with_the_batch_and_those_of_weights_do_not():
    whole = explanation_of(Dense(3, activation="tanh"), Dense(1), loss="mse", size=8)
    half = explanation_of(Dense(3, activation="tanh"), Dense(1), loss="mse", size=4)
    assert whole.lines[0].written == 2 * half.lines[0].written == 8 * 2 * 4
    assert whole.lines[-1].written == half.lines[-1].written == 2 * 4


def test_a_step_of_the_optimizer_writes_the_weight_and_its_slot():
    updates = [line for line in tiny().lines if line.phase == "update"]
    assert [line.shape for line in updates] == [(2, 3), (3,), (3, 1), (1,)]
    assert all(line.written == 2 * 4 * np.prod(line.shape) for line in updates)


def test_a_plan_of_nobody_has_numbers_in_the_place_of_names():
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.build((None, 2))
    runner = Runner(model, [X, LABELS], lambda rows: (make_value(X[rows]), LABELS[rows], None), 4)
    text = str(explain(next(iter(runner.linked.values())).plan))
    assert "weight 0" in text and "forward" in text


def test_the_plan_in_the_documentation_is_the_one_that_the_example_runs_by(monkeypatch):
    """If another one is wanted: python docs/make_pictures.py."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    pytest.importorskip("graphviz", reason="the example draws")
    from two_circles import MODELS, circles

    backend.clear_session()
    model = MODELS["tanh1"]()
    model.jit_compile = True
    model.fit(*circles()[0], epochs=1, verbose=0)
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert f"```\n{model.compiled_plan}\n```" in page
    assert f"```\n{chain().explain()}\n```" in page


def test_clipping_decay_averages_and_constraints_are_the_optimizer_s_and_stand_under_their_layers():
    optimizer = SGD(0.1, global_clipnorm=1.0, weight_decay=0.01, use_ema=True)
    whole = explanation_of(Dense(3, kernel_constraint="max_norm", name="only"), Dense(1), loss="mse", optimizer=optimizer)
    after = [line.phase for line in whole.lines if line.number > max(one.number for one in whole.lines if one.name == "tell")]
    assert set(after) == {"update"}
    assert {"shorten", "decay", "descend", "average"} <= {line.name for line in whole.lines}
    assert "average of kernel" in str(whole)


def test_an_optimizer_that_python_does_is_named():
    whole = explanation_of(Dense(1), loss="mse", optimizer=SGD(0.1, gradient_accumulation_steps=2))
    assert "1 of them in Python: SGD.apply" in str(whole)


def test_a_compiled_function_is_told_from_its_arguments_to_its_results():
    @compiled
    def slope(x, w):
        loss = ops.sum(ops.tanh(x * w))
        return loss, gradients(loss, [w])[0]

    slope(Tensor([0.0, 1.0]), Tensor([2.0, 0.0]))
    phases = list(dict.fromkeys(line.phase for line in slope.compiled_plan.lines))
    assert phases == ["forward", "backward"]
    assert "x w" in slope.explain() and "result 1" in slope.explain()


def test_what_an_optimizer_does_in_a_compiled_function_stands_where_it_is_done():
    first, second = Variable(np.ones(3, "float32"), name="first"), Variable(np.ones(3, "float32"), name="second")
    sgd, adam = SGD(0.1), Adam(0.1)

    @compiled
    def step(x):
        sgd.apply(gradients(ops.sum(first * x), [first]), [first])
        adam.apply(gradients(ops.sum(first * second * x), [second]), [second])
        first.assign(second.detach() * 0.5)

    step(np.ones(3, "float32"))
    whole = step.compiled_plan
    updates = [(line.name, line.target) for line in whole.lines if line.phase == "update"]
    assert updates == [("descend", "first"), ("adam", "second"), ("lay_out", "first")]
    assert [phase for phase, _ in itertools.groupby(line.phase for line in whole.lines)].count("update") == 3
    assert "2 slots" in str(whole) and "update: the optimizer" in str(whole)


def test_arguments_are_told_by_the_names_of_their_parameters():
    @compiled
    def function(x, /, pair, count, *more, scale):
        return x * count + pair[0] * pair[1] + more[0] * scale

    one = Tensor([1.0, 2.0])
    function(one, [one * 2, one * 3], 5, one * 4, scale=one * 5)
    read = {source.name for line in function.compiled_plan.lines for source in line.sources if source.kind == "table"}
    assert read == {"x", "pair 0", "pair 1", "argument 3", "scale"}


# Blocks ------------------------------------------------------------------------------------------


def chain(size=100_000):
    """The function of docs/performance.md, after a call."""

    @compiled
    def chain(x, w, b):
        loss = (ops.tanh(x * w + b) * ops.sigmoid(x)).sum()
        return loss, *gradients(loss, [x, w, b])

    chain(*(Tensor(numbers) for numbers in np.ones((3, size), "float32")))
    return chain


def test_what_is_run_in_blocks_has_a_bracket_that_begins_and_ends_with_them():
    function = chain()
    count, (block,) = len(function.compiled_plan.lines), function.compiled_plan.blocks
    marks = [row[6:8] for row in function.explain().split("\n") if row.startswith(("[", " ["))][:count]
    assert (block.first, block.last) == (1, count - 1) and marks == ["la", "/ ", *["| "] * (count - 3), "\\ "]


def test_bytes_that_leave_a_block_are_those_of_arguments_and_results():
    (block,) = chain().compiled_plan.blocks
    assert (block.rows, block.size) == (100_000, 2048)
    assert block.read == 4 * (3 * 100_000 + 1) and block.written == 4 * (3 * 100_000 + 1)  # a constant, and the loss


def test_small_arrays_are_in_no_block():
    whole = chain(1000).compiled_plan
    assert not whole.blocks and "block" not in str(whole) and "/ " not in str(whole)


def test_an_addition_of_the_sums_of_blocks_is_done_once_in_each():
    whole = chain().compiled_plan
    added = next(line for line in whole.lines if line.name == "add" and line.target == "result 0")
    assert added.extent == (49, 1) and added.flops == 49 == -(-100_000 // 2048)


def test_values_within_a_block_need_memory_for_a_block_only():
    whole = chain().compiled_plan
    kept = [line.kept for line in whole.lines if line.kept is not None and line.extent == (100_000,) and line.name != "sum_along"]
    assert kept and all(one.size == 2048 for one in kept)
    assert all((one.address + one.size) * 4 <= whole.arena for one in kept)
    assert 4 * 100_000 * len(kept) <= whole.separate < 4 * 100_000 * len(kept) + 1000  # and cells of single numbers


def test_what_reads_a_result_reads_from_who_wrote_it():
    lines = chain().compiled_plan.lines
    slope = next(line for line in lines if line.name == "tanh_slope")
    assert slope.target == "result 3" and sum(f"[{slope.number}]" in map(str, line.sources) for line in lines) == 2


def test_the_last_who_added_to_a_sum_stands_for_who_began_it():
    def centred(x):
        return (x - ops.mean(ops.exp(x) * x, axis=0),)

    function = compiled(centred)
    function(Tensor(np.ones((5000, 8), "float32")))
    lines = function.compiled_plan.lines
    begun, added = (next(line.number for line in lines if line.name == name) for name in ("lay_out", "add"))
    assert f"[{begun}]" in map(str, lines[added].sources)
    later = [str(source) for line in lines[added + 1 :] for source in line.sources]
    assert f"[{added}]" in later and f"[{begun}]" not in later


def test_means_of_a_normalizing_layer_are_that_layer_s_and_not_the_loss_s():
    whole = explanation_of(Dense(100), BatchNormalization(name="normal"), Dense(1), loss="mse")
    assert next((line.phase, line.layer) for line in whole.lines if line.name == "moments") == ("forward", "normal")


def test_what_an_instruction_writes_beside_its_result_is_read_from_it():
    """Few units: means and variances are found along with the numbers that they scale."""
    whole = explanation_of(Dense(3), BatchNormalization(), Dense(1), loss="mse")
    scaled = next(line for line in whole.lines if line.name == "scaled")
    assert scaled.written == 4 * (4 * 3 + 3 * 3) and scaled.read == 4 * (4 * 3 + 3 + 3 + 1 + 1)  # gamma, beta, epsilon, count
    shares = [line for line in whole.lines if "0.01" in map(str, line.sources)]
    assert len(shares) == 2 and all(f"[{scaled.number}]" in map(str, line.sources) for line in shares)


def test_what_there_is_no_room_for_goes_on_in_the_next_row():
    layers = [Dense(300, activation="tanh"), BatchNormalization(), Dense(3, activation="softmax")]
    labels = np.arange(8) % 3
    text = str(explanation_of(*layers, loss="sparse_categorical_crossentropy", labels=labels, optimizer="adam"))
    assert {"gamma", "beta", "moving_mean", "0.99"} <= set(text.split()) and max(map(len, text.split("\n"))) <= 100
