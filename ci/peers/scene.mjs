// What every peer draws: the three scenes of `service/render/benches/draw.rs`.
import { readFileSync } from "node:fs";

export const FONTS = "/usr/share/fonts/truetype/dejavu";
export const regular = readFileSync(`${FONTS}/DejaVuSans.ttf`);
export const bold = readFileSync(`${FONTS}/DejaVuSans-Bold.ttf`);

export const card = {
  width: 1200,
  height: 630,
  title: ["Prove a release", "before it ships"],
  subtitle: "Load it, break it, and let its objectives decide.",
  footer: "proofmark 0.1",
};

const value = (at, shift) =>
  (0.02 + shift / 100) * (1 + Math.sin(at / 20 + shift) / 3);
const points = (shift) =>
  Array.from({ length: 300 }, (_, at) => [at / 299, value(at, shift) / 0.06]);

// x and y of each point as a part of the plot.
export const chart = {
  width: 800,
  height: 400,
  plot: { left: 70, top: 80, right: 780, bottom: 360 },
  title: "Request latency",
  rows: ["0", "10 ms", "20 ms", "30 ms", "40 ms", "50 ms", "60 ms"],
  columns: ["00:00", "00:10", "00:20", "00:30", "00:40", "00:50"],
  series: [
    { name: "p50", color: "#2563eb", points: points(0) },
    { name: "p95", color: "#f97316", points: points(1) },
    { name: "p99", color: "#059669", points: points(2) },
  ],
};

// Draws each scene `rounds` times after a warm-up and prints its name, the median in milliseconds and
// the bytes of the picture.
export async function measure(rounds, scenes) {
  for (const [name, draw] of Object.entries(scenes)) {
    const times = [];
    let bytes = 0;
    for (let round = -5; round < rounds; round++) {
      const start = process.hrtime.bigint();
      bytes = (await draw()).length;
      const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
      if (round >= 0) times.push(elapsed);
    }
    times.sort((a, b) => a - b);
    console.log(name, times[times.length >> 1].toFixed(3), bytes);
  }
}
