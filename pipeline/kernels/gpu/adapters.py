"""The graphics processors of this machine, as wgpu names them."""

import logging
import os
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

from pipeline.kernels.gpu.numbers import NUMBERS, Numbers

HAVE_WGPU = find_spec("wgpu") is not None
SOFTWARE = "CPU"
"""Kind of an adapter that is a program, such as Mesa's lavapipe: no quicker than this processor."""
CHOICE = "WGPU_ADAPTER_NAME"
"""Environment variable: a part of the name of the only one to use."""
# The best first.
_KINDS = ["DiscreteGPU", "IntegratedGPU", "VirtualGPU", "Unknown", SOFTWARE]
# What shaders here have bound at once, all of it storage.
_BINDINGS = 8


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

    def can(self, numbers: Numbers) -> bool:
        """Tell whether it says that it has the features that some numbers need."""
        return numbers.features <= self.features

    @property
    def most_bytes(self) -> int:
        """Bytes of the largest buffer that a shader may use."""
        return min(self.limits["max-storage-buffer-binding-size"], self.limits["max-buffer-size"])

    def request_device(self) -> Any:
        """Open its device, with the features that numbers need and its own limits."""
        features = frozenset.union(*(numbers.features for numbers in NUMBERS.values()))
        # Its own, as wgpu's defaults may be more than it has, or less.
        names = ["max-storage-buffer-binding-size", "max-buffer-size"]
        bindings = "max-storage-buffers-per-shader-stage"
        limits = {name: self.limits[name] for name in names}
        limits[bindings] = min(_BINDINGS, self.limits[bindings])
        return self._adapter.request_device_sync(
            required_features=sorted(features & self.features), required_limits=limits
        )


@cache
def adapters() -> list[Adapter]:
    """Return the graphics processors of this machine, the best first; none without wgpu."""
    if not HAVE_WGPU:
        return []
    # Libraries of desktops complain where there is none; and that a device is lost is told once,
    # by what used it.
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    import wgpu
    from wgpu.backends.wgpu_native.extras import set_instance_extras

    logging.getLogger("wgpu").setLevel(logging.CRITICAL + 1)
    # OpenGL has no float64 here, and shows each card a second time.
    set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    found = [_described(adapter) for adapter in wgpu.gpu.enumerate_adapters_sync()]
    wanted = os.environ.get(CHOICE, "").lower()
    found = [adapter for adapter in found if wanted in adapter.name.lower()]
    return sorted(found, key=lambda each: _KINDS.index(each.kind))


def _described(adapter: Any) -> Adapter:
    info = adapter.info
    return Adapter(
        name=info["device"],
        driver=info["description"],
        kind=info["adapter_type"],
        features=frozenset(adapter.features),
        limits=dict(adapter.limits),
        _adapter=adapter,
    )
