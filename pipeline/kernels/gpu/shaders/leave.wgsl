// How lanes leave a group: they escape, are proved interior, reach maxiter, or rebase and wait.

// log2 |dz/dz1| below which a point is proved interior.
const INTERIOR_LOG2 = -48;

// Flag the lane if it is outside where the reference is on the edge.
fn look_beyond() {
    let z = orbit[m];
    var mantissa = sub(square_of(z), real_of(4.0));
    var margin_exponent = 0;
    let at = find_index(params.margin_ints, params.margin_size, m);
    if (at >= 0) {
        mantissa = table_reals[params.margin_reals + at];
        margin_exponent = table_ints[params.margin_ints + params.margin_size + at];
    }
    let edge = scaled(real_of(1.0), power_of_two(EDGE_EXPONENT));
    let plain = scaled(mantissa, power_of_two(max(margin_exponent, -LARGEST_EXPONENT)));
    let margin = scaled(
        mantissa,
        power_of_two(clamp(margin_exponent - exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT)),
    );
    if (pixel < 0) {
        flag = 0u;
        return;
    }
    let across = scaled(
        add(mul(z.re, delta.re), mul(z.im, delta.im)), power_of_two(1)
    );
    let beyond = add(
        add(margin, across), scaled(square_of(delta), power_of_two(max(exponent, -LARGEST_EXPONENT)))
    );
    let here = c_add(c_scaled(z, power_of_two(min(-exponent, NOTHING_ADDED))), delta);
    // It may rebase, but its |z|² in plain numbers does not decide whether it escapes.
    flag = u32(less(larger_part(here), size));
    // Deltas with an exponent are far too small to leave the disc by themselves.
    var leaves = false;
    if (exponent == 0) {
        leaves = less(edge, beyond);
    } else if (less(edge, plain)) {
        leaves = is_positive(beyond);
    }
    if (leaves) {
        flag |= ENDS | ESCAPES;
    }
    if (is_positive(beyond) && !counted) {
        counted = true;
        point_ints[pixel].n = base + m - 1;
        point_ints[pixel].outcome = ESCAPED;
    }
}

// Add the group's logarithm and the product's exponent to the lane's logarithm.
fn settle_lane(more: real) {
    let e = exponent_of(product);
    // A product that left the range of its numbers proves nothing any more.
    if (-LARGEST_EXPONENT < e && e < LARGEST_EXPONENT) {
        log = add(log, add(more, scaled(real_of(f32(e)), power_of_two(-1))));
        product = scaled(product, power_of_two(-e));
    } else {
        log = UNKNOWN;
        product = real_of(1.0);
    }
}

// Settle the lane where the reference is close to 0, and take up |z| for the next step.
fn pass_critical(z: Complex, unit: i32) {
    let at = c_add(z, delta);
    let size2 = square_of(at);
    settle_lane(add(shared_log, real_of(f32(unit))));
    take_up(at, size2);
    norm2 = real_of(1.0);
}

fn smallest() -> real {
    return scaled(real_of(1.0), power_of_two(SMALLEST_EXPONENT));
}

// Take a factor |z|² into the product, or into the logarithm where it is too small.
fn take_up(at: Complex, size2: real) {
    if (less(size2, smallest())) {
        let part = larger_part(at);
        if (is_positive(part)) {
            let e = exponent_of(part);
            let mantissa = square_of(c_scaled(at, power_of_two(-e)));
            log = add(
                log, add(real_of(f32(e)), scaled(log2_of(mantissa), power_of_two(-1)))
            );
        } else {
            log = sub(log, UNKNOWN);
        }
    } else {
        product = mul(product, size2);
    }
}

// Flag the lane where its delta has outgrown the reference, so that it rebases.
fn flag_outgrown(z: Complex) {
    if (less(scaled(larger_part(z), power_of_two(4)), size)) {
        flag |= ENDS;
    }
}

// Take out the lane if it is flagged, or because the orbit ends. `z` is the reference in the
// exponent of the group, `plain` without.
fn drop_lane(z: Complex, plain: Complex, ends: bool) {
    if (pixel < 0) {
        return;
    }
    let count = base + m;
    if (!(flag != 0u || ends || (count >= params.maxiter && !counted))) {
        return;
    }
    // A delta beside so much larger a value of the reference is nothing.
    let swallowed = ends && (
        less(scaled(real_of(1.0), power_of_two(PLAIN_SIZE_EXPONENT)), larger_part(plain))
        || less(scaled(real_of(1.0), power_of_two(NOTHING_ADDED - 2)), larger_part(z))
    );
    var at = c_add(plain, c_scaled(delta, power_of_two(exponent)));
    var escapes = exponent == 0 && less(real_of(4.0), square_of(at));
    if (on_edge(plain)) {
        escapes = (flag & ESCAPES) != 0u;
    }
    let p = pixel;
    if (counted || escapes) {
        if (!counted) {
            point_ints[p].n = count - 1;
            point_ints[p].outcome = ESCAPED;
        }
        point_reals[p].at = at;
        point_ints[p].count = count - 1;
        if (SLOPES) {
            point_reals[p].slope = slope;
            point_ints[p].slope_exponent = own_slope_exponent();
        }
        idle();
        return;
    }
    var own_exponent = 0;
    if (!swallowed) {
        own_exponent = exponent;
        at = c_add(z, delta);
    }
    let derivative = add(
        add(log, shared_log), scaled(real_of(f32(exponent_of(product))), power_of_two(-1))
    );
    if (less(derivative, real_of(f32(INTERIOR_LOG2)))) {
        point_ints[p].n = params.maxiter;
        point_ints[p].outcome = INTERIOR;
    } else if (count >= params.maxiter) {
        point_ints[p].n = params.maxiter;
        point_ints[p].outcome = UNRESOLVED;
    } else {
        // The factor |z| of the step from index 0.
        let size2 = square_of(at);
        settle_lane(add(shared_log, real_of(f32(own_exponent))));
        take_up(at, size2);
        point_reals[p].at = at;
        point_reals[p].log = log;
        point_reals[p].product = product;
        point_ints[p].exponent = own_exponent;
        point_ints[p].count = count;
        point_ints[p].size_class = size_class_of(larger_part(at)) + 4 * own_exponent;
        waits = true;
        if (SLOPES) {
            point_reals[p].slope = slope;
            point_ints[p].slope_exponent = own_slope_exponent();
        }
    }
    idle();
}

// Have the points of lanes that have come to wait do so one after the other.
fn queue(point: i32) {
    lane_waits[lane] = u32(waits);
    workgroupBarrier();
    var before = 0u;
    var all = 0u;
    for (var other = 0u; other < LANES; other++) {
        before += select(0u, lane_waits[other], other < lane);
        all += lane_waits[other];
    }
    if (waits) {
        let tile = atomicLoad(&work[tiles_of_groups() + described]);
        let first = first_of(tile) + atomicLoad(&work[ranges() + described]) / (2u * LANES);
        atomicStore(&work[arrivals() + first + queued + before], u32(point));
    }
    queued += all;
}
