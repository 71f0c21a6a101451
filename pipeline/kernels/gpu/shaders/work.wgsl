// What `walk` and `form` share: points, their tiles, and the groups that they form.

const LANES = 32u;
const ESCAPED = 0;
const INTERIOR = 1;
const UNRESOLVED = 2;
const NOTHING = 0xffffffffu;

struct Params {
    // 0, which the compiler cannot know.
    zero: u32,
    // Points and tiles of the batch, and groups that may be under way at once.
    points: u32,
    tiles: u32,
    slots: u32,
    // Steps that a workgroup does before it puts its group aside.
    most_steps: u32,
    maxiter: i32,
    // Index of the reference's last value.
    steps_end: i32,
    // Exponent k of two: offsets are in units of 2^k.
    k: i32,
    lowest_level: i32,
    levels: i32,
    deep: u32,
    wide: u32,
    // Where things begin in `table_reals` and `table_ints`.
    tiny_reals: i32,
    tiny_ints: i32,
    tiny_size: i32,
    margin_reals: i32,
    margin_ints: i32,
    margin_size: i32,
    level_offsets: i32,
    node_ints: i32,
}

struct Lane {
    delta: Complex,
    slope: Complex,
    product: real,
    norm2: real,
    log: real,
    slope_unit: real,
    // Number of its point; -1 where it is idle.
    pixel: i32,
    base: i32,
    counted: i32,
    unused: i32,
}

// A group that was put aside.
struct Group {
    under_way: i32,
    m: i32,
    exponent: i32,
    // Whether its deltas have an exponent.
    far: i32,
    steps_here: i32,
    settle_at: i32,
    end: i32,
    slope_exponent: i32,
    queued: u32,
    described: u32,
    shared_log: real,
    unused: real,
    lanes: array<Lane, 32>,
}

// A point, as it waits at index 0 of the reference or as it ended.
struct PointReals {
    // Delta; of a point that ended by escape, its last value.
    at: Complex,
    log: real,
    product: real,
    slope: Complex,
    // Its offset from the reference, in units of 2^k.
    w: Complex,
}

struct PointInts {
    exponent: i32,
    count: i32,
    slope_exponent: i32,
    // Of the delta: steps of a quarter of an octave.
    size_class: i32,
    // Outcome, or -1 while it waits.
    outcome: i32,
    n: i32,
}

// Not a uniform: drivers compile shaders anew for each value of one, and then know that 0 is 0.
@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> orbit: array<Complex>;
@group(0) @binding(2) var<storage, read> table_reals: array<real>;
@group(0) @binding(3) var<storage, read> table_ints: array<i32>;
@group(0) @binding(4) var<storage, read_write> groups: array<Group>;
@group(0) @binding(5) var<storage, read_write> point_reals: array<PointReals>;
@group(0) @binding(6) var<storage, read_write> point_ints: array<PointInts>;
@group(0) @binding(7) var<storage, read_write> work: array<atomic<u32>>;

// `work` begins with the ends of the ring of groups that wait to walk, and the tiles left; records of
// the tiles follow, and then lists, each as long as there are points.
const HEAD = 0u;
const TAIL = 1u;
const TILES_LEFT = 2u;
const TILES = 4u;
const TILE_SIZE = 8u;
// Of a tile: its first point and how many it has, the groups of its round, those that have not
// ended, and the steps of its points.
const FIRST = 0u;
const SIZE = 1u;
const GROUPS = 2u;
const OPEN_GROUPS = 3u;
const STEPS = 4u;
const STEPS_ABOVE = 5u;
const IS_DONE = 6u;

fn tile_record(tile: u32) -> u32 { return TILES + TILE_SIZE * tile; }
fn first_of(tile: u32) -> u32 { return atomicLoad(&work[tile_record(tile) + FIRST]); }
fn list(number: u32) -> u32 {
    return TILES + TILE_SIZE * params.tiles + number * params.points;
}

// Groups that wait to walk. A group is named by the first point of its tile and its number there.
fn ring() -> u32 { return list(0u); }
// Of each group: the tile, where its points begin in the tile's order (in units of 2 LANES) and how
// many they are, and how many of them came to wait again.
fn tiles_of_groups() -> u32 { return list(1u); }
fn ranges() -> u32 { return list(2u); }
fn queued_of_groups() -> u32 { return list(3u); }
// Points in the order in which groups take them, and in that in which they came to wait, which has
// gaps behind those of each group.
fn orders() -> u32 { return list(4u); }
fn arrivals() -> u32 { return list(5u); }
// Room to sort in: keys and points, twice.
fn keys(which: u32) -> u32 { return list(6u + 2u * which); }
fn sorted(which: u32) -> u32 { return list(7u + 2u * which); }
