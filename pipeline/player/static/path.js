// The film's way through its zooms: what each moment shows, and which moment shows a depth.

// Progress along a leg after a part of its time, both 0 to 1; and the part after which it is made.
const EASES = {
  "linear": [(s) => s, (p) => p],
  "in": [(s) => s * s, Math.sqrt],
  "out": [(s) => 1 - (1 - s) ** 2, (p) => 1 - Math.sqrt(1 - p)],
  "in-out": [
    (s) => s * s * (3 - 2 * s),
    (p) => 0.5 - Math.sin(Math.asin(Math.max(-1, Math.min(1, 1 - 2 * p))) / 3),
  ],
};

class Path {
  constructor(legs) {
    this.legs = legs;
    this.starts = [0];
    for (const leg of legs) {
      this.starts.push(this.starts[this.starts.length - 1] + leg.seconds);
    }
    this.seconds = this.starts[legs.length];
  }

  indexAt(seconds) {
    let index = this.legs.length - 1;
    while (index > 0 && this.starts[index] > seconds) index -= 1;
    return index;
  }

  progress(index, seconds) {
    const leg = this.legs[index];
    if (leg.seconds === 0) return 0;
    const part = (seconds - this.starts[index]) / leg.seconds;
    return EASES[leg.ease][0](Math.max(0, Math.min(1, part)));
  }

  // The view at a moment. `right` and `up` lead from the picture's centre to the target, in widths
  // of the picture, before it is turned; the width is a logarithm, and so has no smallest value.
  at(seconds) {
    const index = this.indexAt(seconds);
    const leg = this.legs[index];
    const progress = this.progress(index, seconds);
    const between = ([start, end]) => start + (end - start) * progress;
    const away = leg.deeper ? 1 - progress : progress;
    return {
      zoom: leg.zoom,
      log2Width: between(leg.log2Width),
      turn: between(leg.degrees) * Math.PI / 180,
      right: leg.offset[0] * away,
      up: leg.offset[1] * away,
    };
  }

  // Go along the film to where it is deeper by some octaves; where they are negative, less deep.
  // Returns the moment, and the octaves that are left where the film turns back or ends.
  along(seconds, octaves) {
    const sign = Math.sign(octaves);
    let index = this.indexAt(seconds);
    let direction = this.direction(index, sign);
    if (direction === 0) {
      // The film stays as deep here: on to where it moves.
      direction = [1, -1].find((step) => this.direction(index + step, sign) === step);
      if (direction === undefined) return { seconds, left: octaves };
      index += direction;
      seconds = this.starts[direction > 0 ? index : index + 1];
    }
    let left = Math.abs(octaves);
    while (this.direction(index, sign) === direction) {
      const leg = this.legs[index];
      const [start, end] = leg.log2Width;
      const edge = this.starts[direction > 0 ? index + 1 : index];
      const there = Math.abs((direction > 0 ? end : start) - this.at(seconds).log2Width);
      if (there > left) {
        const wanted = this.at(seconds).log2Width - sign * left;
        const progress = Math.max(0, Math.min(1, (wanted - start) / (end - start)));
        return {
          seconds: this.starts[index] + leg.seconds * EASES[leg.ease][1](progress),
          left: 0,
        };
      }
      left -= there;
      const next = index + direction;
      if (this.direction(next, sign) !== direction || this.legs[next].zoom !== leg.zoom) {
        // Not the edge itself, which belongs to the next leg.
        return { seconds: direction > 0 && next < this.legs.length ? edge - 1e-9 : edge,
                 left: sign * left };
      }
      index = next;
      seconds = edge;
    }
    return { seconds, left: sign * left };
  }

  // Whether a leg goes deeper (sign 1) or less deep (-1) forwards in time: 1, backwards: -1, or
  // neither, or is none: 0.
  direction(index, sign) {
    const leg = this.legs[index];
    return leg === undefined ? 0 : sign * Math.sign(leg.log2Width[0] - leg.log2Width[1]);
  }
}
