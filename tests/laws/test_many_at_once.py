"""Many threads, tasks, generators and processes use the engine at once: none sees another's mode, and no gradient is wrong."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import os
import signal
import sys
import threading

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu import AnomalyError, Tensor, as_tensor, detect_anomaly, enable_grad, gradients, graph, is_grad_enabled, no_grad
from tinygrad_edu.optimizers import SGD

THREADS = 8
X, Y = np.linspace(-1, 1, 24).reshape(8, 3).astype(np.float32), np.linspace(0, 1, 8).reshape(8, 1).astype(np.float32)


@pytest.fixture
def steps(thorough):
    """Of one thread; a step is about ten ops."""
    return 10_000 if thorough else 300


@pytest.fixture
def switching_often():
    """Threads take turns every 10 µs, not every 5 ms, so that they meet in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work, count=THREADS):
    """Run `work(n)` in so many threads that start together; their results, or the first error."""
    barrier = threading.Barrier(count)

    def run(n):
        barrier.wait()
        return work(n)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run, n) for n in range(count)]]


def state():
    return is_grad_enabled(), graph.thread.mode.scope


def enter_and_leave(n, i):
    """Go into blocks, look at what they do, and leave them, now and then by an exception."""
    on = (n + i) % 2 == 0
    with contextlib.suppress(AnomalyError), enable_grad() if on else no_grad(), graph.mode(scope=f"layer {n}"), detect_anomaly():
        assert state() == (on, f"layer {n}")
        y = Tensor(float(n)) * i
        assert (y.node is not None) == on
        assert y.node is None or y.node.scope == f"layer {n}"
        if i % 3 == 0:
            (Tensor(0.0) * 0.0).log()
    assert state() == (True, "")


def looking_on():
    """A generator that holds no_grad."""
    with no_grad():
        while True:
            assert not is_grad_enabled()
            yield
            assert not is_grad_enabled()


def test_eight_threads_that_train_and_switch_recording_do_not_meet(steps, switching_often):
    """0 wrong gradients, 0 wrong modes."""

    def work(n):
        wrong = 0
        generator = looking_on()
        for i in range(steps):
            x = Tensor([float(n), float(i % 7), 1.0])
            loss = (x * x).sum() * 0.5 + (x[0] * x[1:]).sum() + (x @ np.full(3, 2.0))
            loss.backward()
            a, b, c = float(n), float(i % 7), 1.0
            wrong += x.grad.tolist() != [a + b + c + 2.0, b + a + 2.0, c + a + 2.0]
            if i % 5 == 0:
                enter_and_leave(n, i)
                next(generator)
            assert state() == (True, "")
        return wrong

    assert at_once(work) == [0] * THREADS


def test_eight_threads_use_one_model_without_a_lock(switching_often):
    """Weights are shared, graphs are not: each thread finds the gradients that one alone finds."""
    model = keras.models.Sequential([keras.layers.Dense(4, activation="tanh", input_dim=3), keras.layers.Dense(1)])
    weights = model.trainable_weights

    def find(n):
        rows = slice(n, n + 4)
        loss = ((model(X[rows]) - Y[rows]) ** 2).mean()
        return [g.numpy().tobytes() for g in gradients(loss, weights)]

    alone = [find(n % 4) for n in range(THREADS)]
    assert at_once(lambda n: [find(n % 4) for _ in range(20)]) == [[found] * 20 for found in alone]


def test_eight_threads_train_models_of_their_own(switching_often):
    """The same weights as one after the other, bit for bit."""

    def train(n):
        w, v = (Tensor(np.random.default_rng(n + k).normal(size=shape)) for k, shape in enumerate([(3, 4), (4, 1)]))
        for _ in range(30):
            loss = (((as_tensor(X) @ w).tanh() @ v - Y) ** 2).mean()
            for x, g in zip((w, v), gradients(loss, [w, v])):
                x.data -= 0.05 * g.data
        return w.numpy().tobytes(), v.numpy().tobytes()

    assert at_once(train) == [train(n) for n in range(THREADS)]


def fit(seed):
    model = keras.models.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", input_dim=3, kernel_initializer=keras.initializers.GlorotUniform(seed=seed)),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 1)),
        ]
    )
    model.compile(SGD(0.05, 0.9), "mse")
    model.fit(X, Y, epochs=5, batch_size=4, shuffle=False, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def test_eight_threads_fit_models_of_their_own(switching_often):
    """`fit` itself, with layers, optimizers and kernels: each gets what it gets alone."""
    assert at_once(fit) == [fit(n) for n in range(THREADS)]


def test_a_thread_begins_with_recording_on_whatever_its_parent_does():
    """And leaves its parent's mode alone; a copied context takes the mode along."""
    with no_grad(), graph.mode(scope="parent"), concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert pool.submit(state).result() == (True, "")
        assert pool.submit(contextvars.copy_context().run, state).result() == (False, "parent")
        assert state() == (False, "parent")
        assert list(pool.map(lambda n: (Tensor(float(n)) * 2).requires_grad, range(4))) == [True] * 4


def test_a_graph_that_one_thread_made_is_walked_by_another():
    x = Tensor([1.0, 2.0])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        loss = pool.submit(lambda: (x * x).sum()).result()
        pool.submit(loss.backward).result()
    assert x.grad.tolist() == [2.0, 4.0]


def test_a_hundred_tasks_take_turns_in_the_middle_of_everything():
    """Each awaits inside its blocks, and has a generator that holds no_grad."""

    async def work(n):
        x, generator = Tensor([float(n), 2.0]), looking_on()
        for i in range(10):
            with no_grad() if i % 2 else enable_grad(), graph.mode(scope=f"task {n}"):
                y = (x * i).sum()
                await asyncio.sleep(0)
                next(generator)
                assert state() == (i % 2 == 0, f"task {n}")
            if y.requires_grad:
                y.backward()
            await asyncio.sleep(0)
            assert state() == (True, "")
        return x.grad.tolist()

    async def main():
        return await asyncio.gather(*map(work, range(100)))

    assert asyncio.run(main()) == [[20.0, 20.0]] * 100


@pytest.mark.parametrize("leave", [lambda generator: generator.close(), lambda generator: next(generator, None)])
def test_a_generator_that_ends_in_another_thread_leaves_its_mode_alone(leave):
    """It was begun here; the thread that takes it to its end keeps the mode that it has."""

    def briefly():
        with no_grad():
            yield

    def end(generator):
        with no_grad(), graph.mode(scope="there"):
            leave(generator)
            return state()

    def begin():
        generator = briefly()
        next(generator)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            assert pool.submit(end, generator).result() == (False, "there")
            assert pool.submit(state).result() == (True, "")
        assert state() == (True, "")
        assert list(briefly()) == [None]
        assert state() == (True, "")

    contextvars.copy_context().run(begin)


def test_threads_and_tasks_at_once(switching_often):
    async def pair(n):
        with no_grad():
            inside = await asyncio.to_thread(is_grad_enabled)  # takes the context along
        outside = await asyncio.get_running_loop().run_in_executor(None, is_grad_enabled)
        return inside, outside, is_grad_enabled()

    async def main():
        return await asyncio.gather(*map(pair, range(20)))

    assert asyncio.run(main()) == [(False, True, True)] * 20


def forked(work, seconds=30):
    """What `work` returns as a number from 0 to 255 in a child of this process; an error if it hangs or dies."""
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        try:
            os._exit(work())
        except BaseException:
            os._exit(255)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status), f"the child was ended by signal {os.WTERMSIG(status)}"
    return os.WEXITSTATUS(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_was_forked_in_the_middle_of_everything_computes_and_trains():
    """After kernels were compiled, memory handed out, a graph recorded, and blocks entered: the child goes on where it was."""
    expected, x = fit(3), Tensor([1.0, 2.0])
    outside, loss = x.numpy(), (x * x).sum()

    def work():
        assert is_grad_enabled() is False
        with enable_grad():
            loss.backward()
            assert x.grad.tolist() == [2.0, 4.0]
            assert fit(3) == expected
            outside[0] = 5.0
        return 7

    with no_grad():
        assert forked(work) == 7
    loss.backward()
    assert (x.grad.tolist(), x.tolist()) == ([2.0, 4.0], [1.0, 2.0])
