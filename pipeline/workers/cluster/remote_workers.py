"""The workers of a cluster as a run sees them, and the machines that they share."""

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

# What goes through a scheduler at once should be a few megabytes.
_PART_BYTES = 4 << 20


class LostError(Exception):
    """The scheduler does not answer, or a worker through it."""


@dataclass(slots=True, eq=False)
class Machine:
    """What workers of one machine share."""

    stats: MachineStats
    orbits: set[tuple[Target, int]] = field(default_factory=set)
    """Those that it has, with their steps."""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    starved: int = 0
    """How often a block found too little memory."""
    wrong: int = 0
    """Blocks that could not be right."""


@dataclass(slots=True, eq=False)
class RemoteWorker:
    """A worker, reached by its address."""

    client: Any
    """Dask's, connected."""
    address: str
    threads: int
    admission: "asyncio.Task[None] | None" = None
    machine: Machine | None = None
    """Once it is admitted."""
    slots: "list[asyncio.Task[None]]" = field(default_factory=list)
    busy: int = 0
    """Blocks that it has."""
    gone: bool = False
    faults: int = 0
    """Blocks of it that could not be right."""
    fault: str | None = None
    """Fault of the latest wrong block, until it is said."""

    @property
    def is_settled(self) -> bool:
        """Whether it is known if it will get work."""
        return self.admission is None or self.admission.done()

    def employ(self, machine: Machine, blocks: Blocks) -> None:
        """Give it work: a block to each of its threads, and one to have at hand."""
        self.machine = machine
        self.slots = [
            asyncio.create_task(self._work(machine, blocks)) for _ in range(self.threads + 1)
        ]

    def dismiss(self) -> None:
        """Take its blocks away."""
        for task in [*self.slots, *([self.admission] if self.admission else [])]:
            task.cancel()

    def accuse(self, fault: str) -> None:
        """Note that a block of it could not be right."""
        self.fault = fault
        self.faults += 1
        if self.machine is not None:
            self.machine.wrong += 1

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what one of our functions gives there.

        Raises
        ------
        LostError
            Its answer does not come; what the function itself raises comes as it is.
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
        """Count one block after the other."""
        while True:
            block = await blocks.next()
            self.busy += 1
            try:
                answered = await self._work_on(block, machine, blocks)
            except asyncio.CancelledError:
                # The scheduler is lost, or the worker, which may be this block's doing.
                blocks.again(block, int(self.gone))
                raise
            finally:
                self.busy -= 1
            if not answered:
                # Whoever attends to the connection sees it soon, and dismisses us.
                await asyncio.sleep(1.0)

    async def _work_on(self, block: Block, machine: Machine, blocks: Blocks) -> bool:
        """Have a block counted, or put back; tell whether an answer came."""
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
        except Exception as error:  # the run's, as from a worker of its own
            if not block.result.done():
                block.result.set_exception(error)
        else:
            if result is None:
                # Its machine has lost the orbit.
                blocks.again(block, 1)
            elif (fault := block.rows.fault_of(result)) is not None:
                self.accuse(fault)
                blocks.leave(block)
            elif blocks.take(block, result, self.address):
                done = machine.stats
                done.blocks += 1
                done.cpu_s += sum(result.chunk_cpu_s)
                done.received_bytes += sum(map(len, result.chunks))
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
        """Have an orbit on its machine."""
        target = orbit.target
        if not await self.call(has_orbit, target, steps):
            transfer = uuid4().hex
            length = (steps + 1) * VALUE_BYTES
            for offset in range(0, length, _PART_BYTES):
                part = _part(orbit.values_file, offset, min(_PART_BYTES, length - offset))
                last = offset + _PART_BYTES >= length
                state = orbit.state_file.read_bytes() if last else None
                await self.call(receive_orbit, target, steps, transfer, offset, part, state)
                machine.stats.sent_bytes += len(part) + len(state or b"")
        machine.orbits.add((target, steps))


def _part(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
