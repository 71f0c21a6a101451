"""An opened graphics processor: buffers, pipelines, short dispatches."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DeviceLostError
from pipeline.kernels.gpu.adapters import Adapter, adapters

# Groups of one row of a dispatch: what every adapter admits.
_MOST_GROUPS_ACROSS = 65535
_LEAST_BYTES = 16


@dataclass(slots=True)
class GpuDevice:
    """A device of an adapter; all of its methods raise `DeviceLostError` once it is lost."""

    adapter: Adapter
    _device: Any
    kept: dict[str, Any] = field(default_factory=dict)
    """What later work may find on the card, by name."""
    _pipelines: dict[tuple[str, str], Any] = field(default_factory=dict)

    @staticmethod
    def opened(adapter: Adapter) -> "GpuDevice":
        """Open an adapter's device.

        Raises
        ------
        DeviceLostError
            It cannot be opened.
        """
        with _losses():
            return GpuDevice(adapter, adapter.request_device())

    def destroy(self) -> None:
        """Give back all that is on the card; then it is lost."""
        self._device.destroy()

    def buffer(self, data: NDArray[Any]) -> Any:
        """Return a buffer with these contents."""
        contents = _bytes_of(data)
        with _losses():
            buffer = self.room(max(len(contents), _LEAST_BYTES))
            if contents:
                self._device.queue.write_buffer(buffer, 0, contents)
            return buffer

    def room(self, size: int) -> Any:
        """Return a buffer of so many bytes, filled with zeros."""
        import wgpu

        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.COPY_SRC
        with _losses():
            return self._device.create_buffer(size=-(-size // 4) * 4, usage=usage)

    def write(self, buffer: Any, data: NDArray[Any]) -> None:
        """Overwrite a buffer from its beginning on."""
        with _losses():
            self._device.queue.write_buffer(buffer, 0, _bytes_of(data))

    def pipeline(self, text: str, entry: str) -> Any:
        """Return a shader, compiled once."""
        if (text, entry) not in self._pipelines:
            with _losses():
                module = self._device.create_shader_module(code=text)
                self._pipelines[text, entry] = self._device.create_compute_pipeline(
                    layout="auto", compute={"module": module, "entry_point": entry}
                )
        return self._pipelines[text, entry]

    def bound(self, pipeline: Any, buffers: Mapping[int, Any]) -> Any:
        """Return buffers as a pipeline's bindings, by their numbers."""
        entries = [
            {"binding": number, "resource": {"buffer": buffer, "offset": 0, "size": buffer.size}}
            for number, buffer in buffers.items()
        ]
        with _losses():
            layout = pipeline.get_bind_group_layout(0)
            return self._device.create_bind_group(layout=layout, entries=entries)

    def dispatch(self, works: Sequence[tuple[Any, Any, int]]) -> None:
        """Start some works one after the other, each a pipeline, its bindings and its workgroups.

        Workgroups stand in rows where there are too many for one.
        """
        with _losses():
            encoder = self._device.create_command_encoder()
            encoding = encoder.begin_compute_pass()
            for pipeline, bound, groups in works:
                down = -(-groups // _MOST_GROUPS_ACROSS)
                encoding.set_pipeline(pipeline)
                encoding.set_bind_group(0, bound)
                encoding.dispatch_workgroups(-(-groups // down), down)
            encoding.end()
            self._device.queue.submit([encoder.finish()])

    def read(self, parts: Sequence[tuple[Any, int, int]]) -> list[memoryview]:
        """Return parts of buffers, each of an offset and a size in bytes, when all work is done."""
        import wgpu

        usage = wgpu.BufferUsage.COPY_DST | wgpu.BufferUsage.MAP_READ
        at = np.cumsum([0] + [size for _, _, size in parts])
        with _losses():
            staging = self._device.create_buffer(size=int(at[-1]), usage=usage)
            encoder = self._device.create_command_encoder()
            for (buffer, offset, size), begin in zip(parts, at[:-1], strict=True):
                encoder.copy_buffer_to_buffer(buffer, offset, staging, int(begin), size)
            self._device.queue.submit([encoder.finish()])
            staging.map_sync(wgpu.MapMode.READ)
            whole = memoryview(bytes(staging.read_mapped()))
            staging.destroy()
        return [whole[begin:end] for begin, end in pairwise(at)]


def _bytes_of(data: NDArray[Any]) -> memoryview:
    contents: Any = np.ascontiguousarray(data)
    return memoryview(contents).cast("B") if data.size else memoryview(b"")


@contextmanager
def _losses() -> Iterator[None]:
    """Say of whatever wgpu raises that the device is lost, which is what it cannot go on after."""
    import wgpu

    try:
        yield
    except (wgpu.GPUError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise DeviceLostError(": ".join(lines[-2:]) or type(error).__name__) from error


@cache
def opened_device() -> GpuDevice:
    """Open the card that counts; once a process, until it is forgotten.

    Raises
    ------
    DeviceLostError
        There is none, or it cannot be opened.
    """
    found = adapters()
    if not found:
        raise DeviceLostError("there is no graphics processor")
    return GpuDevice.opened(found[0])


def forget_device() -> None:
    """Have the card opened anew by what needs it next."""
    opened_device.cache_clear()
