// The pictures, as textures: decoded when they are wanted, dropped when others are.

// Decoded at the same time.
const MOST_DECODING = 3;
// Textures that stay although they are no longer shown.
const SPARE = 2;

// Pictures of a page that is a folder: each is a script, which calls this.
const arrivals = new Map();
window.takePicture = (name, text) => {
  arrivals.get(name)(text);
  arrivals.delete(name);
};

function textOf(name) {
  const element = document.getElementById(`picture-${name}`);
  if (element !== null) return Promise.resolve(element.textContent);
  return new Promise((resolve, reject) => {
    arrivals.set(name, resolve);
    const script = document.createElement("script");
    script.src = `${name}.js`;
    script.onload = () => script.remove();
    script.onerror = () => reject(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
}

function bytesOf(text) {
  if (Uint8Array.fromBase64 !== undefined) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k += 1) bytes[k] = letters.charCodeAt(k);
  return bytes;
}

class Pictures {
  constructor(gl, changed) {
    this.gl = gl;
    this.changed = changed;
    this.textures = new Map();
    this.decoding = new Set();
    this.failed = new Set();
    this.wanted = [];
    this.largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
  }

  get(name) {
    return this.textures.get(name);
  }

  // Have these pictures decoded, the first ones first.
  want(pictures) {
    this.wanted = pictures;
    this.dropOthers();
    for (const picture of pictures) {
      if (this.decoding.size >= MOST_DECODING) break;
      const { name } = picture;
      if (!this.textures.has(name) && !this.decoding.has(name) && !this.failed.has(name)) {
        this.decode(picture);
      }
    }
  }

  async decode({ name, columns, rows }) {
    this.decoding.add(name);
    try {
      const bytes = bytesOf(await textOf(name));
      const options = { premultiplyAlpha: "none", colorSpaceConversion: "none" };
      const scale = this.largest / Math.max(columns, rows);
      if (scale < 1) {
        options.resizeWidth = Math.floor(columns * scale);
        options.resizeHeight = Math.max(1, Math.floor(rows * scale));
        options.resizeQuality = "high";
      }
      const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), options);
      this.textures.set(name, this.texture(picture));
      picture.close();
    } catch (error) {
      this.failed.add(name);
      console.error(`picture ${name}: ${error}`);
    } finally {
      this.decoding.delete(name);
    }
    this.changed();
  }

  // Levels of detail are made of linear light, as the format says that the picture is sRGB.
  texture(picture) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.SRGB8_ALPHA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.REPEAT);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  dropOthers() {
    const names = new Set(this.wanted.map(({ name }) => name));
    let spare = SPARE;
    // The latest first: a map keeps the order in which its entries came.
    for (const [name, texture] of [...this.textures].reverse()) {
      if (names.has(name)) continue;
      if (spare > 0) {
        spare -= 1;
        continue;
      }
      this.gl.deleteTexture(texture);
      this.textures.delete(name);
    }
  }

  // Whether all of these are there, or cannot be had.
  settled(pictures) {
    return pictures.every(({ name }) => this.textures.has(name) || this.failed.has(name));
  }
}
