"""Single ops and short chains as one program for each library: forward, and back to all inputs. See `engine`."""

from __future__ import annotations

from collections.abc import Callable

from compare import US, Runs, peer

import numpy as np

from tinygrad_edu import Tensor, ops


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def both(ours: Callable, torchs: Callable, data: list[np.ndarray]) -> Runs:
    """A forward and backward pass of the same function for each library that is here; `torchs` also gets torch."""

    def run(function: Callable, leaves: list) -> Callable[[], None]:
        def forward_and_back():
            for leaf in leaves:
                leaf.grad = None
            function(*leaves).backward()

        return forward_and_back

    runs: Runs = {US: run(ours, [Tensor(a) for a in data])}
    torch = peer("torch")
    if torch:
        runs["torch"] = run(lambda *xs: torchs(torch, *xs), [torch.tensor(a, requires_grad=True) for a in data])
    return runs


def chain(n: int) -> Runs:
    return both(
        lambda x, w, b: (ops.tanh(x * w + b) * ops.sigmoid(x)).sum(),
        lambda torch, x, w, b: (torch.tanh(x * w + b) * torch.sigmoid(x)).sum(),
        arrays((n,), (n,), (n,)),
    )


def matmul(n: int) -> Runs:
    return both(lambda a, b: (a @ b).sum(), lambda torch, a, b: (a @ b).sum(), arrays((n, n), (n, n)))


def broadcast_and_sum() -> Runs:
    return both(lambda x, b: (x + b).sum(), lambda torch, x, b: (x + b).sum(), arrays((1024, 1024), (1024,)))


def cross_entropy() -> Runs:
    labels = np.random.default_rng(1).integers(0, 1000, 4096)
    torch = peer("torch")
    same = torch.tensor(labels) if torch else None
    return both(
        lambda z: ops.sparse_softmax_cross_entropy(z, labels).mean(),
        lambda torch, z: torch.nn.functional.cross_entropy(z, same),
        arrays((4096, 1000)),
    )


def layernorm() -> Runs:
    return both(
        lambda x, gamma, beta: ops.normalize(x, gamma, beta, epsilon=1e-5).sum(),
        lambda torch, x, gamma, beta: torch.nn.functional.layer_norm(x, (768,), gamma, beta, 1e-5).sum(),
        arrays((4096, 768), (768,), (768,)),
    )


def embedding() -> Runs:
    rows = np.random.default_rng(1).integers(0, 10_000, (32, 100))
    torch = peer("torch")
    same = torch.tensor(rows) if torch else None
    return both(
        lambda table: table[rows].sum(),
        lambda torch, table: torch.nn.functional.embedding(same, table).sum(),
        arrays((10_000, 64)),
    )


def every_row() -> Runs:
    return both(
        lambda x: sum(x[i].sum() for i in range(1000)),
        lambda torch, x: sum(x[i].sum() for i in range(1000)),
        arrays((1000, 1000)),
    )


WORKLOADS: dict[str, Callable[[], Runs]] = {
    "tanh(x w + b) sigmoid(x), 1e3": lambda: chain(1_000),
    "the same, 1e5": lambda: chain(100_000),
    "the same, 1e7": lambda: chain(10_000_000),
    "matmul 64": lambda: matmul(64),
    "matmul 256": lambda: matmul(256),
    "matmul 1024": lambda: matmul(1024),
    "broadcast + sum, 1024 x 1024": broadcast_and_sum,
    "softmax cross-entropy, 4096 x 1000": cross_entropy,
    "layer normalization, 4096 x 768": layernorm,
    "3200 rows of 10,000 x 64 looked up": embedding,
    "1000 rows read one by one": every_row,
}
