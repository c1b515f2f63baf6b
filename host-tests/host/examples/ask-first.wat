;; Lets a request go only if another service says 200: a whole plugin with a call-out, in one page of WebAssembly text.
(module
    (import "env" "proxy_http_call"
        (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (import "env" "proxy_send_local_response"
        (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "authz")
    ;; Three pairs: their number, the lengths of each, then the texts.
    (data (i32.const 32)
        "\03\00\00\00" "\07\00\00\00\03\00\00\00" "\05\00\00\00\06\00\00\00" "\0a\00\00\00\05\00\00\00"
        ":method\00GET\00" ":path\00/check\00" ":authority\00authz\00")
    (data (i32.const 128) ":status")
    (data (i32.const 144) "200")

    (func (export "proxy_abi_version_0_2_1"))
    ;; The host hands over one thing at a time, and it is used at once.
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))

    (func $refuse (param $status i32)
        (drop (call $reply (local.get $status) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const -1))))
    ;; Where the context of the request stands that waits for this call-out. Tokens count in fours.
    (func $place (param $token i32) (result i32)
        (i32.add (i32.const 4096) (i32.and (local.get $token) (i32.const 0xfff))))

    (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
        (if (call $http_call (i32.const 16) (i32.const 5) (i32.const 32) (i32.const 70) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 250) (i32.const 0))
            (then (call $refuse (i32.const 503)) (return (i32.const 1))))
        (i32.store (call $place (i32.load (i32.const 0))) (local.get $context))
        ;; Pause.
        (i32.const 1))

    ;; The root context is told. An answer that broke off has no headers.
    (func (export "proxy_on_http_call_response")
        (param i32) (param $token i32) (param $headers i32) (param i32 i32)
        (if (call $become (i32.load (call $place (local.get $token)))) (then (return)))
        (if (i32.eqz (local.get $headers)) (then (call $refuse (i32.const 503)) (return)))
        (if (call $get (i32.const 6) (i32.const 128) (i32.const 7) (i32.const 0) (i32.const 4))
            (then (call $refuse (i32.const 503)) (return)))
        ;; Statuses are three digits: compare the first two bytes, then the last.
        (if (i32.and
                (i32.eq (i32.load16_u (i32.load (i32.const 0))) (i32.load16_u (i32.const 144)))
                (i32.eq (i32.load8_u offset=2 (i32.load (i32.const 0))) (i32.load8_u (i32.const 146))))
            (then (drop (call $continue (i32.const 0))))
            (else (call $refuse (i32.const 403))))))
