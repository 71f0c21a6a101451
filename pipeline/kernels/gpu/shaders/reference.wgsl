// The reference and its table of stretches, as a group reads them.

// Of the reference, when it is exactly 0.
const ZERO_EXPONENT = -(1 << 28);

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

fn complex_at(node: i32, column: i32) -> Complex {
    let r = node * NODE_REALS + column;
    return Complex(table_reals[r], table_reals[r + 1]);
}

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
