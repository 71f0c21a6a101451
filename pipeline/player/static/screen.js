// The screen: a zoom's rings and core, drawn for one view.
//
// Every number that a shader is given is relative to the screen: how many octaves a picture's
// outermost ring lies outside a pixel. How deep that is in the plane it never knows, so single
// precision serves at any depth.

// Bands whose rings are smaller than this part of their size are taken from the overview, whose
// samples are as many times farther apart.
const OVERVIEW_OCTAVES = 4;
// A circle as small as this looks like a point.
const SMALLEST_PX = 0.25;
// Octaves outside the screen that are decoded already: when the film goes back, they come in at its
// edge, in full size. Inside, new ones come in as small as the overview shows them.
const AHEAD = 1;

class Screen {
  constructor(canvas, scene, changed) {
    const options = { alpha: false, antialias: false, depth: false };
    this.gl = canvas.getContext("webgl2", options);
    if (this.gl === null) throw new Error("this browser has no WebGL 2");
    this.canvas = canvas;
    this.scene = scene;
    this.pictures = new Pictures(this.gl, changed);
    this.rings = this.program("rings.frag");
    this.core = this.program("core.frag");
  }

  program(name) {
    const { gl } = this;
    const program = gl.createProgram();
    const parts = [[gl.VERTEX_SHADER, ["square.vert"]], [gl.FRAGMENT_SHADER, ["light.glsl", name]]];
    for (const [kind, files] of parts) {
      const compiled = gl.createShader(kind);
      const texts = files.map((file) => document.getElementById(file).textContent);
      gl.shaderSource(compiled, `#version 300 es\n${texts.join("\n")}`);
      gl.compileShader(compiled);
      gl.attachShader(program, compiled);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const shaders = gl.getAttachedShaders(program);
      throw new Error(`${name}: ${shaders.map((shader) => gl.getShaderInfoLog(shader)).join("")}`);
    }
    const places = new Proxy({}, {
      get: (known, uniform) => known[uniform] ??= gl.getUniformLocation(program, uniform),
    });
    return { program, places };
  }

  // A view as the canvas shows it: the film's picture is as large as fits.
  placed(view) {
    const { width, height } = this.canvas;
    const filmPx = Math.min(width, height / this.scene.aspect);
    const cosine = Math.cos(view.turn);
    const sine = Math.sin(view.turn);
    return {
      zoom: this.scene.zooms[view.zoom],
      zoomIndex: view.zoom,
      log2Px: view.log2Width - Math.log2(filmPx),
      // From the left and the bottom, as WebGL counts.
      x: width / 2 + (view.right * cosine + view.up * sine) * filmPx,
      y: height / 2 + (view.up * cosine - view.right * sine) * filmPx,
      cosine,
      sine,
    };
  }

  farPx({ x, y }) {
    const { width, height } = this.canvas;
    return Math.hypot(Math.max(x, width - x), Math.max(y, height - y));
  }

  // What a placed view shows, from the outermost inwards: overview first, then what is finer.
  shown(placed, ahead = 0) {
    const { zoom, zoomIndex, log2Px } = placed;
    const count = zoom.bands.length;
    // Depths in octaves below the outermost ring: of the farthest corner, of the overview's
    // beginning, and of what is too small to be seen.
    const depthAt = (px) => zoom.log2Top - log2Px - Math.log2(px);
    const far = depthAt(this.farPx(placed));
    const shown = [];
    const within = (depth) => Math.max(0, Math.min(count - 1, Math.floor(depth)));
    const { pageBands, pages, columns, rows } = zoom.overview;
    for (let page = Math.floor(within(far) / pageBands);
      page * pageBands <= within(depthAt(SMALLEST_PX)); page += 1) {
      const [first, end] = pages[page];
      shown.push({
        name: `${zoomIndex}-page-${page}`,
        columns,
        rows: rows * (end - first),
        ring: first,
        octaves: end - first,
        margin: 0,
        sampleColumns: zoom.bands[first].columns,
        sampleRows: zoom.bands[first].rows,
        from: page * pageBands,
        to: Math.min((page + 1) * pageBands, count),
      });
    }
    // A band's own picture serves until its pixels are as large as the overview's samples.
    const bandPx = (band) => zoom.bands[band].columns / (2 * Math.PI);
    const finest = (band) => Math.log2(bandPx(band)) - (zoom.log2Top - band - log2Px) - 0.5;
    for (let band = within(far - ahead); band < count; band += 1) {
      if (finest(band) > OVERVIEW_OCTAVES) break;
      const facts = zoom.bands[band];
      shown.push({
        name: `${zoomIndex}-${band}`,
        columns: facts.columns,
        rows: facts.rows * (1 + 2 * facts.margin),
        ring: band,
        octaves: 1,
        margin: facts.margin,
        sampleColumns: facts.columns,
        sampleRows: facts.rows,
        from: band,
        to: band + 1,
      });
    }
    if (zoom.core.log2Edge - log2Px > Math.log2(SMALLEST_PX)) {
      const { columns: side } = zoom.core;
      shown.push({ name: `${zoomIndex}-core`, columns: side, rows: side, isCore: true });
    }
    return shown;
  }

  // Draw a view with the pictures that are there, and have decoded what is missing.
  draw(view) {
    const { gl, canvas } = this;
    const placed = this.placed(view);
    const shown = this.shown(placed);
    this.pictures.want(uniqueByName([...shown, ...this.shown(placed, AHEAD)]));
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    for (const picture of shown) {
      const texture = this.pictures.get(picture.name);
      if (texture === undefined) continue;
      gl.bindTexture(gl.TEXTURE_2D, texture);
      if (picture.isCore) this.drawCore(placed);
      else this.drawRings(placed, picture);
    }
    return this.pictures.settled(shown);
  }

  drawRings(placed, picture) {
    const { gl } = this;
    const { zoom, log2Px } = placed;
    const { program, places } = this.rings;
    const log2Outer = zoom.log2Top - picture.ring - log2Px;
    const outermost = picture.from === 0;
    gl.useProgram(program);
    this.place(placed, places);
    gl.uniform1f(places.log2Outer, log2Outer);
    gl.uniform2f(places.shown,
      outermost ? -1e6 : picture.from - picture.ring, picture.to - picture.ring);
    gl.uniform2f(places.scale, 1, 1 / (picture.octaves + 2 * picture.margin));
    gl.uniform2f(places.shift, 0.5 / picture.sampleColumns,
      picture.margin + 0.5 / picture.sampleRows);
    gl.uniform1f(places.log2Texels, Math.log2(picture.columns / (2 * Math.PI)));
    const log2Shown = log2Outer - (picture.from - picture.ring);
    this.drawSquare(placed, outermost ? Infinity : 2 ** Math.min(log2Shown, 30));
  }

  drawCore(placed) {
    const { gl } = this;
    const { zoom: { core }, log2Px } = placed;
    const { program, places } = this.core;
    const edgePx = 2 ** Math.min(core.log2Edge - log2Px, 30);
    const sidePx = 2 ** (core.log2Side - log2Px);
    gl.useProgram(program);
    this.place(placed, places);
    gl.uniform1f(places.edge, edgePx);
    gl.uniform1f(places.side, sidePx);
    gl.uniform1f(places.level, Math.log2(core.columns / sidePx) - 0.5);
    this.drawSquare(placed, edgePx);
  }

  place({ x, y, cosine, sine }, places) {
    this.gl.uniform2f(places.target, x, y);
    this.gl.uniform2f(places.turn, cosine, sine);
  }

  // Draw the pixels of a square around the target.
  drawSquare({ x, y }, radiusPx) {
    const { gl, canvas } = this;
    const [left, right] = [x - radiusPx, x + radiusPx]
      .map((edge) => Math.max(0, Math.min(canvas.width, edge)));
    const [bottom, top] = [y - radiusPx, y + radiusPx]
      .map((edge) => Math.max(0, Math.min(canvas.height, edge)));
    const [across, up] = [Math.floor(left), Math.floor(bottom)];
    gl.scissor(across, up, Math.ceil(right) - across, Math.ceil(top) - up);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function uniqueByName(pictures) {
  return [...new Map(pictures.map((picture) => [picture.name, picture])).values()];
}
