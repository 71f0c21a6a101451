"""A Dask cluster: its workers, each kept busy with row blocks, from a thread of its own.

Blocks are sent to a worker by its address, one or two ahead of what it does: Dask carries them, and
what goes where is decided here. So a machine gets its reference orbit before its first block, a
worker of another version gets none, and what a lost worker had goes to others.
"""

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pipeline import __version__
from pipeline.config.cluster import LOCAL_CLUSTER, Cluster
from pipeline.errors import RenderError
from pipeline.system.sources import sources_digest
from pipeline.workers.cluster.queue import Block, Blocks
from pipeline.workers.cluster.remote_task import Facts, facts
from pipeline.workers.cluster.remote_workers import LostError, Machine, RemoteWorker
from pipeline.workers.machine_stats import MachineStats

WAIT_S = 30.0
"""How long a run waits for a scheduler, or for a first worker, that is not there."""

MAX_FAULTS = 3
"""A worker that sent so many blocks that could not be right gets no more."""

_LOOK_EVERY_S = 0.5
_TRY_EVERY_S = 2.0
_ANSWER_WITHIN_S = 10.0


class Connection:
    """The workers behind a scheduler, fed from a thread that has the connection."""

    def __init__(self, cluster: Cluster, local_workers: int) -> None:
        self._cluster = cluster
        self._local_workers = local_workers
        self.places = 0
        """Blocks that may be out at a time."""
        self.threads = 0
        """Blocks that are counted at a time."""
        self.lost = 0
        """Workers that went away while they had blocks."""
        self.failure: RenderError | None = None
        self.ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        """Done when there is a worker, or none to be had."""
        self._said: deque[str] = deque()
        self._remote_workers: dict[str, RemoteWorker] = {}
        self._machines: dict[str, Machine] = {}
        self._refusals: list[str] = []
        self._alone_since: float | None = None
        self._blocks = Blocks()
        self._loop = asyncio.new_event_loop()
        self._serving: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)

    # For the thread of the run

    def start(self) -> None:
        """Begin to connect, unless that is done."""
        if self._serving is None:
            self._serving = self._loop.create_task(self._serve())
            self._thread.start()

    def count(self, block: Block) -> None:
        """Have a block counted; its `result` is set once that is done."""
        self._loop.call_soon_threadsafe(self._put, block)

    def accuse(self, block: Block, fault: str) -> None:
        """Take note that what a worker counted could not be right."""
        self._loop.call_soon_threadsafe(self._accuse, block.counted_by, fault)

    def machine_stats(self) -> list[MachineStats]:
        """Return what each machine has done."""
        return [replace(machine.stats) for machine in list(self._machines.values())]

    @property
    def starved(self) -> int:
        """How often a block found too little memory."""
        return sum(machine.starved for machine in list(self._machines.values()))

    @property
    def wrong(self) -> int:
        """How many blocks could not be right."""
        return sum(machine.wrong for machine in list(self._machines.values()))

    def news(self) -> list[str]:
        """Return, once, what happened."""
        said = []
        while self._said:
            said.append(self._said.popleft())
        return said

    def close(self) -> None:
        """Leave the cluster; what its workers still do is not waited for."""
        if self._serving is not None and self._thread.is_alive():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join(2 * _ANSWER_WITHIN_S)

    # For the thread of the connection

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        _silence_dask()
        # Some of its own tasks end badly with a connection.
        self._loop.set_exception_handler(lambda *_: None)
        try:
            assert self._serving is not None
            self._loop.run_until_complete(self._serving)
        except asyncio.CancelledError:
            pass
        except RenderError as error:
            self._fail(error)
        except Exception as error:  # whatever it is, the run must hear of it
            self._fail(RenderError(f"{self._cluster.scheduler}: {type(error).__name__}: {error}"))
        finally:
            if not self.ready.done():
                self.ready.set_result(None)

    def _fail(self, error: RenderError) -> None:
        self.failure = error
        self._blocks.fail(error)

    def _put(self, block: Block) -> None:
        if self.failure is not None:
            block.result.set_exception(self.failure)
        else:
            self._blocks.put(block)

    async def _serve(self) -> None:
        client = await self._connected("")
        try:
            while True:
                try:
                    await self._attend(client)
                except LostError:
                    self._said.append(
                        f"the scheduler {self._cluster.scheduler} is lost; waiting up to "
                        f"{WAIT_S:.0f} s for it"
                    )
                    await self._leave(client)
                    client = await self._connected(" again")
                    self._said.append(f"the scheduler {self._cluster.scheduler} is back")
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
                        f"no scheduler at {self._cluster.scheduler}; waiting up to {WAIT_S:.0f} s"
                    )
                if time.monotonic() + _TRY_EVERY_S > deadline:
                    raise RenderError(
                        f"{self._cluster.scheduler}: no scheduler answers{again} within "
                        f"{WAIT_S:.0f} s ({_first_line(error)}); what was finished is on disk: "
                        "start it (dask scheduler) and run the same command, or with "
                        "render.engine: local on this machine alone"
                    ) from None
            await asyncio.sleep(_TRY_EVERY_S)

    async def _connect(self, seconds: float) -> Any:
        import dask
        from distributed import Client, LocalCluster

        # Blocks that carry stored counts are large, and meant to be.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        address: Any = self._cluster.scheduler
        if address == LOCAL_CLUSTER:
            # Forked from the server that has the kernels loaded, as the local pool's workers are.
            dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
            address = LocalCluster(
                n_workers=self._local_workers,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                asynchronous=True,
            )
            try:
                await address
            except asyncio.CancelledError:
                with suppress(OSError, TimeoutError, RuntimeError):
                    await asyncio.wait_for(address.close(), _ANSWER_WITHIN_S)
                raise
        return await Client(
            address,
            asynchronous=True,
            security=self._cluster.dask_security(),
            timeout=max(1.0, min(seconds, _ANSWER_WITHIN_S)),
            set_as_default=False,
            name="mandelbrot-zoom",
        )

    async def _leave(self, client: Any) -> None:
        for address in list(self._remote_workers):
            self._remote_workers.pop(address).dismiss()
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
                raise LostError
            try:
                threads = await asyncio.wait_for(client.scheduler.ncores(), _ANSWER_WITHIN_S)
            except (OSError, TimeoutError):
                raise LostError from None
            for address in self._remote_workers.keys() - threads.keys():
                self._lose(address)
            for address in threads.keys() - self._remote_workers.keys():
                worker = RemoteWorker(client, address, threads[address])
                self._remote_workers[address] = worker
                worker.admission = asyncio.create_task(self._admit(worker))
            for worker in self._remote_workers.values():
                self._tell_fault(worker)
            self._count_places()
            self._check_there_are_some()
            self._blocks.send_late_again()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _count_places(self) -> None:
        remote_workers = [
            worker for worker in self._remote_workers.values() if worker.machine is not None
        ]
        self.threads = sum(worker.threads for worker in remote_workers)
        self.places = sum(len(worker.slots) for worker in remote_workers)
        for machine in self._machines.values():
            machine.stats.workers = sum(
                worker.threads for worker in remote_workers if worker.machine is machine
            )

    def _check_there_are_some(self) -> None:
        """Give up where nobody can count: at once, where the first to come may not, or in a while.

        Raises
        ------
        RenderError
            There is none.
        """
        settled = all(worker.is_settled for worker in self._remote_workers.values())
        if settled and self._refusals and not self.ready.done():
            raise RenderError(f"{self._cluster.scheduler}: {'; '.join(self._refusals)}")
        if self.threads:
            self._alone_since = None
            if settled and not self.ready.done():
                self.ready.set_result(None)
            return
        now = time.monotonic()
        if self._alone_since is None:
            self._alone_since = now
            if not self._remote_workers:
                self._said.append(
                    f"no workers at {self._cluster.scheduler}; waiting up to {WAIT_S:.0f} s for one"
                )
        elif settled and now - self._alone_since > WAIT_S:
            raise RenderError(
                f"{self._cluster.scheduler}: no workers; what was finished is on disk: start some "
                "(dask worker) and run the same command"
            )

    async def _admit(self, worker: RemoteWorker) -> None:
        """Ask a worker what it is, and give it work if it is of our kind."""
        try:
            said: Facts = await worker.call(facts)
        except LostError:
            return
        except Exception as error:  # whatever another version, or none, may raise
            self._refuse(
                f"the worker {worker.address} has not this package, or another version of it "
                f"({type(error).__name__}: {_first_line(error)}); this machine has {__version__}"
            )
            return
        ours = f"{__version__} ({sources_digest()})"
        if said.computes_as != ours:
            self._refuse(
                f"the worker {worker.address} on {said.machine} has version {said.computes_as} of "
                f"this package, and this machine {ours}; install the same on both"
            )
            return
        if not said.numba:
            self._refuse(f"the worker {worker.address} on {said.machine} has no numba")
            return
        place = f"{said.machine} {said.folder}"
        new = place not in self._machines
        machine = self._machines.setdefault(
            place, Machine(MachineStats(said.machine, said.architecture))
        )
        worker.employ(machine, self._blocks)
        self._count_places()
        if new and self.ready.done():
            self._said.append(f"{said.machine} ({said.architecture}) counts, too")

    def _refuse(self, why: str) -> None:
        self._refusals.append(why)
        # Before the start it ends the run.
        if self.ready.done():
            self._said.append(f"left out: {why}")

    def _accuse(self, address: str, fault: str) -> None:
        # It may have gone since.
        if address in self._remote_workers:
            self._remote_workers[address].accuse(fault)

    def _tell_fault(self, worker: RemoteWorker) -> None:
        """Say that a worker sent what cannot be; one that does so again and again is left out."""
        if worker.fault is None or worker.machine is None:
            return
        line = (
            f"{worker.machine.stats.machine}: the worker {worker.address} sent what cannot "
            f"be ({worker.fault}); it is counted here instead"
        )
        worker.fault = None
        if worker.faults >= MAX_FAULTS:
            worker.dismiss()
            worker.machine = None
            worker.slots = []
            line += ", and the worker left out: look at its memory"
        self._said.append(line)

    def _lose(self, address: str) -> None:
        """Take note that a worker is gone; what it had goes to others."""
        worker = self._remote_workers.pop(address)
        worker.gone = True
        if worker.machine is not None and worker.busy:
            self.lost += 1
            worker.machine.stats.lost += 1
            self._said.append(
                f"{worker.machine.stats.machine}: the worker {address} is gone; "
                "its blocks go to others"
            )
        worker.dismiss()


def _silence_dask() -> None:
    """Leave it to us to say what happens: Dask takes a page for it."""
    # It sets what its loggers say when it is imported.
    import distributed as distributed

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
