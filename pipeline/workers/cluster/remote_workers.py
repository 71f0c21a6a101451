"""Remote workers: each has a queue of its own, and shares a machine with others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipeline.counts.compute import BlockResult
from pipeline.counts.orbits.orbit import VALUE_BYTES, Orbit
from pipeline.counts.orbits.target import Target
from pipeline.workers.cluster.queue import Block, Blocks
from pipeline.workers.cluster.remote_task import count_block, has_orbit, receive_orbit
from pipeline.workers.machine_stats import MachineStats

# A message through a scheduler should be no larger than a few megabytes.
_PIECE_BYTES = 4 << 20


class LostError(Exception):
    """The scheduler does not answer, or a worker does not."""


@dataclass(slots=True, eq=False)
class Machine:
    """A machine whose workers share orbits and statistics."""

    stats: MachineStats
    orbits: set[tuple[Target, int]] = field(default_factory=set)
    """Reference orbits that it has, with their steps."""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    starved: int = 0
    """Number of times that it had too little memory for a block."""
    wrong: int = 0
    """Number of results that could not be right."""


@dataclass(slots=True, eq=False)
class RemoteWorker:
    """A worker of the cluster, reached by its address."""

    client: Any
    """Dask's client, connected."""
    address: str
    threads: int
    admission: "asyncio.Task[None] | None" = None
    machine: Machine | None = None
    """Machine that it runs on; None until it is admitted."""
    slots: "list[asyncio.Task[None]]" = field(default_factory=list)
    busy: int = 0
    """Number of blocks that it has."""
    gone: bool = False
    faults: int = 0
    """Number of its results that could not be right."""
    fault: str | None = None
    """Fault of the latest wrong result, until it is reported."""

    @property
    def is_settled(self) -> bool:
        """Whether it has been admitted or refused."""
        return self.admission is None or self.admission.done()

    def employ(self, machine: Machine, blocks: Blocks) -> None:
        """Give it work: a block for each of its threads, and one that waits."""
        self.machine = machine
        self.slots = [
            asyncio.create_task(self._work(machine, blocks)) for _ in range(self.threads + 1)
        ]

    def dismiss(self) -> None:
        """Take its blocks away, and give it no more."""
        for task in [*self.slots, *([self.admission] if self.admission else [])]:
            task.cancel()

    def accuse(self, fault: str) -> None:
        """Note that a result of it could not be right."""
        self.fault = fault
        self.faults += 1
        if self.machine is not None:
            self.machine.wrong += 1

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call one of our functions on the worker, and return its result.

        Raises
        ------
        LostError
            No result came; an exception of the function itself is raised as it is.
        """
        key = f"{function.__name__}-{uuid4().hex}"
        future = self.client.submit(
            function, *arguments, key=key, workers=[self.address], pure=False
        )
        try:
            return await future
        except Exception as error:
            if future.status == "error":
                raise
            raise LostError from error
        finally:
            future.release()

    async def _work(self, machine: Machine, blocks: Blocks) -> None:
        """Have one block counted after the other."""
        while True:
            block = await blocks.next()
            self.busy += 1
            try:
                answered = await self._work_on(block, machine, blocks)
            except asyncio.CancelledError:
                # The scheduler is lost, or the worker, perhaps because of this block.
                blocks.again(block, int(self.gone))
                raise
            finally:
                self.busy -= 1
            if not answered:
                # The connection's watch notices it soon, and dismisses this worker.
                await asyncio.sleep(1.0)

    async def _work_on(self, block: Block, machine: Machine, blocks: Blocks) -> bool:
        """Have a block counted, or put it back; return whether the worker answered."""
        from distributed import KilledWorker

        try:
            result = await self._counted(block, machine)
        except LostError:
            blocks.again(block, 0)
            return False
        except KilledWorker:
            blocks.again(block, 1)
        except MemoryError:
            machine.starved += 1
            blocks.again(block, 1)
        except Exception as error:  # fails the run, as an error of a local worker does
            if not block.result.done():
                block.result.set_exception(error)
        else:
            if result is None:
                # Its machine has lost the orbit.
                blocks.again(block, 1)
            elif (fault := block.rows.fault_of(result)) is not None:
                self.accuse(fault)
                blocks.count_locally(block)
            elif blocks.take(block, result, self.address):
                done = machine.stats
                done.blocks += 1
                done.cpu_s += sum(sum(part.chunk_cpu_s) for part in result.parts)
                done.received_bytes += sum(
                    len(chunk) for part in result.parts for chunk in part.chunks
                )
                done.sent_bytes += block.rows.carried_bytes
        return True

    async def _counted(self, block: Block, machine: Machine) -> BlockResult | None:
        grid = block.rows.grid
        steps = 0
        if grid.target is not None:
            assert grid.references is not None
            orbit = grid.references.orbit(grid.target)
            steps = orbit.steps_for(grid.maxiter)
            async with machine.sending:
                if (grid.target, steps) not in machine.orbits:
                    await self._send_orbit(orbit, steps, machine)
        result: BlockResult | None = await self.call(count_block, block.rows.detached(), steps)
        if result is None and grid.target is not None:
            machine.orbits.discard((grid.target, steps))
        return result

    async def _send_orbit(self, orbit: Orbit, steps: int, machine: Machine) -> None:
        """Send an orbit, unless the machine already has it."""
        target = orbit.target
        if not await self.call(has_orbit, target, steps):
            transfer = uuid4().hex
            length = (steps + 1) * VALUE_BYTES
            for offset in range(0, length, _PIECE_BYTES):
                piece = _bytes_of(orbit.values_file, offset, min(_PIECE_BYTES, length - offset))
                last = offset + _PIECE_BYTES >= length
                state = orbit.state_file.read_bytes() if last else None
                await self.call(receive_orbit, target, steps, transfer, offset, piece, state)
                machine.stats.sent_bytes += len(piece) + len(state or b"")
        machine.orbits.add((target, steps))


def _bytes_of(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
