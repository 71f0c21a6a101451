"""The graphics processors of this machine, as wgpu names them."""

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

HAVE_WGPU = find_spec("wgpu") is not None


@dataclass(frozen=True, slots=True)
class Adapter:
    """A graphics processor, and the driver by which it is reached."""

    name: str
    driver: str
    kind: str
    """DiscreteGPU, IntegratedGPU, CPU…"""
    features: frozenset[str]
    limits: dict[str, int]
    _adapter: Any = field(repr=False, compare=False)

    def request_device(self) -> Any:
        """Open its device, with all its limits and the features that numbers need."""
        wanted = sorted({"shader-f64", "shader-int64"} & self.features)
        return self._adapter.request_device_sync(
            required_features=wanted, required_limits=dict(self.limits)
        )


def adapters() -> list[Adapter]:
    """Return the graphics processors of this machine, the best first."""
    if not HAVE_WGPU:
        return []
    # Its windowing backends complain where there is no desktop.
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    import wgpu
    from wgpu.backends.wgpu_native.extras import set_instance_extras

    set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    found = [
        Adapter(
            adapter.info["device"], adapter.info["description"], adapter.info["adapter_type"],
            frozenset(adapter.features), dict(adapter.limits), adapter,
        )  # fmt: skip  # in order of the fields
        for adapter in wgpu.gpu.enumerate_adapters_sync()
    ]
    order = ["DiscreteGPU", "IntegratedGPU", "VirtualGPU", "Unknown", "CPU"]
    return sorted(found, key=lambda a: order.index(a.kind) if a.kind in order else len(order))
