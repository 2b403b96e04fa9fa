// satori makes SVG of a tree of boxes, resvg makes PNG of the SVG.
import { Resvg } from "@resvg/resvg-js";
import satori from "satori";
import { bold, card, chart, measure, regular } from "./scene.mjs";

const fonts = [
  { name: "Sans", data: regular, weight: 400 },
  { name: "Sans", data: bold, weight: 700 },
];
const box = (style, ...children) => ({
  type: "div",
  props: { style: { display: "flex", ...style }, children },
});

function cardTree(background) {
  const { width, height } = card;
  return box(
    { width, height, background, padding: 48, fontFamily: "Sans" },
    box(
      {
        flexDirection: "column", justifyContent: "center", width: "100%", padding: 68,
        borderRadius: 28, background: "rgba(255, 255, 255, 0.957)",
      },
      box({ width: 84, height: 10, borderRadius: 5, background: "#4f46e5", marginBottom: 26 }),
      ...card.title.map((line) => box({ fontSize: 76, fontWeight: 700, color: "#0f172a" }, line)),
      box({ fontSize: 33, color: "#475569", marginTop: 18 }, card.subtitle),
      box({ fontSize: 25, color: "#64748b", marginTop: 60 }, card.footer),
    ),
  );
}

function chartTree() {
  const { width, height, plot } = chart;
  const [across, down] = [plot.right - plot.left, plot.bottom - plot.top];
  const at = (left, top, style, ...children) =>
    box({ position: "absolute", left, top, ...style }, ...children);
  const path = ({ color, points }) => ({
    type: "path",
    props: {
      d: points.map(([x, y], i) => `${i ? "L" : "M"}${x * across} ${down - y * down}`).join(""),
      stroke: color, strokeWidth: 2, fill: "none",
    },
  });
  return box(
    { width, height, background: "#fff", fontFamily: "Sans", fontSize: 12, color: "#5b677a" },
    at(20, 20, { fontSize: 19, fontWeight: 700, color: "#0f172a" }, chart.title),
    ...chart.rows.flatMap((label, row) => {
      const y = plot.bottom - (down * row) / (chart.rows.length - 1);
      return [at(plot.left, y, { width: across, height: 1, background: "#e8ecf1" }), at(20, y - 8, {}, label)];
    }),
    ...chart.columns.map((label, i) => at(plot.left + (across * i) / chart.columns.length, 368, {}, label)),
    ...chart.series.flatMap(({ name, color }, i) => [
      at(20 + 80 * i, 58, { width: 14, height: 4, background: color }), at(40 + 80 * i, 52, {}, name),
    ]),
    at(plot.left, plot.top, {}, {
      type: "svg",
      props: { width: across, height: down, viewBox: `0 0 ${across} ${down}`, children: chart.series.map(path) },
    }),
  );
}

const draw = async (tree, { width, height }) =>
  new Resvg(await satori(tree, { width, height, fonts }), { font: { loadSystemFonts: false } })
    .render()
    .asPng();

await measure(Number(process.argv[2]), {
  "card-gradient": () => draw(cardTree("linear-gradient(135deg, #4f46e5, #0ea5e9)"), card),
  "card-flat": () => draw(cardTree("#1e293b"), card),
  chart: () => draw(chartTree(), chart),
});
