/**
 * The text format that Prometheus reads (exposition format 0.0.4). Our own 60 lines, since prom-client keeps a label lookup
 * on every increment and brings two further packages (2 MB of OpenTelemetry types) for what is a join of numbers.
 */
import type { HistogramSnapshot } from "./histogram.ts";

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

export type MetricFamily =
  | {
      readonly type: "counter" | "gauge";
      /** Counters end in `_total`. */
      readonly name: string;
      readonly help: string;
      readonly samples: readonly { readonly labels?: Labels; readonly value: number }[];
    }
  | {
      readonly type: "histogram";
      readonly name: string;
      readonly help: string;
      readonly samples: readonly { readonly labels?: Labels; readonly histogram: HistogramSnapshot }[];
    };

export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText(family: MetricFamily): string {
  const { name, help, type } = family;
  const head = `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`;
  const lines =
    family.type === "histogram"
      ? family.samples.map(({ labels, histogram }) => histogramText(name, labels, histogram))
      : family.samples.map(({ labels, value }) => sampleText(name, labels, value));
  return head + lines.join("");
}

function histogramText(name: string, labels: Labels | undefined, histogram: HistogramSnapshot): string {
  let cumulative = 0;
  const buckets = histogram.bounds.map((bound, index) => {
    cumulative += histogram.counts[index]!;
    return sampleText(`${name}_bucket`, { ...labels, le: number(bound) }, cumulative);
  });
  return [
    ...buckets,
    sampleText(`${name}_bucket`, { ...labels, le: "+Inf" }, histogram.count),
    sampleText(`${name}_sum`, labels, histogram.sum),
    sampleText(`${name}_count`, labels, histogram.count),
  ].join("");
}

function sampleText(name: string, labels: Labels | undefined, value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
