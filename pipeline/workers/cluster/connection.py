"""The connection to a Dask cluster: a thread that keeps each of its workers busy with row blocks.

Blocks are sent to workers by address, one more than each can count at once: this module decides
which worker gets which block, and Dask only carries them. So a machine gets its reference orbit
before its first block, a worker of another version gets no blocks, and the blocks of a lost worker
go to others.
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
"""Seconds that a run waits for a missing scheduler, or for a first worker."""

MAX_FAULTS = 3
"""Number of impossible results after which a worker gets no more blocks."""

_LOOK_EVERY_S = 0.5
_TRY_EVERY_S = 2.0
_ANSWER_WITHIN_S = 10.0


class Connection:
    """The workers of a scheduler, fed by the thread that has the connection."""

    def __init__(self, cluster: Cluster, local_workers: int) -> None:
        self._cluster = cluster
        self._local_workers = local_workers
        self.slots = 0
        """Number of blocks that workers may have at a time."""
        self.threads = 0
        """Number of blocks that workers count at a time."""
        self.lost = 0
        """Number of workers that disappeared while they had blocks."""
        self.failure: RenderError | None = None
        self.ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        """Done when there is a worker, or when the cluster has failed."""
        self._said: deque[str] = deque()
        self._remote_workers: dict[str, RemoteWorker] = {}
        self._machines: dict[str, Machine] = {}
        self._refusals: list[str] = []
        self._alone_since: float | None = None
        self._blocks = Blocks()
        self._loop = asyncio.new_event_loop()
        self._serving: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)

    # Called by the thread of the run

    def start(self) -> None:
        """Begin to connect, unless that is done."""
        if self._serving is None:
            self._serving = self._loop.create_task(self._serve())
            self._thread.start()

    def count(self, block: Block) -> None:
        """Have a block counted, which sets its `result`."""
        self._loop.call_soon_threadsafe(self._put, block)

    def accuse(self, block: Block, fault: str) -> None:
        """Note that the worker that counted a block sent a result that cannot be right."""
        self._loop.call_soon_threadsafe(self._accuse, block.counted_by, fault)

    def machine_stats(self) -> list[MachineStats]:
        """Return what each machine has done."""
        return [replace(machine.stats) for machine in list(self._machines.values())]

    @property
    def starved(self) -> int:
        """Number of times that a worker had too little memory for a block."""
        return sum(machine.starved for machine in list(self._machines.values()))

    @property
    def wrong(self) -> int:
        """Number of results that could not be right."""
        return sum(machine.wrong for machine in list(self._machines.values()))

    def news(self) -> list[str]:
        """Return the messages since the last call."""
        said = []
        while self._said:
            said.append(self._said.popleft())
        return said

    def close(self) -> None:
        """Disconnect from the cluster, without waiting for what its workers still do."""
        if self._serving is not None and self._thread.is_alive():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join(2 * _ANSWER_WITHIN_S)

    # In the thread of the connection

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        _silence_dask()
        # Some of Dask's own tasks fail when a connection closes.
        self._loop.set_exception_handler(lambda *_: None)
        try:
            assert self._serving is not None
            self._loop.run_until_complete(self._serving)
        except asyncio.CancelledError:
            pass
        except RenderError as error:
            self._fail(error)
        except Exception as error:  # whatever it is, the run must fail with it
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
                    await self._watch(client)
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
        self._count_slots()
        # However badly this goes, nothing of the run depends on it any more.
        with suppress(OSError, TimeoutError, RuntimeError):
            cluster = client.cluster
            await asyncio.wait_for(client.close(), _ANSWER_WITHIN_S)
            if cluster is not None:
                await asyncio.wait_for(cluster.close(), _ANSWER_WITHIN_S)

    async def _watch(self, client: Any) -> None:
        """Watch for new, lost and late workers until the scheduler is lost."""
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
            self._count_slots()
            self._check_there_are_some()
            self._blocks.copy_late()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _count_slots(self) -> None:
        remote_workers = [
            worker for worker in self._remote_workers.values() if worker.machine is not None
        ]
        self.threads = sum(worker.threads for worker in remote_workers)
        self.slots = sum(len(worker.slots) for worker in remote_workers)
        for machine in self._machines.values():
            machine.stats.workers = sum(
                worker.threads for worker in remote_workers if worker.machine is machine
            )

    def _check_there_are_some(self) -> None:
        """Give up without workers: at once if the first ones were refused, else after WAIT_S.

        Raises
        ------
        RenderError
            There is no worker.
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
        """Ask a worker for its version, and give it work if it is the same as ours."""
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
        key = f"{said.machine} {said.folder}"
        new = key not in self._machines
        machine = self._machines.setdefault(
            key, Machine(MachineStats(said.machine, said.architecture))
        )
        worker.employ(machine, self._blocks)
        self._count_slots()
        if new and self.ready.done():
            self._said.append(f"{said.machine} ({said.architecture}) counts, too")

    def _refuse(self, why: str) -> None:
        self._refusals.append(why)
        # Before the run has started, refusals end it.
        if self.ready.done():
            self._said.append(f"left out: {why}")

    def _accuse(self, address: str, fault: str) -> None:
        # It may have gone since.
        if address in self._remote_workers:
            self._remote_workers[address].accuse(fault)

    def _tell_fault(self, worker: RemoteWorker) -> None:
        """Report a worker's impossible result; after MAX_FAULTS of them, dismiss the worker."""
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
        """Note that a worker is gone, and give its blocks to others."""
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
    """Silence Dask's loggers, which print pages about what this module says in a line."""
    # Importing it sets the levels of its loggers.
    import distributed as distributed

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
