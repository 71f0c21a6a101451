// The groups of a tile's next round, of the points that wait, once all groups of the last have ended:
// what the module lane_groups of pipeline/kernels/cpu/perturbation does, in the same order.

const THREADS = 128u;
// The sort is by digits of so many values.
const DIGITS = 16u;
const DIGIT_BITS = 4u;
const MOST_CLASSES = 1 << 18u;
// Where deltas may differ widely: steps of a quarter of an octave within a group.
const MOST_APART = 4 * 32;

var<workgroup> sums: array<u32, 128>;
var<workgroup> counts: array<u32, 2048>;
var<workgroup> lowest: atomic<i32>;
var<workgroup> highest: atomic<i32>;
var<workgroup> made: u32;
var<workgroup> begin: u32;

var<private> thread: u32;

// Return the sum of `value` of all threads before this one, and have `total` be that of all.
fn sum_before(value: u32, total: ptr<function, u32>) -> u32 {
    workgroupBarrier();
    sums[thread] = value;
    workgroupBarrier();
    for (var reach = 1u; reach < THREADS; reach *= 2u) {
        var other = 0u;
        if (thread >= reach) {
            other = sums[thread - reach];
        }
        workgroupBarrier();
        sums[thread] += other;
        workgroupBarrier();
    }
    *total = sums[THREADS - 1u];
    return sums[thread] - value;
}

// Gather who waits, in the order in which they came to; return how many they are.
fn gather(first: u32, groups: u32) -> u32 {
    let each = (groups + THREADS - 1u) / THREADS;
    let from_group = min(thread * each, groups);
    let to_group = min(from_group + each, groups);
    var own = 0u;
    for (var g = from_group; g < to_group; g++) {
        own += atomicLoad(&work[queued_of_groups() + first + g]);
    }
    var total = 0u;
    var at = sum_before(own, &total);
    for (var g = from_group; g < to_group; g++) {
        let came = first + atomicLoad(&work[ranges() + first + g]) / (2u * LANES);
        let queued = atomicLoad(&work[queued_of_groups() + first + g]);
        for (var k = 0u; k < queued; k++) {
            let point = atomicLoad(&work[arrivals() + came + k]);
            atomicStore(&work[sorted(0u) + first + at], point);
            atomicMin(&lowest, point_ints[point].size_class);
            atomicMax(&highest, point_ints[point].size_class);
            at += 1u;
        }
    }
    return total;
}

// Sort the points by one digit of their keys, stably.
fn sort_by_digit(first: u32, total: u32, shift: u32, from_list: u32, to_list: u32) {
    let each = (total + THREADS - 1u) / THREADS;
    let begin_own = min(thread * each, total);
    let end_own = min(begin_own + each, total);
    for (var digit = 0u; digit < DIGITS; digit++) {
        counts[digit * THREADS + thread] = 0u;
    }
    workgroupBarrier();
    for (var k = begin_own; k < end_own; k++) {
        let digit = (atomicLoad(&work[keys(from_list) + first + k]) >> shift) % DIGITS;
        counts[digit * THREADS + thread] += 1u;
    }
    workgroupBarrier();
    var own = 0u;
    for (var k = 0u; k < DIGITS; k++) {
        own += counts[thread * DIGITS + k];
    }
    var all = 0u;
    var before = sum_before(own, &all);
    for (var k = 0u; k < DIGITS; k++) {
        let here = counts[thread * DIGITS + k];
        counts[thread * DIGITS + k] = before;
        before += here;
    }
    workgroupBarrier();
    for (var k = begin_own; k < end_own; k++) {
        let key = atomicLoad(&work[keys(from_list) + first + k]);
        let digit = (key >> shift) % DIGITS;
        let at = counts[digit * THREADS + thread];
        counts[digit * THREADS + thread] = at + 1u;
        atomicStore(&work[keys(to_list) + first + at], key);
        atomicStore(
            &work[sorted(to_list) + first + at], atomicLoad(&work[sorted(from_list) + first + k])
        );
    }
    storageBarrier();
    workgroupBarrier();
}

fn class_of(first: u32, at: u32) -> i32 {
    return point_ints[atomicLoad(&work[orders() + first + at])].size_class;
}

// Cut the points into groups where they may not differ too much; return how many there are.
fn cut_where_alike(tile: u32, first: u32, total: u32) -> u32 {
    var number = 0u;
    var at = 0u;
    while (at < total) {
        let size_class = class_of(first, at);
        var end = at + 1u;
        while (
            end < min(at + LANES, total)
            && abs(class_of(first, end) - size_class) <= MOST_APART
        ) {
            end += 1u;
        }
        describe(tile, first, number, at, end);
        number += 1u;
        at = end;
    }
    return number;
}

fn describe(tile: u32, first: u32, number: u32, from_point: u32, to_point: u32) {
    atomicStore(&work[tiles_of_groups() + first + number], tile);
    atomicStore(
        &work[ranges() + first + number], from_point * 2u * LANES + (to_point - from_point)
    );
}

@compute @workgroup_size(128)
fn form(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    thread = index;
    let tile = workgroup.x;
    let record = tile_record(tile);
    if (
        atomicLoad(&work[record + OPEN_GROUPS]) != 0u || atomicLoad(&work[record + IS_DONE]) != 0u
    ) {
        return;
    }
    let first = first_of(tile);
    if (thread == 0u) {
        atomicStore(&lowest, 1 << 30u);
        atomicStore(&highest, -(1 << 30u));
    }
    workgroupBarrier();
    let total = gather(first, atomicLoad(&work[record + GROUPS]));
    storageBarrier();
    workgroupBarrier();
    if (total == 0u) {
        if (thread == 0u) {
            atomicStore(&work[record + IS_DONE], 1u);
            atomicSub(&work[TILES_LEFT], 1u);
        }
        return;
    }
    let low = atomicLoad(&lowest);
    let range = atomicLoad(&highest) - low;
    var coarser = 0u;
    while ((range >> coarser) >= MOST_CLASSES) {
        coarser += 1u;
    }
    for (var k = thread; k < total; k += THREADS) {
        let point = atomicLoad(&work[sorted(0u) + first + k]);
        let key = u32(point_ints[point].size_class - low) >> coarser;
        atomicStore(&work[keys(0u) + first + k], key);
    }
    storageBarrier();
    workgroupBarrier();
    var from_list = 0u;
    for (var shift = 0u; (u32(range) >> coarser >> shift) > 0u; shift += DIGIT_BITS) {
        sort_by_digit(first, total, shift, from_list, 1u - from_list);
        from_list = 1u - from_list;
    }
    for (var k = thread; k < total; k += THREADS) {
        atomicStore(
            &work[orders() + first + k], atomicLoad(&work[sorted(from_list) + first + k])
        );
    }
    storageBarrier();
    workgroupBarrier();
    if (params.wide != 0u) {
        if (thread == 0u) {
            made = cut_where_alike(tile, first, total);
        }
    } else {
        let count = (total + LANES - 1u) / LANES;
        for (var k = thread; k < count; k += THREADS) {
            describe(tile, first, k, k * LANES, min((k + 1u) * LANES, total));
        }
        if (thread == 0u) {
            made = count;
        }
    }
    workgroupBarrier();
    if (thread == 0u) {
        begin = atomicAdd(&work[TAIL], made);
        atomicStore(&work[record + GROUPS], made);
        atomicStore(&work[record + OPEN_GROUPS], made);
    }
    workgroupBarrier();
    for (var k = thread; k < made; k += THREADS) {
        atomicStore(&work[ring() + (begin + k) % params.points], first + k);
    }
}
