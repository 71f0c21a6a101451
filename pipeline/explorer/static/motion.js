// Motions of a picture on the screen: turned and grown by a complex factor, then shifted.
// Pixel p, with rows downwards, goes to s·p + t; turns are clockwise as seen.

export const STILL = { a: 1, b: 0, x: 0, y: 0 };

export const shift = (x, y) => ({ a: 1, b: 0, x, y });

// Grow by a factor and turn by an angle, in radians, about a point.
export function about(x, y, factor, angle = 0) {
  const [a, b] = [factor * Math.cos(angle), factor * Math.sin(angle)];
  return { a, b, x: x - a * x + b * y, y: y - b * x - a * y };
}

// First one, then another.
export function then(one, other) {
  return {
    a: other.a * one.a - other.b * one.b,
    b: other.a * one.b + other.b * one.a,
    x: other.a * one.x - other.b * one.y + other.x,
    y: other.b * one.x + other.a * one.y + other.y,
  };
}

export function inverse({ a, b, x, y }) {
  const square = a * a + b * b;
  const [c, d] = [a / square, -b / square];
  return { a: c, b: d, x: -(c * x - d * y), y: -(d * x + c * y) };
}

export const isShift = ({ a, b }) => a === 1 && b === 0;

export const isStill = ({ a, b, x, y }) =>
  Math.abs(a - 1) + Math.abs(b) < 1e-9 && Math.abs(x) + Math.abs(y) < 0.75;

// Where a point goes.
export const applied = ({ a, b, x, y }, right, down) =>
  [a * right - b * down + x, b * right + a * down + y];

// The point that stays where it is; of what grows to twice the size, or shrinks to half of it.
function fixed({ a, b, x, y }) {
  const [c, d] = [1 - a, -b];
  const square = c * c + d * d;
  return [(x * c + y * d) / square, (y * c - x * d) / square];
}

// At most so much at once: a hand may be far ahead of a slow server.
export function limited(motion, most) {
  const size = Math.hypot(motion.a, motion.b);
  const factor = Math.min(most, Math.max(1 / most, size));
  return factor === size ? motion : about(...fixed(motion), factor);
}

// As the server takes it: about the point that stays, where that is near, for there shifts are small.
export function told(motion) {
  const { a, b, x, y } = motion;
  const factor = Math.hypot(a, b);
  const turn = Math.atan2(b, a) * 180 / Math.PI;
  if (factor > 0.5 && factor < 2) return { factor, turn, right_px: x, down_px: y };
  const [at_x, at_y] = fixed(motion);
  return { factor, turn, at_x, at_y };
}
