//! Records of shared data that are not what they should be, and a write that never succeeds.

use super::{answer, bounded, everything, get, named};

/// Requests of ten tenants that fail, and a tick: what reads and writes all records that there are.
fn traffic(worker: &mut super::Worker) {
    for tenant in 0..10 {
        let request = [get(), named(&[("x-tenant", &format!("t{tenant}"))])].concat();
        worker.exchange(request, answer("503"), &[]);
    }
    worker.tick();
}

#[test]
fn records_of_a_megabyte_are_bounded() {
    for filler in [0u8, 1, 0x7f, 0xff] {
        let mut worker = everything();
        traffic(&mut worker);
        worker.change_shared(|_, value| *value = vec![filler; 1 << 20]);
        traffic(&mut worker);
        bounded(&worker.work());
    }
}

#[test]
fn a_record_whose_checksum_is_right_and_whose_numbers_are_huge_is_bounded() {
    let sealed = |body: &[u8]| {
        let sum = body.iter().fold(0x811c_9dc5_u32, |sum, byte| {
            (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        [body, &sum.to_le_bytes()].concat()
    };
    let mut worker = everything();
    traffic(&mut worker);
    worker.change_shared(|_, value| {
        // Its length stays: what says how many there are is as large as it can be.
        let length = value.len().saturating_sub(5);
        *value = sealed(&[&[1], vec![0xff; length].as_slice()].concat());
    });
    traffic(&mut worker);
    bounded(&worker.work());
}

#[test]
fn a_worker_that_is_always_overtaken_gives_up() {
    let mut worker = everything();
    traffic(&mut worker);
    worker.work();
    worker.is_always_overtaken();
    traffic(&mut worker);
    assert!(bounded(&worker.work()) < 5_000_000);
}
