"""The status writer: writes the page of a run every few seconds, and when it ends."""

import contextlib
import math
import os
import time
from datetime import datetime
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from pipeline.config.load import Config
from pipeline.drawing.thumbnail import rgb8_from_frame
from pipeline.geometry.decimals import log2, short_text
from pipeline.monitor.eta import Eta
from pipeline.monitor.events import (
    Event,
    Finished,
    FrameEncoded,
    FrameSent,
    GridStored,
    OrbitAdvanced,
    Prepared,
    Started,
    Stopped,
    Ticked,
    Warned,
)
from pipeline.monitor.report import Report
from pipeline.monitor.status import Status, jpeg_address, width_text
from pipeline.monitor.status_page import REFRESH_S, page
from pipeline.plan.outputs import Outputs
from pipeline.system.atomic_files import write_whole
from pipeline.system.machine import disk_space
from pipeline.system.temperature import temperature_c
from pipeline.timeline.frames import Frame, FrameList
from pipeline.units import duration
from pipeline.video.ffmpeg import frame_at

_LOG10_2 = 0.30102999566398120
_PICTURE_PX = 640
_PICTURE_EVERY_S = 2.0
# Fraction of the time, at most: a large HDR picture takes a second.
_PICTURES_FRACTION = 0.05
_SHEET_PX = 320
_SHEET_PICTURES = 12


class StatusWriter:
    """Keeps ``output/NAME/index.html`` up to date; if it cannot be written, the run goes on."""

    def __init__(self, config: Config, frames: FrameList, outputs: Outputs, report: Report) -> None:
        self._encoding = config.encoding
        self._frames = frames
        self._outputs = outputs
        self._video = f"../{quote(os.fsencode(outputs.video.name))}"
        self._report = report
        encoding = config.encoding
        widths = [keyframe.width for keyframe in config.keyframes]
        self.status = Status(
            name=config.name,
            title=f"{encoding.columns}×{encoding.rows}, {float(encoding.fps):g} frames a second, "
            f"width {short_text(max(widths))} to {short_text(min(widths))}",
            frames=len(frames),
            log10_deepest=log2(min(widths)) * _LOG10_2,
            workers=report.workers,
        )
        count = min(_SHEET_PICTURES, len(frames))
        self._sheet: dict[int, str | None] = {
            round(k * (len(frames) - 1) / max(1, count - 1)): None for k in range(count)
        }
        self._eta = Eta({})
        self._written_at = float(-REFRESH_S)
        self._shown_again_at = -math.inf

    @property
    def _is_due(self) -> bool:
        """Whether it is time to write the page again."""
        return time.monotonic() - self._written_at >= REFRESH_S

    def hear(self, event: Event) -> None:  # noqa: C901  # a case for each event
        """Update the status with an event, and write the page if it is time to."""
        self._eta.hear(event)
        match event:
            case Prepared():
                self.status.state = "preparing"
                self.status.encoded = event.encoded
                self._write()
            case OrbitAdvanced():
                self.status.state = (
                    f"computing the reference orbit: {event.fraction:.0%}, before the rest begins"
                )
                if self._is_due:
                    self._write()
            case Started():
                self._eta = Eta(event.stages_s)
                self._eta.tick(time.monotonic())
                self.status.encoded = event.encoded
            case FrameSent():
                self._show(event.frame, event.picture)
            case GridStored():
                geometry = event.grid.geometry
                exponent = geometry.distance_exponent(geometry.center)
                self.status.add_cost(exponent * _LOG10_2, event.cpu_s)
            case FrameEncoded():
                self.status.encoded += 1
            case Ticked():
                self._go_on(event.paused)
            case Warned():
                self.status.warn(event.text)
            case Stopped():
                self._stop(event.why)
            case Finished():
                if not self._is_finished:
                    self._finish()

    def _show(self, frame: Frame, picture: NDArray[np.uint8]) -> None:
        """Show a frame on the page, now and then, and on the contact sheet."""
        if frame.index in self._sheet:
            self._sheet[frame.index] = self._address(picture, _SHEET_PX)
        start = time.monotonic()
        if start < self._shown_again_at:
            return
        self.status.picture = self._address(picture, _PICTURE_PX)
        took = time.monotonic() - start
        self._shown_again_at = start + max(_PICTURE_EVERY_S, took / _PICTURES_FRACTION)
        self.status.picture_of = f"frame {frame.index}: {self._caption(frame)}"
        self.status.log10_width = log2(frame.view.width) * _LOG10_2

    def _go_on(self, paused: bool) -> None:
        """Write the page of a run that goes on, if it is due."""
        if not self._is_due:
            return
        status, eta = self.status, self._eta
        status.state = f"paused: {temperature_c() or 0:.0f} °C" if paused else "rendering"
        status.fraction = eta.fraction
        status.left_s = eta.left_s
        status.add_speed(eta.active_s)
        self._write()

    def _finish(self) -> None:
        """Write the page of a finished video."""
        status, report = self.status, self._report
        status.state = "finished"
        status.running = False
        status.encoded = status.frames
        status.video = self._video
        status.figures = [("wall time", duration(report.wall_s))] + [
            (f"{name}, CPU", duration(stage.cpu_s))
            for name, stage in report.stages.items()
            if stage.cpu_s >= 0.1
        ]
        for index in self._sheet:
            frame = self._frames[index]
            address = self._sheet[index] or self._from_video(index)
            if address is not None:
                status.sheet.append((address, self._caption(frame)))
        self._write()

    def _stop(self, why: str) -> None:
        """Write the page of a run that ended before its video was made."""
        self.status.state = f"stopped: {why}"
        self.status.running = False
        self.status.warn("the same command carries on from here")
        self._write()

    @property
    def _is_finished(self) -> bool:
        """Whether the page on disk is that of a finished video."""
        try:
            return f'href="{self._video}"'.encode() in self._outputs.page.read_bytes()
        except OSError:
            return False

    def _from_video(self, index: int) -> str | None:
        frame = frame_at(self._outputs.video, index, self._encoding)
        return None if frame is None else self._address(frame, _SHEET_PX)

    def _address(self, frame: NDArray[np.uint8], most: int) -> str:
        return jpeg_address(rgb8_from_frame(frame, self._encoding, most))

    def _caption(self, frame: Frame) -> str:
        return f"{float(frame.time):.1f} s, width {width_text(log2(frame.view.width) * _LOG10_2)}"

    def _write(self) -> None:
        self._written_at = time.monotonic()
        status, report = self.status, self._report
        status.updated = datetime.now().astimezone()
        status.samples = report.pixels_computed
        status.machines = report.machines
        status.stored_bytes = report.bytes_stored
        status.memory_bytes = report.peak_memory_bytes
        status.temperature_c = temperature_c()
        for line in report.retried[len(status.retried) :]:
            status.warn(line)
        status.retried = list(report.retried)
        with contextlib.suppress(OSError):
            space = disk_space(self._outputs.root)
            status.free_bytes = None if space is None else space[1]
            write_whole(self._outputs.page, page(status).encode())
