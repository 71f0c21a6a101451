// The speed of a film, drawn over its time: inwards above the line, outwards below it.

// Octaves a second above which eyes lose it, as the program warns.
const FASTEST = 2.5;

export function drawSpeed(canvas, { speeds, seconds }) {
  const ratio = window.devicePixelRatio;
  const { width, height } = canvas.getBoundingClientRect();
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  if (!speeds.length || !seconds) return;
  const style = getComputedStyle(canvas);
  const [ink, accent] = [style.color, style.getPropertyValue("accent-color")];
  const top = Math.max(FASTEST, ...speeds.map(([, speed]) => speed)) * 1.1;
  const bottom = Math.min(0, ...speeds.map(([, speed]) => speed)) * 1.1;
  const x = (time) => time / seconds * width;
  const y = (speed) => (top - speed) / (top - bottom) * (height - 2) + 1;
  context.strokeStyle = context.fillStyle = ink;
  context.globalAlpha = 0.4;
  for (const [level, dash] of [[0, []], [FASTEST, [4, 4]], [-FASTEST, [4, 4]]]) {
    if (level < bottom) continue;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(0, y(level));
    context.lineTo(width, y(level));
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
  context.strokeStyle = accent && accent !== "auto" ? accent : ink;
  context.lineWidth = 2;
  context.beginPath();
  for (const [time, speed] of speeds) context.lineTo(x(time), y(speed));
  context.stroke();
  context.font = "11px system-ui, sans-serif";
  context.globalAlpha = 0.7;
  context.fillText(`${FASTEST} octaves/s`, 4, y(FASTEST) - 3 < 10 ? y(FASTEST) + 12 : y(FASTEST) - 3);
}
