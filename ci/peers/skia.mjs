// Skia's canvas in Node, encoded by itself or, with `sharp` as second argument, by sharp at level 1.
import { createCanvas, GlobalFonts } from "@napi-rs/canvas";
import sharp from "sharp";
import { bold, card, chart, measure, regular } from "./scene.mjs";

GlobalFonts.register(regular, "Sans");
GlobalFonts.register(bold, "Bold");
sharp.concurrency(1);

const encoders = {
  own: (canvas) => canvas.encodeSync("png"),
  sharp: (canvas) => {
    const raw = { width: canvas.width, height: canvas.height, channels: 4 };
    return sharp(canvas.data(), { raw }).removeAlpha().png({ compressionLevel: 1 }).toBuffer();
  },
};

export function drawCard(isFlat, title = card.title) {
  const { width, height } = card;
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  if (isFlat) {
    context.fillStyle = "#1e293b";
  } else {
    const ramp = context.createLinearGradient(0, 0, width, height);
    ramp.addColorStop(0, "#4f46e5");
    ramp.addColorStop(1, "#0ea5e9");
    context.fillStyle = ramp;
  }
  context.fillRect(0, 0, width, height);
  context.fillStyle = "rgba(255, 255, 255, 0.957)";
  context.beginPath();
  context.roundRect(48, 48, width - 96, height - 96, 28);
  context.fill();
  context.fillStyle = isFlat ? "#1e293b" : "#4f46e5";
  context.beginPath();
  context.roundRect(116, 150, 84, 10, 5);
  context.fill();
  const text = (words, font, color, y) => {
    context.font = font;
    context.fillStyle = color;
    context.fillText(words, 116, y);
  };
  title.forEach((line, at) => text(line, "76px Bold", "#0f172a", 258 + 95 * at));
  text(card.subtitle, "33px Sans", "#475569", 430);
  text(card.footer, "25px Sans", "#64748b", 530);
  return canvas;
}

function drawChart() {
  const { width, height, plot } = chart;
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  const text = (words, x, y) => context.fillText(words, x, y);
  context.fillStyle = "#0f172a";
  context.font = "19px Bold";
  text(chart.title, 20, 38);
  context.font = "12px Sans";
  chart.rows.forEach((label, at) => {
    const y = plot.bottom - ((plot.bottom - plot.top) * at) / (chart.rows.length - 1);
    context.fillStyle = "#e8ecf1";
    context.fillRect(plot.left, y, plot.right - plot.left, 1);
    context.fillStyle = "#5b677a";
    text(label, 20, y + 4);
  });
  chart.columns.forEach((label, at) => {
    text(label, plot.left + ((plot.right - plot.left) * at) / chart.columns.length, 380);
  });
  chart.series.forEach(({ name, color, points }, at) => {
    context.fillStyle = color;
    context.fillRect(20 + 80 * at, 58, 14, 4);
    context.fillStyle = "#5b677a";
    text(name, 40 + 80 * at, 64);
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.beginPath();
    for (const [x, y] of points) {
      const across = plot.left + x * (plot.right - plot.left);
      context.lineTo(across, plot.bottom - y * (plot.bottom - plot.top));
    }
    context.stroke();
  });
  return canvas;
}

const [, main, rounds, encoder] = process.argv;
if (main?.endsWith("skia.mjs")) {
  const encode = encoders[encoder];
  await measure(Number(rounds), {
    "card-gradient": () => encode(drawCard(false)),
    "card-flat": () => encode(drawCard(true)),
    chart: () => encode(drawChart()),
  });
}

export const encodeWithSharp = encoders.sharp;
