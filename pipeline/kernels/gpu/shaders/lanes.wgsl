// The lanes of a group: what each has, what they have in common, and what is found from all.

// Lanes that fold the sizes of all.
const FOLDERS = 8u;

// Flags: the lane ends; where the reference is on the edge of the disc, that it escapes.
const ENDS = 1u;
const ESCAPES = 2u;

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
