"""The engine: the latest query goes first, what is old is stopped."""

import asyncio
import threading

import pytest

from pipeline.errors import PipelineError
from pipeline.explorer.engine import Engine


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


async def results(query):
    return [result async for result in query.results()]


def test_results_come_one_after_the_other(engine):
    async def run():
        return await results(engine.ask(lambda _: iter([1, 2, 3])))

    assert asyncio.run(run()) == [1, 2, 3]


def endless(begun, check):
    begun.set()
    while True:
        check()
        yield from ()


def test_a_later_query_of_the_same_name_stops_the_one_that_is_done(engine):
    begun = threading.Event()

    async def run():
        stale = engine.ask(lambda check: endless(begun, check), "picture")
        await asyncio.to_thread(begun.wait)
        latest = engine.ask(lambda _: iter(["new"]), "picture")
        return await results(stale), await results(latest)

    assert asyncio.run(run()) == ([], ["new"])


def test_the_latest_that_waits_goes_first(engine):
    begun, order = threading.Event(), []

    async def run():
        first = engine.ask(lambda check: endless(begun, check), "first")
        await asyncio.to_thread(begun.wait)
        waiting = [
            engine.ask(lambda _, name=name: iter([order.append(name)]), name) for name in "abc"
        ]
        first.stop()
        await asyncio.gather(*map(results, waiting))

    asyncio.run(run())
    assert order == ["c", "b", "a"]


def test_a_query_whose_results_nobody_takes_is_stopped(engine):
    ended = threading.Event()

    def work(check):
        try:
            while True:
                check()
                yield 1
        finally:
            ended.set()

    async def run():
        async for _ in (taken := engine.ask(work).results()):
            break
        await taken.aclose()
        return await asyncio.to_thread(ended.wait, 60)

    assert asyncio.run(run())


def test_a_failure_is_told_and_ends_only_its_own_query(engine):
    async def run():
        with pytest.raises(PipelineError, match="ZeroDivisionError"):
            await results(engine.ask(lambda _: iter([1 // 0])))
        return await results(engine.ask(lambda _: iter([5])))

    assert asyncio.run(run()) == [5]


def test_too_many_queries_are_refused(engine):
    begun = threading.Event()

    async def run():
        engine.ask(lambda check: endless(begun, check))
        await asyncio.to_thread(begun.wait)
        for _ in range(64):
            engine.ask(lambda _: iter(()))
        with pytest.raises(PipelineError, match="too much"):
            engine.ask(lambda _: iter(()))

    asyncio.run(run())
