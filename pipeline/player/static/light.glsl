// What all fragment shaders share: from linear light to the screen.
precision highp float;
precision highp sampler2D;

vec4 shownLight(vec3 light) {
    vec3 curve = 1.055 * pow(max(light, 1e-6), vec3(1.0 / 2.4)) - 0.055;
    vec3 srgb = mix(curve, 12.92 * light, vec3(lessThanEqual(light, vec3(0.0031308))));
    // A fine pattern, so that no gradient breaks into bands.
    float inner = fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)));
    float dither = fract(52.9829189 * inner) - 0.5;
    return vec4(srgb + dither / 255.0, 1.0);
}
