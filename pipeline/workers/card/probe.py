"""Tests and measures the graphics processors, and prints what they can do as a line of JSON."""

from pipeline.errors import DeviceLostError
from pipeline.kernels.gpu.adapters import Adapter, adapters
from pipeline.kernels.gpu.device import GpuDevice
from pipeline.kernels.gpu.numbers import NUMBERS
from pipeline.kernels.gpu.self_test import fault_of, steps_a_second
from pipeline.system.terminal import show
from pipeline.workers.card.ability import Abilities, Ability, text_of


def main() -> None:
    """Print what all adapters can do."""
    each = tuple(ability_of(adapter) for adapter in adapters())
    show(text_of(Abilities(steps_a_second(None), each)))


def ability_of(adapter: Adapter) -> Ability:
    """Test an adapter in all numbers, and measure those that are right."""
    faults: dict[str, str] = {}
    speeds: dict[str, float] = {}
    for numbers in NUMBERS.values():
        if not adapter.can(numbers):
            faults[numbers.name] = "it has none"
            continue
        try:
            # Opened for each: what fails may have lost it.
            device = GpuDevice.opened(adapter)
            if fault := fault_of(device, numbers):
                faults[numbers.name] = fault
            else:
                speeds[numbers.name] = steps_a_second(device, numbers)
            device.destroy()
        except DeviceLostError as error:
            faults[numbers.name] = str(error)
    return Ability(adapter.name, adapter.driver, adapter.kind, faults, speeds, adapter.most_bytes)


if __name__ == "__main__":
    main()
