// The film's way through its zooms: what each moment shows, and which moment shows a depth.

// Progress along a leg after a part of its time, both 0 to 1, by its easing's name.
const EASES = {
  "linear": (s) => s,
  "in": (s) => s * s,
  "out": (s) => 1 - (1 - s) ** 2,
  "in-out": (s) => s * s * (3 - 2 * s),
};
// Of a leg's time, until a moment is found as exactly as numbers are.
const HALVINGS = 52;

// Progress after some seconds of a leg whose speed changes over `ramp` seconds at either end.
function paced({ ramp, start, even, end }, seconds, time) {
  const ramped = (first, since) => {
    const x = since / ramp;
    return first * since + (even - first) * ramp * x ** 3 * (1 - x / 2);
  };
  if (time < ramp) return ramped(start, time);
  if (time > seconds - ramp) return 1 - ramped(end, seconds - time);
  return ramp * (start + even) / 2 + (time - ramp) * even;
}

// How far the target is from the picture's middle, against the start, at a part of the depth.
function glided({ glide, glideShare }, depth) {
  const x = depth / glideShare;
  return x >= 1 ? 0 : glide.reduceRight((total, coefficient) => total * x + coefficient, 0);
}

class Path {
  constructor(legs) {
    this.legs = legs;
    this.starts = [0];
    for (const leg of legs) {
      this.starts.push(
        this.starts[this.starts.length - 1] + leg.hold + leg.seconds + leg.rest,
      );
    }
    this.seconds = this.starts[legs.length];
  }

  indexAt(seconds) {
    let index = this.legs.length - 1;
    while (index > 0 && this.starts[index] > seconds) index -= 1;
    return index;
  }

  // Progress of the zoom or of the rotation, as a pace of the leg or its easing has it.
  progress(index, seconds, pace = this.legs[index].zooming) {
    const leg = this.legs[index];
    const since = seconds - this.starts[index] - leg.hold;
    if (since <= 0) return 0;
    if (since >= leg.seconds) return 1;
    if (pace !== null) return paced(pace, leg.seconds, since);
    return EASES[leg.ease](since / leg.seconds);
  }

  // The first moment of a leg at which its zoom has got that far.
  momentOf(index, progress) {
    let before = this.starts[index];
    let after = this.starts[index + 1];
    for (let halving = 0; halving < HALVINGS; halving += 1) {
      const middle = (before + after) / 2;
      if (this.progress(index, middle) < progress) before = middle;
      else after = middle;
    }
    return after;
  }

  // The view at a moment. `right` and `up` lead from the picture's centre to the target, in widths
  // of the picture, before it is turned; the width is a logarithm, and so has no smallest value.
  at(seconds) {
    const index = this.indexAt(seconds);
    const leg = this.legs[index];
    const progress = this.progress(index, seconds);
    const turned = this.progress(index, seconds, leg.turning);
    const between = ([start, end], part) => start + (end - start) * part;
    const away = glided(leg, leg.deeper ? progress : 1 - progress);
    return {
      zoom: leg.zoom,
      log2Width: between(leg.log2Width, progress),
      turn: between(leg.degrees, turned) * Math.PI / 180,
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
        return { seconds: this.momentOf(index, progress), left: 0 };
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
