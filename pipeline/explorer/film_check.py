"""Check of a film, the work of a `FilmProcess`: time, memory, disk and warnings, as of `plan`."""

import json
import sys
from pathlib import Path
from typing import Any

from pipeline.config.load import load_config
from pipeline.errors import PipelineError
from pipeline.explorer.film_process import answered
from pipeline.plan.outputs import Outputs
from pipeline.render.forecast import forecast
from pipeline.session import Session
from pipeline.system.machine import available_memory_bytes, disk_space
from pipeline.system.temporary import run_folder


def checked(path: Path, text: str, root: Path) -> dict[str, Any]:
    """Return the estimate of a config's render, and all warnings that `plan` shows."""
    config = load_config(path, text)
    outputs = Outputs.of(config, root)
    remarks = []
    try:
        outputs.check(outputs.video)
    except PipelineError as error:
        remarks.append({"key": "", "text": str(error)})
    if remarks or not path.exists():
        # What is not saved yet, or may not be written there, leaves nothing behind.
        outputs = Outputs.of(config, run_folder() / "check")
    with Session(outputs, config, cluster=False, say=lambda _: None) as session:
        found = forecast(session, lambda _: None)
    work_plan, work = found.work_plan, found.work
    counts, traces = work_plan.lacking()
    space = disk_space(root if root.exists() else Path())
    warnings = [*config.warnings, *found.warnings]
    return {
        "warnings": [*({"key": each.key, "text": each.message} for each in warnings), *remarks],
        "frames": len(work_plan.wanted),
        "samples": counts,
        "traced": traces,
        "workers": session.workers,
        "seconds": work.wall_s,
        "memory_bytes": work.memory_bytes,
        "available_bytes": available_memory_bytes(),
        "disk_bytes": work.disk_bytes,
        "free_bytes": None if space is None else space[1],
    }


def _answer(path: Path, text: str, root: Path) -> bytes:
    return json.dumps(checked(path, text, root)).encode()


if __name__ == "__main__":
    sys.exit(answered(_answer))
