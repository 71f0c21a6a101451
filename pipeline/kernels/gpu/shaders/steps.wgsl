// Steps and stretches of a group, with and without an exponent.

// How a stretch or a step is done in the exponents at hand.
struct Scales {
    // Of the stretch's A and B, or of the step's sum and product.
    first: scale,
    second: scale,
    // The same for slopes, where they differ, and of what is no multiple of a slope.
    slope_first: scale,
    slope_second: scale,
    slope_delta: scale,
    // What is added to the exponent of the slopes.
    slope_growth: i32,
}

// Do dz <- A dz (1 + t (C + D t) + F w) + w (B + G w), t = dz · inverse, and before it, where slopes
// are followed, D <- A (D (1 + t (2C + 3D t) + F w) + F dz) + B + 2 G w.
fn do_stretch(node: i32, inverse: real, b: Complex, g: Complex, scales: Scales) {
    let a = complex_at(node, A);
    let c = complex_at(node, C);
    let f = complex_at(node, F);
    let t = c_times(delta, inverse);
    let dt = c_mul(complex_at(node, D), t);
    let fw = c_mul(f, w);
    if (SLOPES) {
        let three = real_of(3.0);
        let two = power_of_two(1);
        let p = Complex(
            add(mul(three, dt.re), scaled(c.re, two)), add(mul(three, dt.im), scaled(c.im, two))
        );
        let q = one_and(c_mul(p, t), fw);
        let fd = c_times(c_mul(f, delta), scaled(slope_unit, scales.slope_delta));
        let s = c_add(c_mul(q, slope), fd);
        let gw = c_scaled(c_mul(c_scaled(g, scales.slope_second), w), two);
        slope = c_add(
            c_mul(c_scaled(a, scales.slope_first), s),
            c_times(c_add(c_scaled(b, scales.slope_second), gw), slope_unit),
        );
    }
    let q = one_and(c_mul(c_add(dt, c), t), fw);
    let s = c_mul(q, delta);
    let v = c_add(c_scaled(b, scales.second), c_mul(c_scaled(g, scales.second), w));
    delta = c_add(c_mul(c_scaled(a, scales.first), s), c_mul(v, w));
}

fn one_and(a: Complex, b: Complex) -> Complex {
    return Complex(add(real_of(1.0), add(a.re, b.re)), add(a.im, b.im));
}

// Do dz <- dz (2Z + dz) + dc, and before it D <- 2 (Z + dz) D + 2^k.
fn do_step(twice_z: Complex, dc: Complex, scales: Scales) {
    if (SLOPES) {
        let at = c_add(
            c_scaled(twice_z, scales.slope_first), c_scaled(twice(delta), scales.slope_delta)
        );
        let grown = c_mul(at, slope);
        slope = Complex(add(grown.re, scaled(slope_unit, scales.slope_second)), grown.im);
    }
    let sum = c_add(twice_z, c_scaled(delta, scales.first));
    delta = c_add(c_scaled(c_mul(sum, delta), scales.second), dc);
}

// Add to the exponent of the slopes, and bring the largest of them to about 1.
fn grow_slope(more: i32) {
    slope_exponent += more;
    if (!is_positive(largest_slope)) {
        return;
    }
    if (
        less(scaled(real_of(1.0), power_of_two(-SLOPE_RANGE_EXPONENT)), largest_slope)
        && less(largest_slope, scaled(real_of(1.0), power_of_two(SLOPE_RANGE_EXPONENT)))
    ) {
        return;
    }
    let shift = exponent_of(largest_slope);
    slope = c_scaled(slope, power_of_two(-shift));
    slope_exponent += shift;
}

// Do one step of the group; false where a product would be too small without an exponent.
fn advance() -> bool {
    var length = 1;
    var inverse = real_of(0.0);
    var node = -1;
    if (far) {
        node = far_node(&length, &inverse);
    } else {
        node = near_node(&length);
    }
    let one = power_of_two(0);
    var scales = Scales(one, one, one, one, one, 0);
    if (node >= 0) {
        let a_size = larger_part(complex_at(node, A));
        let a_shift = exponent_of(a_size);
        var b = complex_at(node, B);
        var g = complex_at(node, G);
        scales.slope_first = power_of_two(-a_shift);
        if (far) {
            let b_shift = exponent_of(larger_part(b));
            let a_exponent = exponent + node_int(node, A_EXPONENT) + a_shift;
            let b_exponent = node_int(node, B_EXPONENT) + b_shift;
            scales.slope_growth = node_int(node, A_EXPONENT) + a_shift;
            scales.slope_second = power_of_two(-b_shift)
                * power_of_two(b_exponent - slope_exponent - scales.slope_growth);
            scales.slope_delta = power_of_two(exponent - slope_exponent);
            exponent = select(b_exponent, max(a_exponent, b_exponent), is_positive(largest));
            // One factor after the other, each in the range of its numbers.
            scales.first = power_of_two(-a_shift) * power_of_two(a_exponent - exponent);
            scales.second = power_of_two(-b_shift) * power_of_two(b_exponent - exponent);
        } else {
            if (params.deep != 0u && less(mul(largest, a_size), smallest())) {
                return false;
            }
            let b_exponent = node_int(node, B_EXPONENT);
            if (b_exponent != 0) {
                // Far below the deltas, unless these differ widely.
                let factor = power_of_two(select(ZERO_EXPONENT, b_exponent, params.wide != 0u));
                b = c_scaled(b, factor);
                g = c_scaled(g, factor);
            }
            inverse = table_reals[node * NODE_REALS + INVERSE_RADIUS];
            scales.slope_growth = a_shift;
            scales.slope_second = power_of_two(-slope_exponent - a_shift);
            scales.slope_delta = power_of_two(-slope_exponent);
        }
        m += length;
        do_stretch(node, inverse, b, g, scales);
        shared_log = add(shared_log, table_reals[node * NODE_REALS + LOG2_A]);
    } else {
        var twice_z: Complex;
        var added = dc;
        // Where z is next to nothing, its factor of the derivative is the lane's own.
        var critical = orbit[m];
        var is_critical = false;
        if (far) {
            let has_delta = is_positive(largest);
            let value = value_at(m);
            let value_exponent = value.exponent + 1;
            if (value_exponent > exponent + 8) {
                shared_log = add(
                    shared_log, scaled(log2_of(square_of(value.mantissa)), power_of_two(-1))
                );
                shared_log = add(shared_log, real_of(f32(value_exponent)));
            } else {
                critical =
                    c_scaled(value.mantissa, power_of_two(value_exponent - 1 - exponent));
                is_critical = m > 0;
            }
            let sum_exponent = select(value_exponent, max(value_exponent, exponent), has_delta);
            twice_z = c_scaled(value.mantissa, power_of_two(value_exponent - sum_exponent));
            let product_exponent = exponent + sum_exponent;
            let result_exponent = select(params.k, max(product_exponent, params.k), has_delta);
            scales.first = power_of_two(exponent - sum_exponent);
            scales.second = power_of_two(product_exponent - result_exponent);
            added = c_scaled(w, power_of_two(params.k - result_exponent));
            // Where the reference is 0, or nearly, 2^k is all there is.
            let after = max(slope_exponent + sum_exponent, params.k);
            let grown = power_of_two(slope_exponent + sum_exponent - after);
            scales.slope_first = grown;
            scales.slope_delta = scales.first * grown;
            scales.slope_second = power_of_two(params.k - after);
            scales.slope_growth = after - slope_exponent;
            if (is_critical) {
                pass_critical(critical, exponent);
                shared_log = real_of(0.0);
            }
            if (value_exponent <= exponent + 8) {
                shared_log = add(shared_log, real_of(1.0));
            }
            exponent = result_exponent;
        } else {
            let part = larger_part(critical);
            if (params.deep != 0u && less(mul(largest, add(part, largest)), smallest())) {
                return false;
            }
            twice_z = twice(critical);
            scales.slope_second = power_of_two(params.k - slope_exponent);
            if (m > 0 && less(part, scaled(real_of(1.0), power_of_two(CRITICAL_EXPONENT)))) {
                pass_critical(critical, 0);
                shared_log = real_of(0.0);
            }
            product = mul(product, norm2);
            shared_log = add(shared_log, real_of(1.0));
        }
        m += 1;
        do_step(twice_z, added, scales);
    }
    var z = orbit[m];
    if (far) {
        z = in_exponent(value_at(m), exponent);
    }
    let at = c_add(z, delta);
    size = larger_part(delta);
    flag = u32(less(larger_part(at), size));
    if (!far) {
        norm2 = square_of(at);
        flag |= u32(less(real_of(4.0), norm2));
    }
    finish_step(z, orbit[m], scales.slope_growth);
    return true;
}

// What follows every step: the edge, what has outgrown the reference, what is proved, who leaves.
fn finish_step(z: Complex, plain: Complex, slope_growth: i32) {
    if (on_edge(plain)) {
        look_beyond();
    }
    // No delta has outgrown a larger value of the reference.
    let outgrowable = select(-3, FAR_OUTGROWABLE_EXPONENT, far);
    if (params.wide != 0u && less(larger_part(z), scaled(real_of(1.0), power_of_two(outgrowable)))) {
        flag_outgrown(z);
    }
    steps_here += 1;
    if (steps_here >= settle_at) {
        settle_at = steps_here + SETTLE_STEPS;
        settle_lane(shared_log);
        if (pixel >= 0 && less(log, real_of(f32(INTERIOR_LOG2)))) {
            flag |= ENDS;
        }
        shared_log = real_of(0.0);
    }
    reduce();
    if (SLOPES) {
        grow_slope(slope_growth);
    }
    if (any_flag || m >= end) {
        let point = pixel;
        waits = false;
        drop_lane(z, plain, m >= params.steps_end);
        queue(point);
        count_active();
        if (m >= end) {
            find_end();
        }
        flag = 0u;
        reduce();
    }
}

// Bring the largest delta to between 1 and 2 in the exponent; false where no exponent is needed.
fn normalise() -> bool {
    if (!is_positive(largest)) {
        return true;
    }
    let shift = exponent_of(largest);
    if (exponent + shift > PLAIN_EXPONENT && steps_here > 0) {
        rescale(power_of_two(exponent));
        exponent = 0;
        return false;
    }
    rescale(power_of_two(-shift));
    exponent += shift;
    return true;
}

fn rescale(s: scale) {
    delta = c_scaled(delta, s);
    size = scaled(size, s);
    largest = scaled(largest, s);
}
