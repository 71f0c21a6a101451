"""What a render would take, measured on this machine, and what its film warns of."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config.fault import Fault
from pipeline.counts.orbits.orbit_state import OrbitState
from pipeline.counts.orbits.target import Target
from pipeline.plan.estimate import Estimate
from pipeline.plan.work_plan import WorkPlan
from pipeline.prepare.dead_end_search import dead_ends
from pipeline.prepare.survey import estimated
from pipeline.session import Session
from pipeline.timeline.too_fast import too_fast


@dataclass(frozen=True, slots=True)
class Forecast:
    """A render before it is begun."""

    work_plan: WorkPlan
    orbits: dict[Target, OrbitState]
    work: Estimate
    warnings: list[Fault]
    """Stretches that are too fast, black, flat, or of one colour."""


def forecast(session: Session, say: Callable[[str], object]) -> Forecast:
    """Measure what the render of a session's config would take, and look at what it would show.

    `say` is told what is done meanwhile.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed, or the pool fails.
    """
    frames, resolved = session.frames, session.resolved
    work_plan = WorkPlan.of(resolved, frames, session.outputs)
    orbits = session.compute_orbits(work_plan.grids)
    pool, references = session.pool, session.references
    pool.start(resolved.look.tracing is not None)
    say("measuring what it takes")
    work = estimated(work_plan, pool, references, session.workers)
    dead = dead_ends(resolved, frames, session.outputs, pool, references, say)
    return Forecast(work_plan, orbits, work, [*too_fast(frames), *dead])
