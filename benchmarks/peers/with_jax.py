"""JAX: a jitted step, called from Python for every batch; and the whole training as one compiled loop."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .data import Data
from .workloads import ADAM, BATCH_NORM, Workload

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "elu": jax.nn.elu}
State = tuple[Any, Any, Any]  # layers (kernel, bias, gamma, beta), moving averages, what the optimizer keeps


def forward(workload: Workload, layers, moving, x, training: bool):
    """Outputs before the last activation, and the moving averages after the batch."""
    moved = []
    for depth, layer in enumerate(layers[:-1]):
        x = x @ layer[0] + layer[1]
        if workload.normalized:
            x, averages = normalize(x, *layer[2:], moving[depth], training)
            moved.append(averages)
        x = ACTIVATIONS[workload.activation](x)
    return x @ layers[-1][0] + layers[-1][1], moved


def normalize(x, gamma, beta, moving, training: bool):
    if not training:
        return (x - moving[0]) * jax.lax.rsqrt(moving[1] + BATCH_NORM["epsilon"]) * gamma + beta, moving
    mean, variance = x.mean(0), x.var(0)
    share = BATCH_NORM["momentum"]
    moved = [share * old + (1 - share) * new for old, new in zip(moving, (mean, variance))]
    return (x - mean) * (jax.lax.rsqrt(variance + BATCH_NORM["epsilon"]) * gamma) + beta, moved


def loss(workload: Workload, layers, moving, x, y, training: bool = True):
    """Mean loss, moving averages."""
    z, moved = forward(workload, layers, moving, x, training)
    if workload.last == "softmax":
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean(), moved
    if workload.last == "sigmoid":
        return (jax.nn.softplus(z) - z * y).mean(), moved
    return ((z - y) ** 2).mean(), moved


def step(workload: Workload, state: State, x, y) -> State:
    """One batch: gradients, update."""
    layers, moving, kept = state
    gradients, moved = jax.grad(partial(loss, workload), has_aux=True)(layers, moving, x, y)
    if workload.rate is None:
        layers, kept = adam(layers, gradients, *kept)
        return layers, moved, kept
    change = jax.tree.map(lambda g: -workload.rate * g, gradients)
    if workload.momentum:
        change = kept = jax.tree.map(lambda v, c: workload.momentum * v + c, kept, change)
    return jax.tree.map(jnp.add, layers, change), moved, kept


def adam(layers, gradients, count, first, second):
    b1, b2, count = ADAM["beta_1"], ADAM["beta_2"], count + 1
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, second, gradients)
    rate = ADAM["rate"] * jnp.sqrt(1 - b2**count) / (1 - b1**count)
    new = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + ADAM["epsilon"]), layers, first, second)
    return new, (count, first, second)


class Jit:
    """A compiled step for each batch, with the state given away."""

    def __init__(self, workload: Workload, data: Data):
        self.workload, self.data = workload, data
        self.step = jax.jit(partial(step, workload), donate_argnums=0)
        self.validate = jax.jit(lambda state, x, y: loss(workload, *state[:2], x, y, training=False)[0])

    def reset(self) -> None:
        groups = self.data.layers()
        layers = [[jnp.array(weight) for weight in group[:4]] for group in groups]
        moving = [[jnp.array(weight) for weight in group[4:]] for group in groups if len(group) > 4]
        self.state: State = layers, moving, self.kept(layers)
        self.losses: Any = []
        jax.block_until_ready(self.state)

    def kept(self, layers) -> Any:
        """What the optimizer begins with."""
        zeros = lambda: jax.tree.map(jnp.zeros_like, layers)
        if self.workload.rate is None:
            return jnp.float32(0), zeros(), zeros()
        return zeros() if self.workload.momentum else []

    def run(self) -> None:
        x, y, batch = self.data.x, self.data.y, self.workload.batch
        for order in self.data.orders:
            for at in range(0, len(x), batch):
                rows = order[at : at + batch]
                self.state = self.step(self.state, x[rows], y[rows])
            if self.workload.validation:
                self.losses.append(float(self.validate(self.state, self.data.x_val, self.data.y_val)))
        jax.block_until_ready(self.state)

    def weights(self) -> list[np.ndarray]:
        layers, moving, _ = self.state
        averages = [*moving, *[[]] * (len(layers) - len(moving))]
        return [np.asarray(weight) for pair in zip(layers, averages) for part in pair for weight in part]


class Scan(Jit):
    """One call for all epochs: a scan over epochs of a scan over full batches, with a step for the rest of the rows."""

    def __init__(self, workload: Workload, data: Data):
        super().__init__(workload, data)
        self.arrays = [jnp.array(a) for a in (data.x, data.y, data.x_val, data.y_val)]
        self.all = jax.jit(partial(train, workload), donate_argnums=0)

    def run(self) -> None:
        self.state, self.losses = jax.block_until_ready(self.all(self.state, self.data.orders, *self.arrays))


def train(workload: Workload, state: State, orders, x, y, x_val, y_val):
    full = workload.rows // workload.batch * workload.batch

    def batch(state, rows):
        return step(workload, state, x[rows], y[rows]), None

    def epoch(state, order):
        state, _ = jax.lax.scan(batch, state, order[:full].reshape(-1, workload.batch))
        if full < workload.rows:
            state, _ = batch(state, order[full:])
        return state, loss(workload, *state[:2], x_val, y_val, training=False)[0] if workload.validation else None

    return jax.lax.scan(epoch, state, orders)


FORMS = {"jit": Jit, "scan": Scan}
