// Rings around the target: a pixel's angle and the logarithm of its distance say where on the
// picture its light is. Both grow alike there, so that no direction is stretched, and one level of
// detail is right for a pixel.
uniform sampler2D picture;
uniform vec2 target;        // pixels from the left and the bottom
uniform vec2 turn;          // cosine and sine of the picture's rotation
uniform float log2Outer;    // log2 of the radius of the picture's first octave, in pixels
uniform vec2 shown;         // octaves from there: where the rings begin that are drawn, and end
uniform vec2 scale;         // from turns and octaves to the picture's width and height
uniform vec2 shift;         // its first sample, in turns and octaves
uniform float log2Texels;   // log2 of the texels of a ring, for each pixel of radius at radius 1
out vec4 colour;

const float PI = 3.14159265358979;
// As in the film: interpolation between texels blurs too, and levels are mixed only in the middle
// half between them.
const float SHARPER_LEVELS = -0.5;

// The arc tangent as the film has it: a browser's may be a pixel off.
float turnsOf(vec2 place) {
    vec2 size = abs(place);
    float slope = min(size.x, size.y) / max(max(size.x, size.y), 1e-6);
    float square = slope * slope;
    float turns = slope * (0.99997726 + square * (-0.33262347 + square * (0.19354346
        + square * (-0.11643287 + square * (0.05265332 - square * 0.01172120))))) / (2.0 * PI);
    turns = size.y > size.x ? 0.25 - turns : turns;
    turns = place.x < 0.0 ? 0.5 - turns : turns;
    return place.y < 0.0 ? 1.0 - turns : turns;
}

void main() {
    vec2 offset = gl_FragCoord.xy - target;
    vec2 place = vec2(offset.x * turn.x - offset.y * turn.y, offset.x * turn.y + offset.y * turn.x);
    float log2Radius = 0.5 * log2(dot(place, place) + 1e-6);
    float depth = log2Outer - log2Radius;
    if (depth < shown.x || depth >= shown.y) discard;
    float level = log2Texels - log2Radius + SHARPER_LEVELS;
    level = floor(level) + clamp(2.0 * fract(level) - 0.5, 0.0, 1.0);
    vec2 at = (vec2(turnsOf(place), depth) + shift) * scale;
    vec3 light = textureLod(picture, at, level).rgb;
    colour = shownLight(light);
}
