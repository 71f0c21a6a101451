// The core: a square picture around the target, shown within a circle.
uniform sampler2D picture;
uniform vec2 target;        // pixels from the left and the bottom
uniform vec2 turn;          // cosine and sine of the picture's rotation
uniform float edge;         // radius of the circle, in pixels
uniform float side;         // side of the picture, in pixels
uniform float level;        // level of detail
out vec4 colour;

void main() {
    vec2 offset = gl_FragCoord.xy - target;
    if (dot(offset, offset) > edge * edge) discard;
    vec2 place = vec2(offset.x * turn.x - offset.y * turn.y, offset.x * turn.y + offset.y * turn.x);
    vec2 at = vec2(0.5 + place.x / side, 0.5 - place.y / side);
    vec3 light = textureLod(picture, at, level).rgb;
    colour = shownLight(light);
}
