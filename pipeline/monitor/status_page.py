"""The page of a run: one HTML file that shows its status, for dark mode and small screens, too."""

from html import escape

from pipeline.errors import printable
from pipeline.monitor.status import Status, width_text
from pipeline.units import duration, size

REFRESH_S = 10
"""Seconds after which the page is written again, and reloads itself."""

_STYLE = """
:root { color-scheme: light dark; --back: #f6f4ef; --card: #fff; --ink: #1b1d24; --soft: #6b7080;
  --line: #dcd9d0; --accent: #b4631a; --bar: linear-gradient(90deg, #1d4e89, #b4631a); }
@media (prefers-color-scheme: dark) { :root { --back: #0d0f16; --card: #161a24; --ink: #e8e6df;
  --soft: #949bb0; --line: #272d3b; --accent: #f0a34e;
  --bar: linear-gradient(90deg, #2f7fc4, #f7b34a); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 16px; }
h1 { font-size: 1.35rem; margin: 4px 0 0; } h2 { font-size: .95rem; margin: 0 0 8px; }
.soft { color: var(--soft); } .small { font-size: .85rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 14px 16px; margin-top: 14px; overflow: hidden; }
.head { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; }
.percent { font-size: 2.6rem; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.track { height: 10px; border-radius: 5px; background: var(--line); margin: 6px 0 8px;
  overflow: hidden; }
.fill { height: 100%; border-radius: 5px; background: var(--bar); }
img, video { display: block; width: 100%; height: auto; border-radius: 8px; background: #000;
  max-height: 85vh; object-fit: contain; }
figure { margin: 0; } figcaption { margin-top: 4px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px;
  margin: 0; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
.two { display: grid; gap: 0 14px; } .sheet { display: grid; gap: 10px;
  grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
@media (min-width: 760px) { .two { grid-template-columns: 1fr 1fr; } }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
.curve { fill: none; stroke: var(--accent); stroke-width: 2; } .bars { fill: var(--accent); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 400; font-size: .8rem; } th, td { text-align: left;
  padding: 4px 10px 4px 0; vertical-align: top; } td .track { height: 4px; margin: 4px 0 0; }
.axis { stroke: var(--line); } ul { margin: 0; padding-left: 18px; }
"""

# Videos that browsers play, and those that they show as moving pictures.
_PLAYED = (".mp4",)
_ANIMATED = (".webp", ".gif")

_WIDE, _HIGH, _LEFT, _FOOT = 480, 190, 46, 22


def page(status: Status) -> str:
    """Return the page as HTML; it has no scripts, and needs no other file than the video."""
    refresh = f'<meta http-equiv="refresh" content="{REFRESH_S}">' if status.running else ""
    parts = [
        _head(status),
        _video(status) or _picture(status),
        _facts(status),
        _machines(status),
        _plots(status),
        _sheet(status),
        _lines(status),
    ]
    updated = status.updated.strftime("%Y-%m-%d %H:%M:%S %Z")
    return printable(f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">{refresh}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(_short(status))} {escape(status.name)}</title>
<link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main>{"".join(parts)}
<p class="soft small">Written {updated}{", again every 10 seconds" if status.running else ""}.</p>
</main></body></html>
""")


def _short(status: Status) -> str:
    return f"{status.fraction:.0%}" if status.running else status.state.split(":")[0]


def _head(status: Status) -> str:
    # Never 100 % before the video is there.
    percent = 100.0 if not status.running and status.video else min(99.9, 100 * status.fraction)
    when = ""
    if status.running and status.left_s is not None and status.done_at is not None:
        day = "" if status.done_at.date() == status.updated.date() else " %A"
        at = status.done_at.strftime(f"%H:%M{day}")
        when = f"<span>{escape(duration(status.left_s))} to go, done about {at}</span>"
    return f"""<h1>{escape(status.name)}</h1><div class="soft small">{escape(status.title)}</div>
<section class="card"><div class="head"><span class="percent">{percent:.1f} %</span>
<span>{escape(status.state)}</span>{when}</div>
<div class="track"><div class="fill" style="width:{percent:.2f}%"></div></div></section>"""


def _picture(status: Status) -> str:
    if status.picture is None:
        return ""
    what = escape(status.picture_of)
    return f"""<section class="card"><figure><img src="{escape(status.picture)}" alt="{what}">
<figcaption class="soft small">{what}</figcaption></figure></section>"""


def _video(status: Status) -> str:
    """Return the video as browsers play it; if they cannot, its latest frame."""
    if status.video is None:
        return ""
    address = escape(status.video, quote=True)
    shown = ""
    if address.endswith(_PLAYED):
        poster = f' poster="{escape(status.picture)}"' if status.picture else ""
        shown = f'<video controls playsinline preload="metadata"{poster} src="{address}"></video>'
    elif address.endswith(_ANIMATED):
        shown = f'<img src="{address}" alt="{escape(status.name)}">'
    link = f'<p class="small"><a href="{address}">{address}</a></p>'
    return f'{"" if shown else _picture(status)}<section class="card">{shown}{link}</section>'


def _facts(status: Status) -> str:
    depth = f"{width_text(status.log10_deepest)}"
    if status.log10_width is not None and status.running:
        depth = f"{width_text(status.log10_width)} of {depth}"
    facts = [
        ("frames", f"{status.encoded} of {status.frames}"),
        ("width", depth),
        ("samples computed", f"{status.samples / 1e6:.1f} million"),
        ("workers", str(status.workers)),
        ("written", size(status.stored_bytes)),
        ("disk free", "unknown" if status.free_bytes is None else size(status.free_bytes)),
        ("memory", size(status.memory_bytes)),
        ("begun", status.begun.strftime("%a %H:%M")),
    ]
    if status.temperature_c is not None:
        facts.append(("temperature", f"{status.temperature_c:.0f} °C"))
    facts += status.figures
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)
    return f'<section class="card"><dl>{items}</dl></section>'


def _machines(status: Status) -> str:
    """Return a table of the machines of a cluster."""
    if not status.machines:
        return ""
    most = max(each.blocks for each in status.machines) or 1
    rows = "".join(
        f"<tr><td>{escape(each.machine)}<br><span class='soft small'>{escape(each.architecture)}"
        f"</span></td><td>{each.workers}</td><td>{each.blocks}<div class='track'>"
        f"<div class='fill' style='width:{100 * each.blocks / most:.0f}%'></div></div></td>"
        f"<td>{escape(duration(each.cpu_s))}</td><td>{size(each.received_bytes)}</td></tr>"
        for each in status.machines
    )
    head = (
        "<tr><th>machine</th><th>workers</th><th>row blocks</th><th>CPU</th><th>received</th></tr>"
    )
    return f'<section class="card"><h2>Machines</h2><table>{head}{rows}</table></section>'


def _sheet(status: Status) -> str:
    if not status.sheet:
        return ""
    items = "".join(
        f'<figure><img src="{escape(address)}" alt="{escape(what)}">'
        f'<figcaption class="soft small">{escape(what)}</figcaption></figure>'
        for address, what in status.sheet
    )
    return f'<section class="card"><h2>Contact sheet</h2><div class="sheet">{items}</div></section>'


def _lines(status: Status) -> str:
    if not status.lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in reversed(status.lines))
    return f'<section class="card small"><h2>Warnings</h2><ul>{items}</ul></section>'


def _plots(status: Status) -> str:
    plots = []
    if len(status.speed) > 2:
        plots.append(("Million samples computed, by time", _curve(status.speed)))
    costs = status.costs_by_octave()
    if len(costs) > 1:
        plots.append(("CPU seconds an octave, by radius", _bars(costs)))
    cards = "".join(
        f'<section class="card"><h2>{title}</h2>{svg}</section>' for title, svg in plots
    )
    return f'<div class="two">{cards}</div>' if cards else ""


def _curve(points: list[tuple[float, float]]) -> str:
    last_s = points[-1][0] or 1.0
    most = max(value for _, value in points) or 1.0
    points_text = " ".join(
        f"{_LEFT + (_WIDE - _LEFT - 6) * at / last_s:.1f},{_y(value / most):.1f}"
        for at, value in points
    )
    return _plot(f'<polyline class="curve" points="{points_text}"/>', most, "0", duration(last_s))


def _bars(costs: list[tuple[float, float]]) -> str:
    most = max(cpu_s for _, cpu_s in costs) or 1.0
    wide = (_WIDE - _LEFT - 6) / len(costs)
    bars = "".join(
        f'<rect x="{_LEFT + k * wide:.2f}" y="{_y(cpu_s / most):.1f}" '
        f'width="{max(0.6, wide - 1):.2f}" height="{_y(0) - _y(cpu_s / most):.1f}"/>'
        for k, (_, cpu_s) in enumerate(costs)
    )
    return _plot(
        f'<g class="bars">{bars}</g>', most, width_text(costs[0][0]), width_text(costs[-1][0])
    )


def _plot(inside: str, most: float, first: str, last: str) -> str:
    """Return a plot: values from 0 to `most` upwards, labels `first` to `last` across."""
    foot = _HIGH - 6
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img">'
        f'<line class="axis" x1="{_LEFT}" y1="{_y(0)}" x2="{_WIDE}" y2="{_y(0)}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(1) + 8:.0f}" text-anchor="end">{most:.3g}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(0):.0f}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{foot}">{escape(first)}</text>'
        f'<text x="{_WIDE}" y="{foot}" text-anchor="end">{escape(last)}</text>{inside}</svg>'
    )


def _y(fraction: float) -> float:
    """Return the vertical position of a value, as a fraction of the largest."""
    return 6 + (1 - fraction) * (_HIGH - _FOOT - 12)
