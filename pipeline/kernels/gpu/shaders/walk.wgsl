// Lane groups along the reference: perturbation with rebasing, by stretches.
//
// A workgroup is a lane group: it takes one of those that `form` has made, and all its points follow
// the reference together, by the longest stretch that the largest of their deltas admits, or by a
// single step. What the workgroup decides together is decided from the same numbers by each of its
// lanes. Step by step this is what the modules near_group, far_group, group_steps, group_lanes and
// edge of pipeline/kernels/cpu/perturbation do, in the same order of operations.

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
