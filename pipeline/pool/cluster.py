"""A Dask cluster: its workers, each kept busy with row blocks, from a thread of its own.

Blocks are sent to a worker by its address, two or so ahead of what it does: Dask carries them, and
what goes where is decided here. So a machine gets its reference orbit before its first block, a
worker of another version gets none, and what a lost worker had goes to others.
"""

import asyncio
import concurrent.futures
import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.canvas import Canvas
from pipeline.config.engines import LOCAL_CLUSTER, Engine
from pipeline.contribution import Contribution
from pipeline.errors import RenderError
from pipeline.orbit import VALUE_BYTES, Orbit
from pipeline.pool.guest import Facts, count_block, facts, has_orbit, receive_orbit
from pipeline.pool.shared import MAX_DEATHS
from pipeline.sources import sources_digest
from pipeline.store import Relative
from pipeline.target import Target
from pipeline.worker import BlockResult

WAIT_S = 30.0
"""How long a run waits for a scheduler, or for a first worker, that is not there."""

_LOOK_EVERY_S = 0.5
_TRY_EVERY_S = 2.0
_ANSWER_WITHIN_S = 10.0
# What goes through a scheduler at once should be a few megabytes.
_PART_BYTES = 4 << 20
# A block that is out for so long, and for so many times the longest, goes to another worker as
# well: a machine without power is noticed by nobody for minutes.
_LATE_S = 30.0
_LATE_TIMES = 4.0


@dataclass(slots=True, eq=False)
class Block:
    """A row block on its way."""

    name: str
    canvas: Canvas
    """Told where the reference orbits lie here."""
    first_chunk: int
    last_chunk: int
    relatives: tuple[Relative, ...]
    result: "concurrent.futures.Future[BlockResult | None]"
    """None where it lost too many workers, and should be tried here."""
    deaths: int = 0
    sent_at: float = 0.0
    copied: bool = False
    """Whether it has been sent to a second worker because it is late."""


@dataclass(slots=True, eq=False)
class _Machine:
    """What workers of one machine share."""

    contribution: Contribution
    orbits: set[tuple[Target, int]] = field(default_factory=set)
    """Those that it has, with their steps."""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True, eq=False)
class _Member:
    """A worker."""

    address: str
    threads: int
    admission: "asyncio.Task[None] | None" = None
    machine: _Machine | None = None
    """Once it is admitted."""
    busy: int = 0
    """Blocks that it has."""
    gone: bool = False
    slots: "list[asyncio.Task[None]]" = field(default_factory=list)

    def tasks(self) -> "list[asyncio.Task[None]]":
        return [*self.slots, *([self.admission] if self.admission else [])]


class _LostError(Exception):
    """The scheduler does not answer, or a worker through it."""


class Cluster:
    """The workers behind a scheduler, fed from a thread that has the connection."""

    def __init__(self, engine: Engine, local_workers: int) -> None:
        self._engine = engine
        self._local_workers = local_workers
        self.places = 0
        """Blocks that may be out at a time."""
        self.threads = 0
        """Blocks that are counted at a time."""
        self.lost = 0
        """Workers that went away while they had blocks."""
        self.starved = 0
        """How often a block found too little memory."""
        self.failure: RenderError | None = None
        self.ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        """Done when there is a worker, or none to be had."""
        self._said: deque[str] = deque()
        self._members: dict[str, _Member] = {}
        self._machines: dict[str, _Machine] = {}
        self._refused: dict[str, str] = {}
        self._out: set[Block] = set()
        self._longest_s = 0.0
        self._numbers = itertools.count()
        self._without_workers_since: float | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        self._thread.start()

    # For the thread of the run

    def count(self, block: Block) -> None:
        """Have a block counted; its `result` is set once that is done."""
        self._loop.call_soon_threadsafe(self._put, block)

    def contributions(self) -> list[Contribution]:
        """Return what each machine has done."""
        return [replace(machine.contribution) for machine in list(self._machines.values())]

    def news(self) -> list[str]:
        """Return, once, what happened."""
        said = []
        while self._said:
            said.append(self._said.popleft())
        return said

    def close(self) -> None:
        """Leave the cluster; what its workers still do is not waited for."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join(_ANSWER_WITHIN_S)

    # For the thread of the connection

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # What happens is said here, in fewer words than Dask's, and of its own tasks there are some
        # that end badly with a connection.
        for name in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._loop.set_exception_handler(lambda *_: None)
        self._waiting: asyncio.PriorityQueue[tuple[int, Block]] = asyncio.PriorityQueue()
        self._serving = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._serving)
        except asyncio.CancelledError:
            pass
        except RenderError as error:
            self._fail(error)
        except Exception as error:  # whatever it is, the run must hear of it
            self._fail(RenderError(f"{self._engine.scheduler}: {type(error).__name__}: {error}"))
        finally:
            if not self.ready.done():
                self.ready.set_result(None)

    def _fail(self, error: RenderError) -> None:
        self.failure = error
        for block in list(self._out):
            if not block.result.done():
                block.result.set_exception(error)

    def _put(self, block: Block) -> None:
        if self.failure is not None:
            block.result.set_exception(self.failure)
            return
        self._out.add(block)
        block.result.add_done_callback(lambda _: self._out.discard(block))
        # In the order in which they came, lost ones before all others.
        self._waiting.put_nowait((next(self._numbers), block))

    def _put_first(self, block: Block) -> None:
        self._waiting.put_nowait((-next(self._numbers), block))

    async def _serve(self) -> None:
        client = await self._connected("")
        try:
            while True:
                try:
                    await self._attend(client)
                except _LostError:
                    await self._leave(client)
                    self._said.append(
                        f"the scheduler {self._engine.scheduler} is lost; waiting up to "
                        f"{WAIT_S:.0f} s for it"
                    )
                    client = await self._connected("again ")
                    self._said.append(f"the scheduler {self._engine.scheduler} is back")
        finally:
            await self._leave(client)

    async def _connected(self, again: str) -> Any:
        """Connect to the scheduler, within WAIT_S."""
        deadline = time.monotonic() + WAIT_S
        first = not again
        while True:
            try:
                return await self._connect(deadline - time.monotonic())
            except (OSError, TimeoutError) as error:
                if first:
                    first = False
                    self._said.append(
                        f"no scheduler at {self._engine.scheduler}; waiting up to {WAIT_S:.0f} s"
                    )
                if time.monotonic() + _TRY_EVERY_S > deadline:
                    raise RenderError(
                        f"{self._engine.scheduler}: no scheduler answers {again}"
                        f"({_first_line(error)}); what was finished is on disk: start it (dask "
                        "scheduler) and run the same command, or with render.engine: local on "
                        "this machine alone"
                    ) from None
            await asyncio.sleep(_TRY_EVERY_S)

    async def _connect(self, seconds: float) -> Any:
        import dask
        from distributed import Client, LocalCluster

        security = self._engine.dask_security()
        address: Any = self._engine.scheduler
        if address == LOCAL_CLUSTER:
            # Forked from the server that has the kernels loaded, as the local pool's workers are.
            dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
            address = await LocalCluster(
                n_workers=self._local_workers,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                asynchronous=True,
            )
        return await Client(
            address,
            asynchronous=True,
            security=security,
            timeout=max(1.0, min(seconds, _ANSWER_WITHIN_S)),
            set_as_default=False,
            name="mandelbrot-zoom",
        )

    async def _leave(self, client: Any) -> None:
        for address in list(self._members):
            self._drop(address)
        self._count_places()
        # However badly it is left, nothing of the run depends on it any more.
        with suppress(OSError, TimeoutError, RuntimeError):
            cluster = client.cluster
            await asyncio.wait_for(client.close(), _ANSWER_WITHIN_S)
            if cluster is not None:
                await asyncio.wait_for(cluster.close(), _ANSWER_WITHIN_S)

    async def _attend(self, client: Any) -> None:
        """Keep an eye on who is there and what is late, until the scheduler is lost."""
        while True:
            if client.status != "running":
                raise _LostError
            try:
                threads = await asyncio.wait_for(client.scheduler.ncores(), _ANSWER_WITHIN_S)
            except (OSError, TimeoutError):
                raise _LostError from None
            for address in self._members.keys() - threads.keys():
                self._lose(address)
            for address in threads.keys() - self._members.keys():
                member = self._members[address] = _Member(address, threads[address])
                member.admission = asyncio.create_task(self._admit(client, member))
            self._count_places()
            self._check_there_are_some()
            self._send_late_again()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _count_places(self) -> None:
        members = [member for member in self._members.values() if member.machine is not None]
        self.threads = sum(member.threads for member in members)
        self.places = sum(len(member.slots) for member in members)
        for machine in self._machines.values():
            machine.contribution.workers = sum(
                member.threads for member in members if member.machine is machine
            )

    def _check_there_are_some(self) -> None:
        """Give up where nobody has been there to count for too long."""
        settled = all(
            member.admission is None or member.admission.done() for member in self._members.values()
        )
        if settled and self._refused and not self.ready.done():
            refusals = "; ".join(sorted(set(self._refused.values())))
            raise RenderError(f"{self._engine.scheduler}: {refusals}")
        if self.threads:
            self._without_workers_since = None
            if settled and not self.ready.done():
                self.ready.set_result(None)
            return
        now = time.monotonic()
        if self._without_workers_since is None:
            self._without_workers_since = now
            if not self._members:
                self._said.append(
                    f"no workers at {self._engine.scheduler}; waiting up to {WAIT_S:.0f} s for one"
                )
        elif settled and now - self._without_workers_since > WAIT_S:
            raise RenderError(
                f"{self._engine.scheduler}: no workers; what was finished is on disk: start some "
                "(dask worker) and run the same command"
            )

    async def _admit(self, client: Any, member: _Member) -> None:
        """Ask a worker what it is, and give it places if it is of our kind."""
        try:
            said: Facts = await self._call(client, member, facts)
        except _LostError:
            return
        except (ImportError, AttributeError) as error:
            self._refuse(member, f"{member.address} has not this package, or another ({error})")
            return
        ours = f"{__version__} ({sources_digest()})"
        if said.computes_as != ours:
            self._refuse(
                member,
                f"the worker {member.address} on {said.machine} has version {said.computes_as} of "
                f"this package, and this machine {ours}; install the same on both",
            )
            return
        if not said.numba:
            self._refuse(member, f"the worker {member.address} on {said.machine} has no numba")
            return
        place = f"{said.machine} {said.folder}"
        new = place not in self._machines
        machine = self._machines.setdefault(
            place, _Machine(Contribution(said.machine, said.architecture))
        )
        member.machine = machine
        member.slots = [
            asyncio.create_task(self._slot(client, member)) for _ in range(member.threads + 1)
        ]
        if new and self.ready.done():
            self._said.append(f"{said.machine} ({said.architecture}) counts, too")
        self._count_places()

    def _refuse(self, member: _Member, why: str) -> None:
        self._refused[member.address] = why
        self._said.append(f"left out: {why}")

    def _lose(self, address: str) -> None:
        """Take note that a worker is gone; what it had goes to others."""
        member = self._members[address]
        member.gone = True
        machine, busy = member.machine, member.busy
        self._drop(address)
        if machine is None or not busy:
            return
        self.lost += 1
        machine.contribution.lost += 1
        self._said.append(
            f"{machine.contribution.machine}: the worker {address} is gone; its blocks go to others"
        )

    def _drop(self, address: str) -> None:
        """Forget a worker."""
        for task in self._members.pop(address).tasks():
            task.cancel()

    def _send_late_again(self) -> None:
        now = time.monotonic()
        late = max(_LATE_S, _LATE_TIMES * self._longest_s)
        for block in self._out:
            if block.sent_at and not block.copied and now - block.sent_at > late:
                block.copied = True
                self._put_first(block)

    async def _slot(self, client: Any, member: _Member) -> None:
        """Have a worker count one block after the other."""
        while True:
            _, block = await self._waiting.get()
            if block.result.done():
                continue
            block.sent_at = time.monotonic()
            member.busy += 1
            try:
                await self._work_on(block, client, member)
            except asyncio.CancelledError:
                # The scheduler is lost, or the worker, which may be this block's doing.
                self._again(block, int(member.gone))
                raise
            finally:
                member.busy -= 1

    async def _work_on(self, block: Block, client: Any, member: _Member) -> None:
        from distributed import KilledWorker

        assert member.machine is not None
        try:
            result = await self._counted(client, member, member.machine, block)
        except _LostError:
            # The connection is being lost, which `_attend` sees soon.
            self._again(block, 0)
            await asyncio.sleep(_LOOK_EVERY_S)
        except KilledWorker:
            self._again(block, 1)
        except MemoryError:
            self.starved += 1
            self._again(block, 1)
        except Exception as error:  # the run's, as from a worker of its own
            if not block.result.done():
                block.result.set_exception(error)
        else:
            if result is None:
                # Its machine has lost the orbit.
                self._put_first(block)
            else:
                self._take(member.machine, block, result)

    def _again(self, block: Block, deaths: int) -> None:
        """Have a block counted by another worker; here, where it seems to kill them."""
        block.deaths += deaths
        block.sent_at = 0.0
        block.copied = False
        if block.result.done():
            return
        if block.deaths >= MAX_DEATHS:
            block.result.set_result(None)
        else:
            self._put_first(block)

    def _take(self, machine: _Machine, block: Block, result: BlockResult) -> None:
        self._longest_s = max(self._longest_s, time.monotonic() - block.sent_at)
        contribution = machine.contribution
        contribution.blocks += 1
        contribution.cpu_s += sum(result.chunk_cpu_s)
        contribution.received_bytes += sum(map(len, result.chunks))
        contribution.sent_bytes += sum(relative.carried_bytes for relative in block.relatives)
        # A copy of it may have been quicker.
        if not block.result.done():
            block.result.set_result(result)

    async def _counted(
        self, client: Any, member: _Member, machine: _Machine, block: Block
    ) -> BlockResult | None:
        canvas = block.canvas
        steps = 0
        if canvas.target is not None:
            assert canvas.references is not None
            orbit = canvas.references.orbit(canvas.target)
            steps = orbit.steps_for(canvas.maxiter)
            async with machine.sending:
                if (canvas.target, steps) not in machine.orbits:
                    await self._send_orbit(client, member, machine, orbit, steps)
        remote = canvas.elsewhere()
        arguments = (remote, steps, block.first_chunk, block.last_chunk, block.relatives)
        result: BlockResult | None = await self._call(client, member, count_block, *arguments)
        if result is None and canvas.target is not None:
            machine.orbits.discard((canvas.target, steps))
        return result

    async def _send_orbit(
        self, client: Any, member: _Member, machine: _Machine, orbit: Orbit, steps: int
    ) -> None:
        """Have an orbit on a machine, through one of its workers."""
        target = orbit.target
        if not await self._call(client, member, has_orbit, target, steps):
            transfer = f"{os.getpid()}.{next(self._numbers)}"
            length = (steps + 1) * VALUE_BYTES
            for offset in range(0, length, _PART_BYTES):
                part = _part(orbit.values_file, offset, min(_PART_BYTES, length - offset))
                last = offset + _PART_BYTES >= length
                state = orbit.state_file.read_bytes() if last else None
                await self._call(
                    client, member, receive_orbit, target, steps, transfer, offset, part, state
                )
                machine.contribution.sent_bytes += len(part) + len(state or b"")
        machine.orbits.add((target, steps))

    async def _call(
        self, client: Any, member: _Member, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Return what one of our functions gives on a worker.

        Raises
        ------
        _LostError
            Its answer does not come; what the function itself raises comes as it is.
        """
        key = f"{function.__name__}-{os.getpid()}-{next(self._numbers)}"
        future = client.submit(function, *arguments, key=key, workers=[member.address], pure=False)
        try:
            return await future
        except Exception as error:
            if future.status == "error":
                raise
            raise _LostError from error
        finally:
            future.release()


def _part(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
