import { expect, test } from "bun:test";
import { faultlessRate, parseWrk } from "./wrk.ts";

const output = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   844.00us    0.91ms  12.30ms   94.06%
    Req/Sec    41.30k     2.20k   44.00k    80.00%
  Latency Distribution
     50%  700.00us
     99%    4.21ms
  41234 requests in 1.00s, 168.00MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 4
Requests/sec:  41200.50
Transfer/sec:    167.50MB
`;

test("what wrk says is read", () => {
  expect(parseWrk(output)).toEqual({
    requestsPerSecond: 41_200.5,
    bytesPerSecond: 167.5 * 1024 ** 2,
    requests: 41_234,
    p99Ms: 4.21,
    failures: 7,
  });
});

test("units are heeded", () => {
  const slow = output.replace("4.21ms", "1.50s").replace("167.50MB", "2.00KB");
  expect(parseWrk(slow)).toMatchObject({ p99Ms: 1500, bytesPerSecond: 2048 });
  expect(parseWrk(output.replace(/\n.*(Socket|Non-2xx).*/g, "")).failures).toBe(0);
});

test("a rate with failures in it is none", () => {
  expect(() => faultlessRate(parseWrk(output))).toThrow("7 requests failed");
  expect(faultlessRate(parseWrk(output.replace(/\n.*(Socket|Non-2xx).*/g, "")))).toBe(41_200.5);
});
