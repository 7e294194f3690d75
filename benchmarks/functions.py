"""Functions of arrays with their gradients, through `@tinygrad_edu.compiled`, beside torch, torch.compile, JAX and NumPy.

    python benchmarks/functions.py [--threads 1 2] [--only chain]

All in one process for each number of threads: peers take turns, round by round, after two calls in which they compile. What
is shown is our median and the ratio of theirs to it: above 1 we are faster. All get the same float32 arrays and have to give the
same numbers; a peer whose numbers are others is struck out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace as Words

from peers.table import US, header, row
from peers.turns import environment, is_installed

import numpy as np

PEERS = "torch", "torch compile", "jax jit", "numpy"
THREADS = "FUNCTIONS_THREADS"  # set in the process that measures
SECONDS, LEAST = 3.0, 7
TOLERANCE = 2e-3  # of the largest number of a result
EPSILON = 1e-5


# What is computed: in words of torch, which JAX and we say much alike; `m` has the functions. ------


def chain(m, x, w, b):
    return (m.tanh(x * w + b) * m.sigmoid(x)).sum()


def cross_entropy(m, z, labels):
    return m.cross_entropy(z, labels)


def layernorm(m, x, gamma, beta):
    return m.normalize(x, gamma, beta).sum()


def broadcast_and_sum(m, x, b):
    return (x + b).sum()


RNG = np.random.default_rng(0)


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [RNG.standard_normal(shape).astype(np.float32) for shape in shapes]


WORKLOADS: dict[str, tuple[Callable, Callable[[], list[np.ndarray]]]] = {
    "chain 1e3: tanh(x w + b) sigmoid(x)": (chain, lambda: arrays(*[(1_000,)] * 3)),
    "chain 1e5": (chain, lambda: arrays(*[(100_000,)] * 3)),
    "chain 1e7": (chain, lambda: arrays(*[(10_000_000,)] * 3)),
    "softmax cross-entropy 4096 x 1000": (cross_entropy, lambda: [*arrays((4096, 1000)), RNG.integers(0, 1000, 4096)]),
    "layernorm 4096 x 768": (layernorm, lambda: arrays((4096, 768), (768,), (768,))),
    "broadcast + sum 1024 x 1024": (broadcast_and_sum, lambda: arrays((1024, 1024), (1024,))),
}

# Who computes it: each makes of a workload and its arrays a call that gives loss and gradients. -------


def with_ours(function: Callable, data: list[np.ndarray]) -> Callable[[], list]:
    import tinygrad_edu as tg

    words = Words(
        tanh=tg.ops.tanh,
        sigmoid=tg.ops.sigmoid,
        cross_entropy=lambda z, labels: tg.ops.sparse_softmax_cross_entropy(z, labels).mean(),
        normalize=lambda x, gamma, beta: tg.ops.normalize(x, gamma, beta, epsilon=EPSILON),
    )

    @tg.compiled
    def both(*xs):
        loss = function(words, *xs)
        return loss, *tg.gradients(loss, list(xs[: len(floats)]))

    floats = [x for x in data if x.dtype == np.float32]
    given = [tg.Tensor(x) if x.dtype == np.float32 else x for x in data]
    return lambda: both(*given)


def _with_torch(function: Callable, data: list[np.ndarray], prepare: Callable) -> Callable[[], list]:
    import torch

    torch.set_num_threads(int(os.environ[THREADS]))

    words = Words(
        tanh=torch.tanh,
        sigmoid=torch.sigmoid,
        cross_entropy=torch.nn.functional.cross_entropy,
        normalize=lambda x, gamma, beta: torch.nn.functional.layer_norm(x, gamma.shape, gamma, beta, EPSILON),
    )

    given = [torch.tensor(x, requires_grad=x.dtype == np.float32) for x in data]
    floats = [x for x in given if x.requires_grad]
    loss_of = prepare(lambda *xs: function(words, *xs))

    def both():
        loss = loss_of(*given)
        return [loss.detach(), *torch.autograd.grad(loss, floats)]

    return both


def with_torch(function: Callable, data: list[np.ndarray]) -> Callable[[], list]:
    return _with_torch(function, data, lambda f: f)


def with_torch_compile(function: Callable, data: list[np.ndarray]) -> Callable[[], list]:
    import torch

    return _with_torch(function, data, torch.compile)


def with_jax(function: Callable, data: list[np.ndarray]) -> Callable[[], list]:
    import jax
    import jax.numpy as jnp

    def normalize(x, gamma, beta):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * gamma + beta

    words = Words(
        tanh=jnp.tanh,
        sigmoid=jax.nn.sigmoid,
        cross_entropy=lambda z, labels: -jnp.take_along_axis(jax.nn.log_softmax(z), labels[:, None], 1).mean(),
        normalize=normalize,
    )

    count = sum(x.dtype == np.float32 for x in data)
    both = jax.jit(jax.value_and_grad(lambda *xs: function(words, *xs), tuple(range(count))))
    given = [jnp.asarray(x) for x in data]

    def run():
        loss, gradients = jax.block_until_ready(both(*given))
        return [loss, *gradients]

    return run


def with_numpy(function: Callable, data: list[np.ndarray]) -> Callable[[], list]:
    return lambda: BY_HAND[function](*data)


def chain_by_hand(x, w, b):
    t, s = np.tanh(x * w + b), 1 / (1 + np.exp(-x))
    g = s * (1 - t * t)
    return (t * s).sum(), g * w + t * s * (1 - s), g * x, g


def cross_entropy_by_hand(z, labels):
    shifted, rows = z - z.max(1, keepdims=True), np.arange(len(z))
    e = np.exp(shifted)
    whole = e.sum(1, keepdims=True)
    loss = (np.log(whole[:, 0]) - shifted[rows, labels]).mean()
    e /= whole
    e[rows, labels] -= 1
    return loss, e / np.float32(len(z))


def layernorm_by_hand(x, gamma, beta):
    centred = x - x.mean(1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(1, keepdims=True) + np.float32(EPSILON))
    n = centred * scale
    g = np.broadcast_to(gamma, x.shape)
    back = (g - g.mean(1, keepdims=True) - n * (g * n).mean(1, keepdims=True)) * scale
    return (n * gamma + beta).sum(), back, n.sum(0), np.full_like(beta, len(x))


def broadcast_and_sum_by_hand(x, b):
    return (x + b).sum(), np.ones_like(x), np.full_like(b, len(x))


BY_HAND = {
    chain: chain_by_hand,
    cross_entropy: cross_entropy_by_hand,
    layernorm: layernorm_by_hand,
    broadcast_and_sum: broadcast_and_sum_by_hand,
}
MAKERS = {
    US: with_ours, "torch": with_torch, "torch compile": with_torch_compile, "jax jit": with_jax, "numpy": with_numpy,
}  # fmt: skip

# Measuring ---------------------------------------------------------------------------------------


def measure(name: str) -> None:
    """A row of the table."""
    function, make = WORKLOADS[name]
    data = make()
    runs = {peer: maker(function, data) for peer, maker in MAKERS.items() if is_installed(peer)}
    right, doubted = [np.asarray(x) for x in BY_HAND[function](*data)], []
    for peer, run in runs.items():
        run()
        if not all(map(agree, run(), right)):
            doubted.append(peer)
    print(row(name, medians(runs), PEERS, doubted=doubted), flush=True)


def agree(found: object, right: np.ndarray) -> bool:
    found = np.asarray(getattr(found, "array", found), np.float64)
    return found.shape == right.shape and bool(np.abs(found - right).max() <= TOLERANCE * max(1, np.abs(right).max()))


def medians(runs: dict[str, Callable]) -> dict[str, float]:
    """Median times, in turns. What is short is called often enough to be seen."""
    counts = {name: max(1, int(2e-3 / seconds(run, 1))) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times[US]) < LEAST:
        for name, run in runs.items():
            times[name].append(seconds(run, counts[name]))
    return {name: statistics.median(found) for name, found in times.items()}


def seconds(run: Callable, count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        result = run()
    del result
    return (time.perf_counter() - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--only", default="", help="a part of the names of what is measured")
    options = parser.parse_args()
    names = [name for name in WORKLOADS if options.only in name]
    if THREADS in os.environ:
        print(f"\n**Functions and their gradients, threads: {os.environ[THREADS]}**\n\n{header(*PEERS)}", flush=True)
        for name in names:
            measure(name)
        return
    for threads in options.threads:
        own = environment(threads, **{THREADS: str(threads)})
        subprocess.run([sys.executable, __file__, "--only", options.only], env=own, check=True)


if __name__ == "__main__":
    main()
