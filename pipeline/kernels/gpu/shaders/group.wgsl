// Groups: taken from those that wait to walk, put aside, gone on with, ended.

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
