"""The benchmarks measure what they say: peers train the same thing, from the same beginning, to the same end."""

import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "benchmarks"))

from peers import data, making, table, turns, worker
from peers.workloads import WORKLOADS, Workload

TINY = {
    name: replace(workload, data="made", rows=min(workload.rows, 70), epochs=min(workload.epochs, 3))
    for name, workload in WORKLOADS.items()
    if not name.endswith("256")
}
DENSE = {name: workload for name, workload in TINY.items() if not workload.scalars}
TRAINED = [peer for peer in worker.PEERS if turns.is_installed(peer) and peer != "torch compile"]


def trained(peer, workload):
    """A peer after two runs, and what it was given."""
    given = making.make(workload)
    module, form = (worker.SCALARS if workload.scalars else worker.PEERS)[peer]
    made = importlib.import_module(f"peers.{module}").FORMS[form](workload, given)
    for _ in range(2):  # the second begins where the first began
        made.reset()
        made.run()
    return made, given


@pytest.mark.parametrize("name", DENSE)
def test_fit_ends_with_the_weights_of_a_training_by_hand(name):
    ours, _ = trained("tinygrad_edu", DENSE[name])
    hand, _ = trained("numpy", DENSE[name])
    for weight, same in zip(ours.weights(), hand.weights(), strict=True):
        np.testing.assert_allclose(weight, same, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", ["W1val", "W4", "W6b32"])
@pytest.mark.parametrize("peer", [peer for peer in TRAINED if peer not in ("tinygrad_edu", "numpy")])
@pytest.mark.filterwarnings("ignore")  # of libraries that are not ours
def test_every_peer_ends_with_the_same_loss(peer, name):
    try:
        made, given = trained(peer, TINY[name])
    except NotImplementedError:
        pytest.skip(f"{peer} is not made for {name}")
    hand, _ = trained("numpy", TINY[name])
    here, there = (data.loss(TINY[name], given, weights.weights()) for weights in (made, hand))
    assert here == pytest.approx(there, rel=0.05 if TINY[name].normalized else 1e-3)  # torch's moving variance is another


@pytest.mark.parametrize("peer", [peer for peer in worker.SCALARS if turns.is_installed(peer)])
def test_scalars_take_the_step_of_arrays(peer):
    workload = replace(TINY["W10"], rows=6, batch=6, sizes=(2, 3, 1))
    given = making.make(workload)
    module, form = worker.SCALARS[peer]
    made = importlib.import_module(f"peers.{module}").FORMS[form](workload, given)
    made.reset()
    made.run()
    hand = importlib.import_module("peers.with_numpy").Hand(workload, given)
    hand.reset()
    hand.run()
    for weight, same in zip(made.weights(), hand.weights(), strict=True):
        np.testing.assert_allclose(weight, same, rtol=1e-5, atol=1e-6)


def test_the_gradients_by_hand_are_those_of_differences():
    workload = replace(TINY["W6b32"], sizes=(4, 3, 3), rows=8)
    given = making.make(workload)
    given.x, given.weights = given.x.astype(float), [weight.astype(float) for weight in given.weights]
    hand = importlib.import_module("peers.with_numpy").Hand(workload, given)
    hand.reset()
    found = hand.gradients(given.x, given.y)
    weight, gradient = hand.trained[0], found[0]

    def loss_at(moved):
        weight[1, 2] += moved
        z = given.x @ weight + hand.trained[1]
        z = (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-3)
        a = data.ACTIVATIONS["elu"](z)
        weight[1, 2] -= moved
        return data.measure(replace(workload, normalized=False), [[*hand.trained[4:6]]], a, given.y)

    assert gradient[1, 2] == pytest.approx((loss_at(1e-5) - loss_at(-1e-5)) / 2e-5, rel=1e-4)


def test_what_is_saved_for_a_peer_is_what_it_loads(tmp_path):
    workload = TINY["W6b32"]
    given = making.make(workload)
    data.save(tmp_path / "w.npz", workload, given)
    same, loaded = data.load(tmp_path / "w.npz")
    assert same == workload and isinstance(same, Workload)
    for name in ("x", "y", "orders"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(given, name))
    assert all(map(np.array_equal, loaded.weights, given.weights))


def test_a_peer_answers_from_a_process_of_its_own_and_others_take_their_turns(tmp_path):
    path = tmp_path / "w.npz"
    data.save(path, TINY["W3"], making.make(TINY["W3"]))
    ours, hand = turns.measured(["tinygrad_edu", "numpy"], path, threads=1, rounds=2)
    assert (ours["peer"], hand["peer"]) == ("tinygrad_edu", "numpy")
    assert len(ours["runs"]) == 3 and ours["wall"] > 0 and ours["peak"] > hand["peak"] > 10
    assert ours["loss"] == pytest.approx(hand["loss"], rel=1e-4)


def test_a_peer_that_cannot_do_it_is_left_out_and_told(tmp_path, capsys):
    path = tmp_path / "w.npz"
    data.save(path, TINY["W6b32"], making.make(TINY["W6b32"]))
    assert [result["peer"] for result in turns.measured(["numba", "numpy"], path, threads=1, rounds=0)] == ["numpy"]
    assert "with_numba expects SGD" in capsys.readouterr().err


def test_what_slows_openblas_down_is_kept_from_every_peer(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    found = turns.environment(2)
    assert "OPENBLAS_CORETYPE" not in found
    assert found["OPENBLAS_NUM_THREADS"] == found["NUMBA_NUM_THREADS"] == "2"


def test_processors_are_given_back():
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("no affinity here")
    before = os.sched_getaffinity(0)
    with turns.on_processors(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_a_row_shows_ratios_and_strikes_out_what_is_doubted():
    figures = {"tinygrad_edu": 0.002, "torch": 0.004, "jax": 0.001}
    assert table.row("W", figures, ["torch", "jax", "keras"], doubted=["jax"]) == "| W | 2 ms | 2.00 | ~~0.50~~ |  |"


def test_measurements_are_not_written_among_the_source(capsys):
    versus = importlib.import_module("versus")
    with pytest.raises(SystemExit):
        versus.arguments(["--json", str(ROOT / "found.json")])
    assert "outside of" in capsys.readouterr().err


def test_one_command_prints_the_table_and_writes_the_figures(tmp_path, monkeypatch, capsys):
    versus = importlib.import_module("versus")
    monkeypatch.setattr(versus, "from_process_start", lambda *_, **__: 1.0)  # minutes, with an empty cache
    monkeypatch.setattr(versus, "WORKLOADS", {"W1": TINY["W1"], "W5b32": TINY["W5b32"]})
    monkeypatch.setattr(
        sys, "argv", ["versus", "--peers", "numpy", "--threads", "1", "--rounds", "1", "--json", str(tmp_path / "f.json")]
    )
    assert versus.main() == 0
    printed = capsys.readouterr().out
    assert "| W1: two circles" in printed and "Peak memory" in printed and "From the start" in printed
    assert (tmp_path / "f.json").stat().st_size > 100
