"""Recording on and off in generators, tasks and threads: nobody switches it for somebody else."""

import asyncio
import contextlib
import threading

import pytest

from tinygrad_edu import Tensor, enable_grad, graph, is_grad_enabled, no_grad
from tinygrad_edu.modes import Mode, current

X = Tensor(2.0)


def recording():
    """Whether an op is recorded, and whether they say so."""
    assert is_grad_enabled() == ((X * 1).node is not None) == graph.thread.mode.recording
    return is_grad_enabled()


@pytest.fixture(autouse=True)
def nothing_leaks():
    assert current() == Mode()
    yield
    assert current() is Mode() or (type(current()) is Mode and current() == Mode())


def quiet(steps=2):
    with no_grad():
        for _ in range(steps):
            assert not recording()
            yield "inside"
            assert not recording()
    assert recording()
    yield "after"


def test_no_grad_in_a_generator_sleeps_between_its_yields():
    seen = []
    for word in quiet():
        seen.append(word)
        assert recording()
    assert seen == ["inside", "inside", "after"]


def test_enable_grad_in_a_generator_under_no_grad():
    def loud():
        with enable_grad():
            assert recording()
            yield
            assert recording()

    with no_grad():
        for _ in loud():
            assert not recording()
        assert not recording()


@pytest.mark.parametrize("leave", ["close", "drop", "throw"])
def test_a_generator_that_is_left_early_leaves_nothing(leave):
    generator = quiet()
    next(generator)
    assert recording()
    if leave == "close":
        generator.close()
    elif leave == "throw":
        with pytest.raises(KeyError):
            generator.throw(KeyError())
    del generator
    assert type(current()) is Mode


def test_generators_that_take_turns():
    a, b = quiet(3), quiet(3)
    for _ in range(3):
        next(a), next(b)
        assert recording()
    next(b)
    assert recording()
    next(a)
    assert recording()
    a.close(), b.close()


def test_a_block_around_a_sleeping_generator_counts_and_the_generator_keeps_its_own():
    generator = quiet(4)
    next(generator)
    with enable_grad(), graph.mode(scope="outer", training=True):
        assert recording()
        assert current().scope == "outer"
        next(generator)  # asserts that it does not record
        assert recording()
    with no_grad():
        assert not recording()
        next(generator)
        assert not recording()
    assert recording()
    generator.close()


def test_a_generator_inside_a_generator():
    def outer():
        with enable_grad():
            for _ in quiet():
                assert recording()
                yield
                assert recording()

    with no_grad():
        for _ in outer():
            assert not recording()


def test_a_generator_that_drives_another_one_started_before_it():
    first = quiet(5)
    next(first)

    def second():
        with enable_grad():
            next(first)
            assert recording()
            yield
            next(first)
            assert recording()

    for _ in second():
        assert recording()
    first.close()


def test_a_block_that_outlives_the_one_it_began_in():
    """The generator starts inside a block of its caller, and goes on after that block has ended."""
    generator = quiet(4)
    with graph.mode(scope="begin"):
        next(generator)
    assert current().scope == ""
    assert recording()
    next(generator)
    assert recording()
    generator.close()
    assert recording()


def test_a_layer_called_in_a_generator_keeps_the_mode():
    from tinygrad_edu.layers import Activation

    def run():
        with no_grad():
            assert Activation("tanh")(X).node is None
            yield
            assert Activation("tanh")(X).node is None

    for _ in run():
        assert Activation("tanh")(Tensor([[1.0]])).node is not None


@pytest.mark.parametrize("way", ["with", "stack"])
def test_context_managers_made_of_generators_hold_for_their_block(way):
    @contextlib.contextmanager
    def silence():
        with no_grad():
            yield

    if way == "with":
        with silence():
            assert not recording()
    else:
        with contextlib.ExitStack() as stack:
            stack.enter_context(silence())
            assert not recording()
    assert recording()


def test_as_a_decorator_of_a_generator_it_holds_inside_only():
    @no_grad()
    def echo(n):
        got = []
        for i in range(n):
            assert not recording()
            try:
                got.append((yield i))
            except KeyError:
                got.append("caught")
        return got

    generator = echo(3)
    assert next(generator) == 0
    assert recording()
    assert generator.send("a") == 1
    assert generator.throw(KeyError()) == 2
    assert recording()
    with pytest.raises(StopIteration) as stop:
        generator.send("c")
    assert stop.value.value == ["a", "caught", "c"]
    early = echo(3)
    next(early)
    early.close()
    assert recording()


def test_tasks_do_not_see_each_others_mode():
    async def worker(n, off):
        with no_grad() if off else enable_grad(), graph.mode(scope=f"task {n}"):
            for _ in range(20):
                await asyncio.sleep(0)
                assert recording() != off
                assert current().scope == f"task {n}"

    async def numbers():
        with no_grad():
            for i in range(3):
                yield i
                await asyncio.sleep(0)
                assert not recording()

    @no_grad()
    async def decorated():
        await asyncio.sleep(0)
        return recording()

    async def main():
        await asyncio.gather(*(worker(n, n % 2 == 0) for n in range(8)))
        async for _ in numbers():
            assert recording()
        assert not await decorated()
        assert recording()
        with no_grad():
            assert not await asyncio.to_thread(recording)
        async with quiet_context():
            assert not recording()
        assert recording()

    @contextlib.asynccontextmanager
    async def quiet_context():
        with no_grad():
            yield

    asyncio.run(main())


def test_threads_with_generators_and_backward_passes():
    wrong = []

    def run(n):
        x = Tensor(float(n))
        generator = quiet(300)
        for i in range(200):
            next(generator)
            if not recording():
                wrong.append((n, i))
            (x * x).backward()
        if x.grad.item() != 400.0 * n:
            wrong.append((n, x.grad.item()))
        generator.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_asynchronous_generator_cannot_be_decorated():
    with pytest.raises(TypeError, match="got the asynchronous generator"):

        @no_grad()
        async def numbers():
            yield 1


def test_one_object_may_be_entered_twice():
    off = no_grad()
    with off:
        with off:
            assert not recording()
        assert not recording()
    assert recording()
