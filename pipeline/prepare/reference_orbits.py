"""The reference orbits that sample grids need: computed by the pool before the counts."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.counts.orbits.orbit_state import OrbitState
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.counts.sample_grid import SampleGrid
from pipeline.monitor.eta import Eta
from pipeline.monitor.progress import Progress
from pipeline.system.terminal import say
from pipeline.units import duration
from pipeline.workers.pool import SharedPool, Task

# Work that a power cut may cost, at most.
_SLICE_S = 5.0
# Orbits that take no longer are computed without a message.
_WORTH_SAYING_S = 2.0


def steps_wanted(grids: Iterable[SampleGrid]) -> dict[Target, int]:
    """Return the targets of some sample grids, and the largest maxiter that each must serve."""
    wanted: dict[Target, int] = {}
    for grid in grids:
        if grid.target is not None:
            wanted[grid.target] = max(grid.maxiter, wanted.get(grid.target, 0))
    return wanted


def compute_orbits(
    wanted: dict[Target, int],
    references: References,
    pool: SharedPool,
    log: Path | None = None,
    tell: Callable[[Eta], object] = lambda _: None,
    say: Callable[[str], object] = say,
) -> dict[Target, OrbitState]:
    """Compute the steps of these orbits that are missing, and return their states.

    Steps are stored every few seconds, so that a run that was stopped continues from there.

    Parameters
    ----------
    wanted
        Targets, and the maxiter that each must serve.
    log
        File that gets the messages, too.
    tell
        Called about once a second with the progress.
    say
        Called with messages about damaged orbits.
    """
    states = {target: references.orbit(target).state() for target in wanted}
    for orbit in map(references.orbit, wanted):
        if states[orbit.target].steps == 0 and orbit.state_file.exists():
            say(f"{orbit.folder}: the reference orbit is not what was written; computing it again")
    missing = {
        target: maxiter
        for target, maxiter in wanted.items()
        if not states[target].suffices(target.steps(maxiter))
    }
    if not missing:
        return states
    pool.start()
    total = sum(steps - states[target].steps for target, steps in missing.items())
    eta = Eta({"reference": total})
    with Progress(eta, total, log, "steps of the reference orbit, at most,") as progress:
        tasks = [_task(references, target, missing[target], _WORTH_SAYING_S) for target in missing]
        said = False
        while tasks or pool.in_flight:
            while tasks and pool.has_room():
                pool.submit(tasks.pop())
            for task, state in pool.finished(1.0):
                target: Target = task.tag
                done = state.steps - states[target].steps
                progress.work("reference", done)
                progress.count(done)
                spent = state.cpu_s - states[target].cpu_s
                states[target] = state
                if state.suffices(target.steps(missing[target])):
                    continue
                tasks.append(_task(references, target, missing[target], _SLICE_S))
                if not said:
                    said = True
                    left = (missing[target] - state.steps) * spent / max(done, 1)
                    progress.say(
                        f"reference orbit: {missing[target]} steps of {target.bits} bits, "
                        f"at most {duration(left)}"
                    )
            progress.tick()
            tell(eta)
    return states


def _task(references: References, target: Target, steps: int, seconds: float) -> Task:
    return Task(
        f"reference orbit of {target.bits} bits",
        references.orbit(target).extend,
        (steps, seconds),
        target,
    )


def described(states: dict[Target, OrbitState]) -> list[dict[str, Any]]:
    """Return bits, steps and ending of each orbit, for the report."""
    return [
        {
            "bits": target.bits,
            "steps": state.steps,
            "ended": state.ended or "maxiter",
            "cpu_s": round(state.cpu_s, 3),
        }
        for target, state in states.items()
    ]
