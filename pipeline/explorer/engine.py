"""One thread that works for the pages: the latest query goes first, what is old is dropped."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PipelineError
from pipeline.explorer.work import Check, StoppedError

# Wishes that wait at most; a page has one picture and a few questions at a time.
_MOST_WAITING = 64


@dataclass(slots=True, eq=False)
class Query:
    """Something that a page wants: a function that yields results until it ends or is stopped."""

    work: Callable[[Check], Iterable[Any]]
    key: str | None
    """Name of what a later query with the same name takes the place of; None for none."""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _results: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Have it end as soon as possible."""
        self._stopped.set()

    def check(self) -> None:
        """Raise `StoppedError` once it was stopped."""
        if self._stopped.is_set():
            raise StoppedError

    async def results(self) -> AsyncIterator[Any]:
        """Yield its results; it is stopped when nobody takes them any more.

        Raises
        ------
        PipelineError
            It failed.
        """
        try:
            while (result := await self._results.get()) is not _END:
                if isinstance(result, BaseException):
                    raise result
                yield result
        finally:
            self.stop()

    def run(self) -> None:
        """Do the work, in the engine's thread."""
        try:
            for result in self.work(self.check):
                self._put(result)
                self.check()
        except StoppedError:
            pass
        except PipelineError as error:
            self._put(error)
        except Exception as error:  # a fault of ours ends this query, not the server
            self._put(PipelineError(f"{type(error).__name__}: {error}"))
        finally:
            self._put(_END)

    def _put(self, result: Any) -> None:
        # The loop is closed where the server ends meanwhile.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._results.put_nowait, result)


_END = object()


class Engine:
    """Does queries one after another, the latest first, in a thread of its own.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str = "explorer") -> None:
        self._waiting: deque[Query] = deque()
        self._change = threading.Condition()
        self._current: Query | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Check], Iterable[Any]], key: str | None = None) -> Query:
        """Take a query; one with the same key that waits or is being done is stopped.

        Raises
        ------
        PipelineError
            Too many wait.
        """
        query = Query(work, key)
        with self._change:
            if len(self._waiting) >= _MOST_WAITING:
                raise PipelineError("too much at once; try again in a moment")
            if key is not None:
                for other in (*self._waiting, self._current):
                    if other is not None and other.key == key:
                        other.stop()
            self._waiting.append(query)
            self._change.notify()
        return query

    def close(self) -> None:
        """Stop all queries, and wait for the thread."""
        with self._change:
            self._closed = True
            for query in (*self._waiting, self._current):
                if query is not None:
                    query.stop()
            self._change.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._closed)
                if self._closed and not self._waiting:
                    return
                # The latest first: what it was asked before is most likely of an older view.
                self._current = self._waiting.pop()
            self._current.run()
            with self._change:
                self._current = None
