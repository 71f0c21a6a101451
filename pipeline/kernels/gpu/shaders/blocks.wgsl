// z² + c in blocks of steps without a test: what the module block_lanes of
// pipeline/kernels/cpu/float64 does, point by point, in the same order of operations.

const BLOCK_STEPS = 16;

const GOES_ON = 0;
// It left the disc within its last block; x and y are from before it.
const LEFT = 1;
const INTERIOR = 2;
// maxiter comes within the next block.
const REACHES_MAXITER = 3;

struct Params {
    // 0, which the compiler cannot know.
    zero: u32,
    points: u32,
    // Blocks that a point goes before it is put aside.
    most_blocks: u32,
    unused: u32,
}

struct Point {
    x: real,
    y: real,
    a: real,
    b: real,
    // What the orbit must come back to.
    seen_x: real,
    seen_y: real,
    // Blocks so far, when it is next due for a look, how long it then waits, and when it must stop.
    block: i32,
    due: i32,
    wait: i32,
    last: i32,
}

// Not a uniform: drivers compile shaders anew for each value of one, and then know that 0 is 0.
@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> chosen: array<i32>;
@group(0) @binding(2) var<storage, read_write> points: array<Point>;
@group(0) @binding(3) var<storage, read_write> states: array<i32>;

// Tell whether a square of an absolute value, which may be no number any more, is at most 4.
fn is_inside(square: real) -> bool {
    let e = exponent_of(square);
    return e < 2 || (e == 2 && !less(real_of(4.0), square));
}

@compute @workgroup_size(64)
fn blocks(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let number = (workgroup.x + workgroup.y * workgroups.x) * 64u + index;
    if (number >= params.points) {
        return;
    }
    let p = chosen[number];
    var point = points[p];
    // Several dispatches may follow each other before those that ended are packed away.
    var state = states[p];
    for (var block = 0u; block < params.most_blocks && state == GOES_ON; block++) {
        let start_x = point.x;
        let start_y = point.y;
        for (var step = 0; step < BLOCK_STEPS; step++) {
            let xy = mul(point.x, point.y);
            point.x = add(sub(mul(point.x, point.x), mul(point.y, point.y)), point.a);
            point.y = add(add(xy, xy), point.b);
        }
        point.block += 1;
        if (!is_inside(add(mul(point.x, point.x), mul(point.y, point.y)))) {
            point.x = start_x;
            point.y = start_y;
            point.block -= 1;
            state = LEFT;
        } else if (is_same(point.x, point.seen_x) && is_same(point.y, point.seen_y)) {
            state = INTERIOR;
        } else if (point.due <= point.block) {
            if (point.block < point.last) {
                point.seen_x = point.x;
                point.seen_y = point.y;
                point.wait *= 2;
                point.due = min(point.block + point.wait, point.last);
            } else {
                state = REACHES_MAXITER;
            }
        }
    }
    points[p] = point;
    states[p] = state;
}
