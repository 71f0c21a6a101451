"""`devices`: the graphics processors of this machine, and what they can do."""

from pipeline.errors import UsageError
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.kernels.gpu.numbers import NUMBERS
from pipeline.system.machine import usable_cores
from pipeline.system.terminal import say, show
from pipeline.units import size
from pipeline.workers.card.ability import Abilities, Ability, tested_again
from pipeline.workers.compiling import compile_missing


def devices() -> None:
    """Test and measure all graphics processors beside this processor, and print what was found.

    Raises
    ------
    UsageError
        wgpu or numba is not installed.
    RenderError
        The kernels, which they are tested against, cannot be compiled.
    """
    if not HAVE_NUMBA:
        raise UsageError("numba is not installed; graphics processors are tested against it")
    compile_missing()
    say("testing graphics processors")
    found = tested_again()
    cores = usable_cores()
    rate = found.core_steps_a_second
    show(f"cpu      {cores} cores, {_millions(rate)} a core, {_millions(rate * cores)} together")
    if not found.each:
        show(f"gpu      {found.why_none}")
    for ability in found.each:
        show("\n".join(_lines(ability, found)))
    show("A step is one of a point's orbit in perturbation, a stretch of many counted as one.")


def _lines(ability: Ability, found: Abilities) -> list[str]:
    """Return what is to be said of one graphics processor."""
    chosen = ability is found.best
    kind = "a program on this processor" if ability.is_software else ability.kind
    buffers = f"buffers of {size(ability.buffer_bytes)}"
    lines = [f"gpu      {ability.name}: {kind}, {ability.driver}, {buffers}"]
    for name in NUMBERS:
        speed = ability.steps_a_second.get(name)
        told = (
            f"not used: {ability.faults.get(name, 'it was not tested')}"
            if speed is None
            else f"right, {_millions(speed)}, {speed / found.core_steps_a_second:.3g} cores"
        )
        lines.append(f"         in {name:8} {told}")
    if chosen:
        accuracies = ", ".join(
            f"{accuracy} in {numbers}" for accuracy, numbers in found.numbers_by_accuracy().items()
        )
        lines.append(f"         render.device: gpu takes it; accuracy {accuracies}")
        auto = "takes it, too" if found.pays() else "does not take it: a core of the cpu is quicker"
        lines.append(f"         render.device: auto {auto}")
    return lines


def _millions(rate: float) -> str:
    return f"{rate / 1e6:.3g} million steps a second"
