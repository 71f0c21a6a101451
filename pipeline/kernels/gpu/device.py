"""An opened graphics processor: buffers, pipelines and short dispatches."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DeviceLostError
from pipeline.kernels.gpu.adapters import Adapter

# Groups of one row of a dispatch: what every adapter admits.
_MOST_GROUPS_ACROSS = 65535


@dataclass(slots=True)
class GpuDevice:
    """A device of an adapter, with all the limits that the adapter has."""

    adapter: Adapter
    _device: Any
    _pipelines: dict[tuple[str, str], Any] = field(default_factory=dict)

    @staticmethod
    def opened(adapter: Adapter) -> "GpuDevice":
        """Open an adapter's device."""
        return GpuDevice(adapter, adapter.request_device())

    def buffer(self, data: NDArray[Any]) -> Any:
        """Return a buffer that shaders read, with these contents."""
        import wgpu

        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.COPY_SRC
        # An empty binding is refused.
        contents = data if data.size else np.zeros(4, np.int32)
        return self._device.create_buffer_with_data(
            data=memoryview(np.ascontiguousarray(contents)).cast("B"), usage=usage
        )

    def room(self, size: int) -> Any:
        """Return a buffer of so many bytes, filled with zeros."""
        import wgpu

        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.COPY_SRC
        return self._device.create_buffer(size=size, usage=usage)

    def write(self, buffer: Any, data: NDArray[Any], offset: int = 0) -> None:
        """Overwrite a part of a buffer."""
        self._device.queue.write_buffer(
            buffer, offset, memoryview(np.ascontiguousarray(data)).cast("B")
        )

    def pipeline(self, text: str, entry: str) -> Any:
        """Return the compiled shader of a text, compiled once."""
        key = (text, entry)
        if key not in self._pipelines:
            module = self._device.create_shader_module(code=text)
            self._pipelines[key] = self._device.create_compute_pipeline(
                layout="auto", compute={"module": module, "entry_point": entry}
            )
        return self._pipelines[key]

    def bound(self, pipeline: Any, buffers: Sequence[Any]) -> Any:
        """Return the buffers as a pipeline's bindings, in their order."""
        entries = [
            {"binding": number, "resource": {"buffer": buffer, "offset": 0, "size": buffer.size}}
            for number, buffer in enumerate(buffers)
        ]
        return self._device.create_bind_group(
            layout=pipeline.get_bind_group_layout(0), entries=entries
        )

    def dispatch(self, pipeline: Any, bound: Any, groups: int) -> None:
        """Start so many workgroups."""
        encoder = self._device.create_command_encoder()
        work = encoder.begin_compute_pass()
        work.set_pipeline(pipeline)
        work.set_bind_group(0, bound)
        down = -(-groups // _MOST_GROUPS_ACROSS)
        work.dispatch_workgroups(-(-groups // down), down)
        work.end()
        self._device.queue.submit([encoder.finish()])

    def read(self, parts: Sequence[tuple[Any, int, int]]) -> list[memoryview]:
        """Return parts of buffers, each of an offset and a size in bytes, when all work is done."""
        import wgpu

        total = sum(size for _, _, size in parts)
        usage = wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.MAP_READ
        staging = self._device.create_buffer(size=total, usage=usage)
        encoder = self._device.create_command_encoder()
        at = 0
        for buffer, offset, size in parts:
            encoder.copy_buffer_to_buffer(buffer, offset, staging, at, size)
            at += size
        self._device.queue.submit([encoder.finish()])
        staging.map_sync(wgpu.MapMode.READ)
        whole = memoryview(bytes(staging.read_mapped()))
        staging.destroy()
        views, at = [], 0
        for _, _, size in parts:
            views.append(whole[at : at + size])
            at += size
        return views
