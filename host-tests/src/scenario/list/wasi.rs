//! WASI as modules import it: what each function answers, and what it writes.

use crate::scenario::{Plugin, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        calls("clocks, randomness and environment of WASI", OTHERS),
        calls("what is written through WASI", WRITES),
        calls("descriptors of WASI", DESCRIPTORS),
        calls("directories and sockets of WASI", PLACES),
    ]
}

/// A function's name, its parameters' types (i for i32, l for i64), and arguments of several calls.
type Row = (&'static str, &'static str, &'static [&'static [i64]]);

/// Points nowhere.
const NOWHERE: i64 = -4;
/// Where a piece of two bytes is described; one of none; one that lies nowhere.
const PIECE: i64 = 200;
const NO_PIECE: i64 = 208;
const LOST_PIECE: i64 = 216;
/// Where results go. What stands there after a call is told.
const HERE: i64 = 400;
/// Where results go that differ each time.
const THERE: i64 = 600;

const OTHERS: &[Row] = &[
    (
        "clock_time_get",
        "ili",
        &[
            &[0, 1, THERE],
            &[1, 1, THERE],
            &[2, 1, HERE],
            &[3, 1, HERE],
            &[-1, 1, HERE],
            &[0, 1, NOWHERE],
        ],
    ),
    (
        "clock_res_get",
        "ii",
        &[&[0, HERE], &[1, HERE], &[2, HERE], &[0, NOWHERE]],
    ),
    (
        "random_get",
        "ii",
        &[
            &[THERE, 8],
            &[NOWHERE, 8],
            &[NOWHERE, 0],
            &[65_536, 65_536],
            &[65_536, 65_537],
            &[0, -1],
        ],
    ),
    (
        "environ_sizes_get",
        "ii",
        &[&[HERE, HERE + 4], &[NOWHERE, HERE], &[HERE, NOWHERE]],
    ),
    ("environ_get", "ii", &[&[HERE, HERE], &[NOWHERE, NOWHERE]]),
    (
        "args_sizes_get",
        "ii",
        &[&[HERE, HERE + 4], &[NOWHERE, HERE], &[HERE, NOWHERE]],
    ),
    ("args_get", "ii", &[&[HERE, HERE], &[NOWHERE, NOWHERE]]),
    ("sched_yield", "", &[&[]]),
    (
        "poll_oneoff",
        "iiii",
        &[&[0, 0, 0, HERE], &[HERE, HERE, 1, HERE], &[0, 0, 0, NOWHERE]],
    ),
];

const WRITES: &[Row] = &[
    (
        "fd_write",
        "iiii",
        &[
            &[0, PIECE, 1, HERE],
            &[1, PIECE, 1, HERE],
            &[2, PIECE, 1, HERE],
            &[3, PIECE, 1, HERE],
            &[3, LOST_PIECE, 1, HERE],
            &[1, PIECE, 0, HERE],
            &[1, PIECE, 2, HERE],
            &[1, NO_PIECE, 1, HERE],
            &[1, LOST_PIECE, 1, HERE],
            &[1, PIECE, 1, NOWHERE],
            &[1, NOWHERE, 1, HERE],
            &[1, PIECE, 2_000_000_000, HERE],
        ],
    ),
    (
        "fd_pwrite",
        "iiili",
        &[
            &[2, PIECE, 1, 0, HERE],
            &[3, PIECE, 1, 0, HERE],
            &[1, LOST_PIECE, 1, 0, HERE],
            &[1, PIECE, 1, 0, NOWHERE],
        ],
    ),
];

const DESCRIPTORS: &[Row] = &[
    ("fd_read", "iiii", &[&[0, PIECE, 1, HERE], &[3, PIECE, 1, HERE]]),
    ("fd_pread", "iiili", &[&[1, PIECE, 1, 0, HERE]]),
    ("fd_seek", "ilii", &[&[1, 0, 0, HERE], &[7, 0, 0, HERE]]),
    ("fd_tell", "ii", &[&[1, HERE], &[7, HERE], &[1, NOWHERE]]),
    ("fd_close", "i", &[&[0], &[7]]),
    ("fd_sync", "i", &[&[1], &[7]]),
    ("fd_datasync", "i", &[&[2], &[0]]),
    ("fd_advise", "illi", &[&[1, 0, 0, 0], &[7, 0, 0, 0]]),
    ("fd_allocate", "ill", &[&[1, 0, 0], &[7, 0, 0]]),
    (
        "fd_fdstat_get",
        "ii",
        &[&[0, HERE], &[1, HERE], &[2, HERE], &[3, HERE], &[1, NOWHERE]],
    ),
    ("fd_fdstat_set_flags", "ii", &[&[1, 0], &[7, 0]]),
    ("fd_fdstat_set_rights", "ill", &[&[1, 0, 0], &[7, 0, 0]]),
    ("fd_filestat_get", "ii", &[&[1, HERE], &[7, NOWHERE]]),
    ("fd_filestat_set_size", "il", &[&[1, 0], &[7, 0]]),
    ("fd_filestat_set_times", "illi", &[&[1, 0, 0, 0], &[7, 0, 0, 0]]),
    ("fd_prestat_get", "ii", &[&[1, HERE], &[3, HERE]]),
    ("fd_prestat_dir_name", "iii", &[&[3, HERE, 4]]),
    (
        "fd_readdir",
        "iiili",
        &[&[1, HERE, 4, 0, HERE], &[7, HERE, 4, 0, NOWHERE]],
    ),
    ("fd_renumber", "ii", &[&[1, 2], &[1, 7], &[7, 1]]),
];

const PLACES: &[Row] = &[
    ("path_create_directory", "iii", &[&[3, HERE, 1]]),
    ("path_filestat_get", "iiiii", &[&[3, 0, HERE, 1, HERE]]),
    ("path_filestat_set_times", "iiiilli", &[&[3, 0, HERE, 1, 0, 0, 0]]),
    // Without the parameter that Envoy has not.
    ("path_link", "iiiiii", &[&[3, 0, HERE, 1, 3, HERE]]),
    (
        "path_open",
        "iiiiillii",
        &[
            &[3, 0, HERE, 1, 0, 0, 0, 0, HERE],
            &[3, 0, NOWHERE, 1, 0, 0, 0, 0, NOWHERE],
        ],
    ),
    (
        "path_readlink",
        "iiiiii",
        &[&[3, HERE, 1, HERE, 4, HERE], &[3, HERE, 1, HERE, 4, NOWHERE]],
    ),
    ("path_remove_directory", "iii", &[&[3, HERE, 1]]),
    ("path_rename", "iiiiii", &[&[3, HERE, 1, 3, HERE, 1]]),
    ("path_symlink", "iiii", &[&[HERE, 1, 3, HERE]]),
    ("path_unlink_file", "iii", &[&[3, HERE, 1]]),
    ("sock_accept", "iii", &[&[3, 0, HERE], &[3, 0, NOWHERE]]),
    (
        "sock_recv",
        "iiiiii",
        &[
            &[3, PIECE, 1, 0, HERE, HERE + 4],
            &[3, PIECE, 1, 0, HERE, NOWHERE],
            &[3, PIECE, 1, 0, NOWHERE, HERE],
        ],
    ),
    (
        "sock_send",
        "iiiii",
        &[&[3, PIECE, 1, 0, HERE], &[3, PIECE, 1, 0, NOWHERE]],
    ),
    ("sock_shutdown", "ii", &[&[3, 0]]),
];

/// A plugin that makes these calls when it is configured, and says of each the errno and the 16 bytes at `HERE`.
fn calls(name: &'static str, rows: &[Row]) -> Scenario {
    let (mut imports, mut texts, mut body) = (String::new(), String::new(), String::new());
    let mut number = 0;
    for (function, params, calls) in rows {
        let kind = |letter: char| if letter == 'l' { "i64" } else { "i32" };
        let types: Vec<&str> = params.chars().map(kind).collect();
        imports += &format!(
            r#"(import "wasi_snapshot_preview1" "{function}" (func ${function} (param {}) (result i32)))"#,
            types.join(" ")
        );
        for arguments in *calls {
            let values = types.iter().zip(*arguments);
            let values: String = values
                .map(|(kind, value)| format!("({kind}.const {value})"))
                .collect();
            let said = format!("{function}{arguments:?} = ");
            let at = 4096 + 128 * number;
            texts += &format!(r#"(data (i32.const {at}) "{said}")"#);
            body += &format!(
                "(memory.fill (i32.const {HERE}) (i32.const 35) (i32.const 16))
                 (call $say (i32.const {at}) (i32.const {}) (call ${function} {values}))",
                said.len()
            );
            number += 1;
        }
    }
    let text = format!(
        r#"(module {imports}
            (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
            (memory (export "memory") 3)
            (data (i32.const {PIECE}) "\2c\01\00\00\02\00\00\00" "\2c\01\00\00\00\00\00\00"
                "\fc\ff\ff\ff\64\00\00\00")
            (data (i32.const 300) "hi")
            {texts}
            (func $digit (param $at i32) (param $of i32) (result i32)
                (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $of) (i32.const 10))))
                (i32.add (local.get $at) (i32.const 1)))
            ;; The text, the errno in two digits, and the 16 bytes as letters from A to P, two each.
            (func $say (param $text i32) (param $length i32) (param $errno i32) (local $at i32) (local $byte i32)
                (memory.copy (i32.const 1024) (local.get $text) (local.get $length))
                (local.set $at (i32.add (i32.const 1024) (local.get $length)))
                (local.set $at (call $digit (local.get $at) (i32.div_u (local.get $errno) (i32.const 10))))
                (local.set $at (call $digit (local.get $at) (local.get $errno)))
                (i32.store8 (local.get $at) (i32.const 32))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (loop $next
                    (i32.store8 (local.get $at) (i32.add (i32.const 65)
                        (i32.shr_u (i32.load8_u offset={HERE} (local.get $byte)) (i32.const 4))))
                    (i32.store8 offset=1 (local.get $at) (i32.add (i32.const 65)
                        (i32.and (i32.load8_u offset={HERE} (local.get $byte)) (i32.const 15))))
                    (local.set $at (i32.add (local.get $at) (i32.const 2)))
                    (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $byte) (i32.const 16))))
                (drop (call $log (i32.const 2) (i32.const 1024) (i32.sub (local.get $at) (i32.const 1024)))))
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "proxy_on_configure") (param i32 i32) (result i32) {body} (i32.const 1)))"#
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Scenario::new(name)
        .plugin(Plugin::module("p", bytes))
        .get()
        .answer(200)
}
