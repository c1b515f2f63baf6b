use super::{screen, short};
use crate::sample;
use expect_test::expect;

#[test]
fn a_terminal_shows_what_was_measured() {
    expect![[r#"
        2026-01-02, Envoy 1.40.0 with one worker, A Processor, 4 cores, Linux 6.1; 60 rounds, 500 requests at a time; p50 and p99 at 1000 requests/s

         real upstream  CPU, µs: min, median         added  to no-op wasm  requests/s  p50, ms  p99, ms
         no filter              40.00, 42.00    0.00, 0.00     0.00, 0.00       15000     0.20     1.50
         no-op wasm             45.00, 47.00    5.00, 5.00     1.00, 1.00       14000     0.21     1.60
         request-id             50.00, 54.00  10.00, 12.00     2.00, 2.40       12000        –        –

         open breaker     CPU, µs: min, median         added  to no-op wasm  requests/s  p50, ms  p99, ms
         circuit-breaker          32.00, 33.60  -8.00, -8.40              –       20000     0.10     0.90

         memory in MB, 2026-01-03  resident, at ready  after 5000 requests  after 50000  of it anonymous, at ready  after all  metrics after half, after all
         no filter                               64.0                 64.5         65.0                       14.0       15.0                         12, 12

         goal                                                                        at most  of minima, of medians  met
         request-id, to no-op wasm                                                       2.2             2.00, 2.40   no
         an open breaker's rejection, to a request to the upstream without a filter      1.0             0.80, 0.80  yes
    "#]].assert_eq(&screen(&sample::figures()));
}

#[test]
fn markdown_has_a_row_for_each_variant() {
    expect![[r#"
        | CPU added to a request | direct response | real upstream | replaced error |
        |---|--:|--:|--:|
        | no-op wasm | – | 1.0 | – |
        | request-id | – | 2.4 | – |
    "#]]
    .assert_eq(&short(&sample::figures()).markdown());
}
