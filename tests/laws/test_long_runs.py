"""Ten thousand steps of training leave nothing behind: no object, and no memory of the process."""

import contextlib
import gc

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, as_tensor, checkpoint, detect_anomaly, grad, gradients, memory, no_grad, ops
from tinygrad_edu.graph import ChangedArrayError
from tinygrad_edu.optimizers import SGD

resource = pytest.importorskip("resource")  # not on Windows
STEPS = 10_000
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 3)).astype(np.float32), RNG.normal(size=(64, 1)).astype(np.float32)


def resident():
    """Bytes of this process that are in memory now, or the most there ever were where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Training:
    """A small model, and now and then what else a user does in a loop."""

    def __init__(self):
        self.w = Variable(RNG.normal(size=(3, 4)).astype(np.float32), name="w")
        self.v = Variable(RNG.normal(size=(4, 1)).astype(np.float32), name="v")
        self.optimizer = SGD(0.01)

    def forward(self, x):
        return (x @ self.w).tanh() @ self.v

    def step(self, n):
        rows = slice(n % 32, n % 32 + 8)
        loss = ((self.forward(as_tensor(X[rows])) - Y[rows]) ** 2).mean()
        if n % 25 == 0:
            self.rarely(n, loss)
        self.optimizer.apply(gradients(loss, [self.w, self.v]), [self.w, self.v])

    def rarely(self, n, loss):
        self.w.numpy().sum()
        hooked = self.forward(X[:2])
        hooked.register_hook(lambda g: g * 2)
        hooked.sum().backward()
        self.w.zero_grad(), self.v.zero_grad()
        checkpoint(self.forward, as_tensor(X[:2])).sum()
        grad(lambda x: (x * loss.detach()).sum())(X[0])
        next(self.watch())
        self.fail()
        self.fail_midway()
        self.forward(X[:2]).sum()  # never walked

    def watch(self):
        with no_grad(), detect_anomaly():
            yield self.forward(X[:2])

    def fail(self):
        try:
            loss = (self.w * self.w).sum()
            self.w.data[0, 0] += 0
            self.w.data[0, 0] += 1e-3
            loss.backward()
        except ChangedArrayError:
            return
        raise AssertionError("the change was not noticed")


    def fail_midway(self):
        """Half of the rules have been called, and half of the graph has been released."""
        hidden = (X[:2] @ self.w).tanh()
        hidden.register_hook(lambda g: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            (hidden @ self.v).sum().backward()
        with contextlib.suppress(ValueError):
            hidden @ X


def test_ten_thousand_steps_leave_nothing_behind():
    training = Training()
    for n in range(200):
        training.step(n)
    gc.collect()
    gc.disable()
    try:
        objects, bytes_ = len(gc.get_objects()), resident()
        for n in range(STEPS):
            training.step(n)
        grown, drift = len(gc.get_objects()) - objects, resident() - bytes_
    finally:
        gc.enable()
    assert grown <= 5
    assert drift < 1_000_000
    assert len(memory.known) < 50


def test_scalar_training_leaves_nothing_behind():
    a = Tensor(0.5)

    def step():
        loss = (a * 3.0 - ops.exp(a)) ** 2
        loss.backward()
        a.data = a.data - 0.01 * a.grad.data
        a.zero_grad()

    step()
    gc.collect()
    gc.disable()
    try:
        objects, bytes_ = len(gc.get_objects()), resident()
        for _ in range(STEPS):
            step()
        grown, drift = len(gc.get_objects()) - objects, resident() - bytes_
    finally:
        gc.enable()
    assert grown <= 5
    assert drift < 1_000_000
