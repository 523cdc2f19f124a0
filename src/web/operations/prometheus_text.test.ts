import { expect, test } from "bun:test";
import { prometheusText } from "./prometheus_text.ts";

test("counters, gauges and labels", () => {
  expect(
    prometheusText([
      {
        type: "counter",
        name: "requests_total",
        help: "Requests\nby \\status",
        samples: [
          { labels: { status: "200", method: "GET" }, value: 3 },
          { labels: { status: 'a"b\\c\nd' }, value: 0 },
        ],
      },
      {
        type: "gauge",
        name: "in_flight",
        help: "Now",
        samples: [{ value: 1.5 }, { labels: {}, value: Number.POSITIVE_INFINITY }],
      },
      { type: "gauge", name: "nothing", help: "None", samples: [] },
    ]),
  ).toBe(
    [
      "# HELP requests_total Requests\\nby \\\\status",
      "# TYPE requests_total counter",
      'requests_total{status="200",method="GET"} 3',
      'requests_total{status="a\\"b\\\\c\\nd"} 0',
      "# HELP in_flight Now",
      "# TYPE in_flight gauge",
      "in_flight 1.5",
      "in_flight +Inf",
      "# HELP nothing None",
      "# TYPE nothing gauge",
      "",
    ].join("\n"),
  );
});

test("histograms are cumulative and end with everything", () => {
  const histogram = { bounds: [0.1, 1], counts: [2, 3, 1], sum: 4.25, count: 6 };
  const samples = [{ labels: { server: "a:9094" }, histogram }];
  expect(prometheusText([{ type: "histogram", name: "seconds", help: "Time", samples }])).toBe(
    [
      "# HELP seconds Time",
      "# TYPE seconds histogram",
      'seconds_bucket{server="a:9094",le="0.1"} 2',
      'seconds_bucket{server="a:9094",le="1"} 5',
      'seconds_bucket{server="a:9094",le="+Inf"} 6',
      'seconds_sum{server="a:9094"} 4.25',
      'seconds_count{server="a:9094"} 6',
      "",
    ].join("\n"),
  );
});
