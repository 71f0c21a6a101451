// Lane groups along the reference: perturbation with rebasing, by stretches.
//
// A workgroup is a lane group: it takes one of those that `form` has made, and all its points follow the reference together, by the longest stretch
// that the largest of their deltas admits, or by a single step. What the workgroup decides together
// is decided from the same numbers by each of its lanes. Step by step this is what the modules
// near_group, far_group, group_steps, group_lanes and edge of pipeline/kernels/cpu/perturbation do,
// in the same order of operations.

// Lanes that fold the sizes of all.
const FOLDERS = 8u;

// Flags: the lane ends; where the reference is on the edge of the disc, that it escapes.
const ENDS = 1u;
const ESCAPES = 2u;


// Of the reference, when it is exactly 0.
const ZERO_EXPONENT = -(1 << 28);
// log2 |dz/dz1| below which a point is proved interior.
const INTERIOR_LOG2 = -48;

// Reductions alternate between two halves, so that one barrier less is needed.
var<workgroup> sizes: array<real, 64>;
var<workgroup> folded: array<real, 16>;
var<workgroup> slope_sizes: array<real, 64>;
var<workgroup> slope_folded: array<real, 16>;
var<workgroup> flags: array<u32, 64>;
var<workgroup> flags_folded: array<u32, 16>;
var<workgroup> lane_waits: array<u32, 32>;
var<workgroup> taken: u32;
var<workgroup> lane_count: atomic<u32>;
var<workgroup> lane_end: atomic<i32>;

// Of this lane.
var<private> lane: u32;
var<private> half: u32;
var<private> delta: Complex;
var<private> w: Complex;
var<private> dc: Complex;
var<private> size: real;
var<private> norm2: real;
var<private> product: real;
var<private> log: real;
var<private> slope: Complex;
var<private> slope_unit: real;
var<private> pixel: i32;
var<private> base: i32;
var<private> counted: bool;
var<private> flag: u32;
// Of the group, the same in all its lanes.
var<private> m: i32;
var<private> exponent: i32;
var<private> far: bool;
var<private> steps_here: i32;
var<private> settle_at: i32;
var<private> end: i32;
var<private> slope_exponent: i32;
var<private> shared_log: real;
var<private> largest: real;
var<private> largest_slope: real;
var<private> any_flag: bool;
var<private> active_lanes: u32;
// Of the group, where it is described, and how many of its points wait again.
var<private> described: u32;
var<private> queued: u32;
// Whether this lane has just come to wait.
var<private> waits: bool;

// Fill `largest`, `largest_slope` and `any_flag` from all lanes.
fn reduce() {
    let own = half * LANES;
    let own_folded = half * FOLDERS;
    half = 1u - half;
    sizes[own + lane] = size;
    flags[own + lane] = flag;
    if (SLOPES) {
        slope_sizes[own + lane] = larger_part(slope);
    }
    workgroupBarrier();
    if (lane < FOLDERS) {
        var a = sizes[own + lane];
        var f = flags[own + lane];
        for (var k = FOLDERS; k < LANES; k += FOLDERS) {
            a = larger(a, sizes[own + k + lane]);
            f |= flags[own + k + lane];
        }
        folded[own_folded + lane] = a;
        flags_folded[own_folded + lane] = f;
        if (SLOPES) {
            var s = slope_sizes[own + lane];
            for (var k = FOLDERS; k < LANES; k += FOLDERS) {
                s = larger(s, slope_sizes[own + k + lane]);
            }
            slope_folded[own_folded + lane] = s;
        }
    }
    workgroupBarrier();
    largest = folded[own_folded];
    var f = flags_folded[own_folded];
    for (var k = 1u; k < FOLDERS; k++) {
        largest = larger(largest, folded[own_folded + k]);
        f |= flags_folded[own_folded + k];
    }
    any_flag = f != 0u;
    if (SLOPES) {
        largest_slope = slope_folded[own_folded];
        for (var k = 1u; k < FOLDERS; k++) {
            largest_slope = larger(largest_slope, slope_folded[own_folded + k]);
        }
    }
}

// Count the lanes that are not idle.
fn count_active() {
    workgroupBarrier();
    if (lane == 0u) {
        atomicStore(&lane_count, 0u);
    }
    workgroupBarrier();
    if (pixel >= 0) {
        atomicAdd(&lane_count, 1u);
    }
    workgroupBarrier();
    active_lanes = atomicLoad(&lane_count);
}

// Find the index at which the group must be looked at: the reference's end or maxiter.
fn find_end() {
    workgroupBarrier();
    if (lane == 0u) {
        atomicStore(&lane_end, params.steps_end);
    }
    workgroupBarrier();
    if (pixel >= 0 && !counted) {
        atomicMin(&lane_end, params.maxiter - base);
    }
    workgroupBarrier();
    end = atomicLoad(&lane_end);
}

fn idle() {
    let zero = real_of(0.0);
    delta = Complex(zero, zero);
    w = delta;
    dc = delta;
    size = zero;
    norm2 = real_of(1.0);
    product = real_of(1.0);
    log = zero;
    base = 0;
    counted = false;
    pixel = -1;
    slope = delta;
}

// Take the next group that waits to walk; false where there is none.
fn take() -> bool {
    workgroupBarrier();
    if (lane == 0u) {
        taken = NOTHING;
        var head = atomicLoad(&work[HEAD]);
        // As many as there were when this dispatch began: `form` has added them before.
        while (head < atomicLoad(&work[TAIL])) {
            let result = atomicCompareExchangeWeak(&work[HEAD], head, head + 1u);
            if (result.exchanged) {
                taken = atomicLoad(&work[ring() + head % params.points]);
                break;
            }
            head = result.old_value;
        }
    }
    workgroupBarrier();
    described = taken;
    return described != NOTHING;
}

// Begin the group that was taken, in the exponent of the largest delta.
fn begin() {
    let tile = atomicLoad(&work[tiles_of_groups() + described]);
    let range = atomicLoad(&work[ranges() + described]);
    let first = first_of(tile) + range / (2u * LANES);
    let count = range % (2u * LANES);
    pixel = -1;
    if (lane < count) {
        pixel = i32(atomicLoad(&work[orders() + first + lane]));
    }
    // They are sorted, so the last is the largest; in the first round all are 0.
    exponent = point_ints[atomicLoad(&work[orders() + first + count - 1u])].exponent;
    slope_unit = real_of(0.0);
    flag = 0u;
    queued = 0u;
    m = 0;
    shared_log = real_of(0.0);
    if (pixel < 0) {
        idle();
    } else {
        let from_exponent = point_ints[pixel].exponent;
        delta = c_scaled(point_reals[pixel].at, power_of_two(from_exponent - exponent));
        log = point_reals[pixel].log;
        product = point_reals[pixel].product;
        norm2 = real_of(1.0);
        base = point_ints[pixel].count;
        counted = false;
        w = point_reals[pixel].w;
        dc = c_scaled(w, power_of_two(params.k));
        size = larger_part(delta);
    }
    if (SLOPES) {
        begin_slope();
    }
    count_active();
    enter(exponent != 0);
}

// Begin the group's slopes, in the exponent of the largest.
fn begin_slope() {
    var own = -(1 << 29);
    var held = 0;
    var at = Complex(real_of(0.0), real_of(0.0));
    if (pixel >= 0) {
        at = point_reals[pixel].slope;
        held = point_ints[pixel].slope_exponent;
        let part = larger_part(at);
        if (is_positive(part)) {
            own = held + exponent_of(part);
        }
    }
    workgroupBarrier();
    if (lane == 0u) {
        atomicStore(&lane_end, -(1 << 29));
    }
    workgroupBarrier();
    atomicMax(&lane_end, own);
    workgroupBarrier();
    slope_exponent = atomicLoad(&lane_end);
    if (slope_exponent == -(1 << 29)) {
        slope_exponent = params.k;
    }
    slope = at;
    if (pixel >= 0) {
        // Below the largest as far as numbers go; what lies farther down is in the mantissa.
        let below = clamp(slope_exponent - held, 0, LARGEST_EXPONENT);
        slope = c_scaled(at, power_of_two(held - slope_exponent + below));
        slope_unit = scaled(real_of(1.0), power_of_two(below));
    }
}

fn own_slope_exponent() -> i32 {
    return slope_exponent - exponent_of(slope_unit);
}

// Go on with the group where it was put aside.
fn resume(g: u32) {
    let kept_lane = groups[g].lanes[lane];
    pixel = kept_lane.pixel;
    base = kept_lane.base;
    counted = kept_lane.counted != 0;
    delta = kept_lane.delta;
    product = kept_lane.product;
    norm2 = kept_lane.norm2;
    log = kept_lane.log;
    slope = kept_lane.slope;
    slope_unit = kept_lane.slope_unit;
    let zero = real_of(0.0);
    w = Complex(zero, zero);
    if (pixel >= 0) {
        w = point_reals[pixel].w;
    }
    dc = c_scaled(w, power_of_two(params.k));
    size = larger_part(delta);
    m = groups[g].m;
    exponent = groups[g].exponent;
    far = groups[g].far != 0;
    steps_here = groups[g].steps_here;
    settle_at = groups[g].settle_at;
    end = groups[g].end;
    slope_exponent = groups[g].slope_exponent;
    queued = groups[g].queued;
    described = groups[g].described;
    shared_log = groups[g].shared_log;
    flag = 0u;
    count_active();
    reduce();
}

fn put_aside(g: u32) {
    groups[g].lanes[lane] =
        Lane(delta, slope, product, norm2, log, slope_unit, pixel, base, i32(counted), 0);
    if (lane == 0u) {
        groups[g].under_way = 1;
        groups[g].m = m;
        groups[g].exponent = exponent;
        groups[g].far = i32(far);
        groups[g].steps_here = steps_here;
        groups[g].settle_at = settle_at;
        groups[g].end = end;
        groups[g].slope_exponent = slope_exponent;
        groups[g].queued = queued;
        groups[g].described = described;
        groups[g].shared_log = shared_log;
    }
}

// Have `form` know that the group has ended.
fn end_group() {
    if (lane == 0u) {
        atomicStore(&work[queued_of_groups() + described], queued);
        let tile = atomicLoad(&work[tiles_of_groups() + described]);
        atomicSub(&work[tile_record(tile) + OPEN_GROUPS], 1u);
    }
}

// Add to the steps that a tile's points have gone, in two halves.
fn add_steps(steps: u32) {
    if (lane == 0u) {
        let tile = atomicLoad(&work[tiles_of_groups() + described]);
        let before = atomicAdd(&work[tile_record(tile) + STEPS], steps);
        if (before + steps < before) {
            atomicAdd(&work[tile_record(tile) + STEPS_ABOVE], 1u);
        }
    }
}

// Enter the steps with or without an exponent.
fn enter(with_exponent: bool) {
    far = with_exponent;
    steps_here = 0;
    settle_at = select(SETTLE_STEPS, 1, params.wide != 0u && m == 0);
    find_end();
    reduce();
}

struct Value {
    mantissa: Complex,
    exponent: i32,
}

// Return where `index` is among `count` increasing numbers from `first` on, or -1.
fn find_index(first: i32, count: i32, index: i32) -> i32 {
    var low = 0;
    var high = count;
    while (low < high) {
        let middle = (low + high) / 2;
        if (table_ints[first + middle] < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < count && table_ints[first + low] == index) {
        return low;
    }
    return -1;
}

// Return the reference at an index as mantissas and their exponent of two.
fn value_at(index: i32) -> Value {
    let z = orbit[index];
    let e = exponent_of(larger_part(z));
    if (e >= TINY_EXPONENT) {
        return Value(c_scaled(z, power_of_two(-e)), e);
    }
    let at = find_index(params.tiny_ints, params.tiny_size, index);
    if (at >= 0) {
        let r = params.tiny_reals + 2 * at;
        return Value(
            Complex(table_reals[r], table_reals[r + 1]),
            table_ints[params.tiny_ints + params.tiny_size + at],
        );
    }
    let zero = real_of(0.0);
    return Value(Complex(zero, zero), ZERO_EXPONENT);
}

// Return a value with an exponent in that of the group; bounded, where nothing is added.
fn in_exponent(value: Value, unit: i32) -> Complex {
    return c_scaled(value.mantissa, power_of_two(min(value.exponent - unit, NOTHING_ADDED)));
}

fn on_edge(z: Complex) -> bool {
    return params.margin_size > 0
        && less(sub(real_of(4.0), scaled(real_of(1.0), power_of_two(EDGE_EXPONENT))), square_of(z));
}

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

fn complex_at(node: i32, column: i32) -> Complex {
    let r = node * NODE_REALS + column;
    return Complex(table_reals[r], table_reals[r + 1]);
}

// Columns of a node.
const NODE_REALS = 16;
const A = 0;
const B = 2;
const C = 4;
const D = 6;
const F = 8;
const G = 10;
const INVERSE_RADIUS = 12;
const RADIUS = 13;
const LOG2_A = 14;
const NODE_INTS = 4;
const A_EXPONENT = 0;
const B_EXPONENT = 1;
const R_EXPONENT = 2;

fn node_int(node: i32, column: i32) -> i32 {
    return table_ints[params.node_ints + node * NODE_INTS + column];
}

// Find the longest stretch that begins here, is valid and ends in time; -1 where none does.
fn near_node(length: ptr<function, i32>) -> i32 {
    var node = -1;
    let first = m - 1;
    if (m <= 0 || (first & ((1 << u32(params.lowest_level)) - 1)) != 0) {
        return node;
    }
    for (var level = params.lowest_level; level < params.levels; level++) {
        let begin = table_ints[params.level_offsets + level];
        let candidate = begin + (first >> u32(level));
        if (
            candidate >= table_ints[params.level_offsets + level + 1]
            || !less(largest, table_reals[candidate * NODE_REALS + RADIUS])
            || m + (1 << u32(level)) > end
        ) {
            break;
        }
        node = candidate;
        *length = 1 << u32(level);
        if (((first >> u32(level)) & 1) != 0) {
            break;
        }
    }
    return node;
}

// The same where deltas have an exponent.
fn far_node(length: ptr<function, i32>, inverse: ptr<function, real>) -> i32 {
    var node = -1;
    let first = m - 1;
    if (m <= 0) {
        return node;
    }
    for (var level = params.lowest_level; level < params.levels; level++) {
        if ((first & ((1 << u32(level)) - 1)) != 0) {
            break;
        }
        let begin = table_ints[params.level_offsets + level];
        let candidate = begin + (first >> u32(level));
        if (
            candidate >= table_ints[params.level_offsets + level + 1]
            || m + (1 << u32(level)) > end
        ) {
            break;
        }
        let below = exponent - node_int(candidate, R_EXPONENT);
        if (below >= 2) {
            break;
        }
        let inverse_here =
            scaled(table_reals[candidate * NODE_REALS + INVERSE_RADIUS], power_of_two(below));
        if (!less(mul(largest, inverse_here), SEVEN_TENTHS)) {
            break;
        }
        *inverse = inverse_here;
        node = candidate;
        *length = 1 << u32(level);
    }
    return node;
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

@compute @workgroup_size(32)
fn walk(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    lane = index;
    half = 0u;
    let number = workgroup.x + workgroup.y * workgroups.x;
    if (number >= params.slots) {
        return;
    }
    var under_way = groups[number].under_way != 0;
    if (under_way) {
        resume(number);
        // Unless it is put aside again.
        if (lane == 0u) {
            groups[number].under_way = 0;
        }
    }
    var step = 0u;
    var lane_steps = 0u;
    while (step < params.most_steps) {
        if (!under_way) {
            if (!take()) {
                return;
            }
            begin();
            under_way = true;
        }
        step += 1u;
        let going = active_lanes;
        if (far && !normalise()) {
            // The |z|² of a point whose delta alone was held is that of the reference.
            norm2 = square_of(c_add(orbit[m], delta));
            enter(false);
        }
        if (!advance()) {
            enter(true);
            continue;
        }
        lane_steps += going;
        if (active_lanes == 0u) {
            add_steps(lane_steps);
            lane_steps = 0u;
            end_group();
            under_way = false;
        }
    }
    if (under_way) {
        add_steps(lane_steps);
        put_aside(number);
    }
}
