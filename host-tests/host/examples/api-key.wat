;; A plugin by hand: a request without `x-api-key` is answered 401, and counted. Nothing but the ABI.
(module
  (import "env" "proxy_define_metric" (func $define_metric (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment_metric (param i32 i64) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 16) "x-api-key")        ;; 9 bytes
  (data (i32.const 32) "keyless_requests") ;; 16 bytes
  (data (i32.const 48) "no_api_key")       ;; 10 bytes
  (data (i32.const 64) "an API key is needed\n") ;; 21 bytes
  ;; One pair in the ABI's form: how many, the lengths of name and value, then both, each with a zero byte.
  (data (i32.const 96) "\01\00\00\00" "\10\00\00\00" "\06\00\00\00" "www-authenticate\00" "ApiKey\00") ;; 36 bytes

  ;; The version of the ABI that this module speaks is told by the name of an export.
  (func (export "proxy_abi_version_0_2_1"))

  ;; The host puts what it hands over here. This plugin keeps none of it, so one place will do.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "proxy_on_context_create") (param $context i32) (param $parent i32))

  ;; The number of the metric (a counter: 0) is kept at 8.
  (func (export "proxy_on_configure") (param $context i32) (param $size i32) (result i32)
    (i32.eqz (call $define_metric (i32.const 0) (i32.const 32) (i32.const 16) (i32.const 8))))

  (func (export "proxy_on_request_headers")
    (param $context i32) (param $count i32) (param $end_of_stream i32) (result i32)
    ;; Map 0 holds the request's headers; place and length of the value go to 0 and 4. OK: the key is there.
    (if (i32.eqz (call $get_header (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 0) (i32.const 4)))
      (then (return (i32.const 0))))
    (drop (call $increment_metric (i32.load (i32.const 8)) (i64.const 1)))
    ;; Where even the reply fails, the connection ends: a request held for good would hang its client.
    (if (call $reply
          (i32.const 401) (i32.const 48) (i32.const 10) (i32.const 64) (i32.const 21) (i32.const 96) (i32.const 36)
          (i32.const -1))
      (then (drop (call $close (i32.const 0)))))
    ;; Pause: the reply is on its way.
    (i32.const 1)))
