"""Record a real render, for the test of its ETA: `python -m tests.render.recorded.record CONFIG`.

Writes ``NAME.json`` beside this file: what each stage was estimated to take, and for every piece of
work when it was done, its stage, its estimate and what it took.
"""

import json
import sys
import tempfile
from pathlib import Path

from pipeline.cli.main import main
from pipeline.monitor.eta import Eta

# Events are thinned to about so many, each with the sums of those between.
_EVENTS = 400


def record(config: Path) -> None:
    runs: list[tuple[Eta, list[tuple[float, str, float, float | None]]]] = []
    done = Eta.done

    def recording(self, stage, estimated_s, taken_s=None):
        done(self, stage, estimated_s, taken_s)
        if not runs or runs[-1][0] is not self:
            runs.append((self, []))
        runs[-1][1].append((self.active_s, stage, estimated_s, taken_s))

    def taking(self, stage, taken_s):
        took(self, stage, taken_s)
        # What `done` takes is in its own event.
        if sys._getframe(1).f_code is not done.__code__ and runs and runs[-1][0] is self:
            runs[-1][1].append((self.active_s, stage, 0.0, taken_s))

    took = Eta.took
    Eta.done, Eta.took = recording, taking
    with tempfile.TemporaryDirectory() as folder:
        main(["zoom", str(config), "--output", folder])
    eta, events = next(run for run in runs if "encode" in run[0].estimated_s)
    facts = {"estimated_s": eta.estimated_s, "events": subsampled(events)}
    target = Path(__file__).parent / f"{config.stem}.json"
    target.write_text(json.dumps(facts, separators=(",", ":")) + "\n")
    print(target, len(facts["events"]), "events")


def subsampled(events):
    """Join events of a stage that lie close together."""
    step = max(1.0, len(events) / _EVENTS)
    joined: dict[tuple[int, str], list[float]] = {}
    for number, (at_s, stage, estimated_s, taken_s) in enumerate(events):
        sums = joined.setdefault((int(number / step), stage), [0.0, 0.0, 0.0])
        sums[0] = at_s
        sums[1] += estimated_s
        sums[2] += estimated_s if taken_s is None else taken_s
    return sorted(
        [round(sums[0], 2), stage, round(sums[1], 4), round(sums[2], 4)]
        for (_, stage), sums in joined.items()
    )


if __name__ == "__main__":
    record(Path(sys.argv[1]))
