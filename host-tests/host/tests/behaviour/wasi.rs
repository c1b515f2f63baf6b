//! WASI as Envoy has it: which functions there are, with which parameters, and what each answers.

use host::{Host, Module};

/// Memory that a row may point to: at 200 a piece of two bytes (`hi`, at 300), at 216 one that lies nowhere. Results go
/// to 400 and behind.
const MEMORY: &str = r#"(memory (export "memory") 2)
    (data (i32.const 200) "\2c\01\00\00\02\00\00\00")
    (data (i32.const 216) "\fc\ff\ff\ff\64\00\00\00")
    (data (i32.const 300) "hi")"#;

const NOWHERE: i64 = -4;

/// A module that calls one function in `callback`, and notes what it answered, then the 16 bytes at 400.
fn caller(callback: &str, name: &str, params: &str, arguments: &[i64]) -> Module {
    let types: Vec<&str> = params.split_whitespace().collect();
    assert_eq!(types.len(), arguments.len(), "{name}");
    let values = types.iter().zip(arguments);
    let values: String = values
        .map(|(kind, value)| format!("({kind}.const {value})"))
        .collect();
    let (head, end) = match callback {
        "_initialize" => ("", ""),
        _ => ("(param i32 i32) (result i32)", "(i32.const 1)"),
    };
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "{name}" (func $call (param {params}) (result i32)))
            (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
            {MEMORY}
            (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "{callback}") {head}
                (memory.fill (i32.const 400) (i32.const 35) (i32.const 16))
                (i32.store8 (i32.const 399) (i32.add (i32.const 32) (call $call {values})))
                (drop (call $log (i32.const 2) (i32.const 399) (i32.const 17)))
                {end}))"#
    );
    Module::new(&wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// What the call answered, and what then stands at 400.
fn outcome(name: &str, params: &str, arguments: &[i64]) -> (u32, String) {
    let host = Host::new(caller("proxy_on_configure", name, params, arguments));
    host.start();
    let note = host.logs().pop().expect("the module logs").message;
    let answered = u32::from(note.as_bytes()[0]) - 32;
    (answered, note[1..].trim_end_matches('#').to_owned())
}

#[track_caller]
fn answers(errno: u32, rows: &[(&str, &str, &[i64])]) {
    for (name, params, arguments) in rows {
        assert_eq!(outcome(name, params, arguments).0, errno, "{name} {arguments:?}");
    }
}

#[track_caller]
fn writes(errno: u32, written: &str, row: (&str, &str, &[i64])) {
    assert_eq!(
        outcome(row.0, row.1, row.2),
        (errno, written.to_owned()),
        "{row:?}"
    );
}

#[test]
fn what_needs_no_file_works() {
    answers(
        0,
        &[
            ("random_get", "i32 i32", &[0, 65_536]),
            ("random_get", "i32 i32", &[NOWHERE, 0]),
            ("args_get", "i32 i32", &[NOWHERE, NOWHERE]),
            ("sched_yield", "", &[]),
        ],
    );
    writes(0, "\0\0\0\0", ("poll_oneoff", "i32 i32 i32 i32", &[0, 0, 1, 400]));
    writes(0, "\x01\0\0\0\0\0\0\0", ("clock_res_get", "i32 i32", &[1, 400]));
    writes(0, "\0\0\0\0\0\0\0\0", ("args_sizes_get", "i32 i32", &[400, 404]));
}

#[test]
fn too_much_randomness_an_unknown_clock_and_a_bad_pointer_have_an_errno_each() {
    answers(
        28,
        &[
            ("random_get", "i32 i32", &[0, 65_537]),
            ("random_get", "i32 i32", &[0, -1]),
        ],
    );
    answers(
        58,
        &[
            ("clock_time_get", "i32 i64 i32", &[2, 1, 400]),
            ("clock_time_get", "i32 i64 i32", &[-1, 1, 400]),
            ("clock_res_get", "i32 i32", &[2, 400]),
        ],
    );
    answers(
        21,
        &[
            ("random_get", "i32 i32", &[NOWHERE, 8]),
            ("clock_time_get", "i32 i64 i32", &[0, 1, NOWHERE]),
            ("clock_res_get", "i32 i32", &[0, NOWHERE]),
            ("args_sizes_get", "i32 i32", &[NOWHERE, 404]),
            ("environ_sizes_get", "i32 i32", &[400, NOWHERE]),
            ("poll_oneoff", "i32 i32 i32 i32", &[0, 0, 0, NOWHERE]),
            ("fd_write", "i32 i32 i32 i32", &[1, 216, 1, 400]),
            ("fd_write", "i32 i32 i32 i32", &[1, 200, 1, NOWHERE]),
            ("fd_write", "i32 i32 i32 i32", &[1, NOWHERE, 1, 400]),
            ("fd_write", "i32 i32 i32 i32", &[1, 200, 2_000_000_000, 400]),
            ("fd_tell", "i32 i32", &[1, NOWHERE]),
            ("fd_readdir", "i32 i32 i32 i64 i32", &[1, 500, 10, 0, NOWHERE]),
            (
                "path_readlink",
                "i32 i32 i32 i32 i32 i32",
                &[3, 500, 1, 600, 10, NOWHERE],
            ),
            (
                "sock_recv",
                "i32 i32 i32 i32 i32 i32",
                &[3, 200, 1, 0, 400, NOWHERE],
            ),
        ],
    );
}

#[test]
fn only_1_and_2_are_open_and_lead_to_the_log() {
    for (name, params, arguments) in [
        ("fd_write", "i32 i32 i32 i32", &[2, 200, 1, 400][..]),
        ("fd_pwrite", "i32 i32 i32 i64 i32", &[2, 200, 1, 0, 400]),
    ] {
        let host = Host::new(caller("proxy_on_configure", name, params, arguments)).plugin_name("printer");
        host.start();
        assert_eq!(host.logs()[0].to_string(), "[error] [canary] printer: hi");
        writes(0, "\x02\0\0\0", (name, params, arguments));
    }
    for fd in [0, 3, 100, -1] {
        answers(
            8,
            &[
                ("fd_write", "i32 i32 i32 i32", &[fd, 216, 1, 400]),
                ("fd_pwrite", "i32 i32 i32 i64 i32", &[fd, 200, 1, 0, 400]),
                ("fd_fdstat_get", "i32 i32", &[fd, 500]),
                ("fd_tell", "i32 i32", &[fd, 400]),
                ("fd_sync", "i32", &[fd]),
                ("fd_datasync", "i32", &[fd]),
                ("fd_allocate", "i32 i64 i64", &[fd, 0, 0]),
                ("fd_fdstat_set_rights", "i32 i64 i64", &[fd, 0, 0]),
                ("fd_filestat_set_size", "i32 i64", &[fd, 0]),
                ("fd_filestat_set_times", "i32 i64 i64 i32", &[fd, 0, 0, 0]),
                ("fd_renumber", "i32 i32", &[fd, 1]),
            ],
        );
    }
    answers(
        0,
        &[
            ("fd_fdstat_get", "i32 i32", &[1, NOWHERE]),
            ("fd_sync", "i32", &[2]),
            ("fd_allocate", "i32 i64 i64", &[1, 100, 100]),
            ("fd_filestat_set_times", "i32 i64 i64 i32", &[1, 0, 0, 0]),
            ("fd_seek", "i32 i64 i32 i32", &[7, 0, 0, 400]),
            ("fd_close", "i32", &[7]),
            ("fd_advise", "i32 i64 i64 i32", &[7, 0, 0, 0]),
        ],
    );
    writes(
        0,
        "\0\0\0\0\0\0\0\0@\0\0\0\0\0\0\0",
        ("fd_fdstat_get", "i32 i32", &[1, 400]),
    );
    writes(0, "\0\0\0\0\0\0\0\0", ("fd_tell", "i32 i32", &[2, 400]));
}

#[test]
fn files_directories_and_sockets_are_refused() {
    answers(
        8,
        &[
            ("fd_prestat_get", "i32 i32", &[3, 500]),
            ("fd_filestat_get", "i32 i32", &[1, NOWHERE]),
        ],
    );
    answers(
        20,
        &[("fd_readdir", "i32 i32 i32 i64 i32", &[1, 500, 10, 0, 400])],
    );
    answers(
        44,
        &[(
            "path_open",
            "i32 i32 i32 i32 i32 i64 i64 i32 i32",
            &[3, 0, 500, 1, 0, 0, 0, 0, 600],
        )],
    );
    answers(
        52,
        &[
            ("fd_read", "i32 i32 i32 i32", &[0, 200, 1, 400]),
            ("fd_pread", "i32 i32 i32 i64 i32", &[1, 200, 1, 0, 400]),
            ("fd_fdstat_set_flags", "i32 i32", &[1, 0]),
            ("fd_prestat_dir_name", "i32 i32 i32", &[3, 500, 10]),
        ],
    );
    answers(
        58,
        &[
            ("path_create_directory", "i32 i32 i32", &[3, 500, 1]),
            ("path_filestat_get", "i32 i32 i32 i32 i32", &[3, 0, 500, 1, 600]),
            (
                "path_readlink",
                "i32 i32 i32 i32 i32 i32",
                &[3, 500, 1, 600, 10, 400],
            ),
            ("path_remove_directory", "i32 i32 i32", &[3, 500, 1]),
            ("path_rename", "i32 i32 i32 i32 i32 i32", &[3, 500, 1, 3, 500, 1]),
            ("path_unlink_file", "i32 i32 i32", &[3, 500, 1]),
            ("fd_renumber", "i32 i32", &[1, 2]),
            ("sock_accept", "i32 i32 i32", &[3, 0, 400]),
            ("sock_recv", "i32 i32 i32 i32 i32 i32", &[3, 200, 1, 0, 400, 404]),
            ("sock_send", "i32 i32 i32 i32 i32", &[3, 200, 1, 0, 400]),
            ("sock_shutdown", "i32 i32", &[3, 0]),
        ],
    );
}

#[test]
fn some_functions_end_a_vm_that_has_not_started() {
    let starts =
        |name, params, arguments| Host::new(caller("_initialize", name, params, arguments)).try_start();
    for (name, params, arguments) in [
        ("fd_close", "i32", &[1][..]),
        ("fd_read", "i32 i32 i32 i32", &[0, 200, 1, 400]),
        ("fd_seek", "i32 i64 i32 i32", &[1, 0, 0, 400]),
        ("sched_yield", "", &[]),
    ] {
        let refused = starts(name, params, arguments).unwrap_err();
        let message = format!("{name} is not allowed before the VM has started");
        assert!(refused.to_string().contains(&message), "{refused}");
    }
    for (name, params, arguments) in [
        ("random_get", "i32 i32", &[400, 8][..]),
        ("fd_fdstat_get", "i32 i32", &[1, 400]),
        ("fd_prestat_get", "i32 i32", &[3, 400]),
    ] {
        assert!(starts(name, params, arguments).is_ok(), "{name}");
    }
}

#[test]
fn proc_exit_does_nothing() {
    let exits = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $exit (i32.const 3)) (i32.const 0)))"#;
    let host = Host::new(wat::parse_str(exits).unwrap());
    host.get("/").answered_with(200);
    assert_eq!(host.host_calls().pop().unwrap().name, "proc_exit");
}

#[test]
#[should_panic(expected = "import wasi_snapshot_preview1.proc_raise: Envoy has no such host function")]
fn a_module_that_imports_wasi_that_envoy_has_not_does_not_load() {
    caller("proxy_on_configure", "proc_raise", "i32", &[0]);
}

#[test]
#[should_panic(expected = "path_symlink")]
fn a_module_that_imports_path_symlink_as_wasi_has_it_does_not_load() {
    caller(
        "proxy_on_configure",
        "path_symlink",
        "i32 i32 i32 i32 i32",
        &[0; 5],
    );
}
