// A service that draws a card for each request with Skia and sharp: one process for each core.
import cluster from "node:cluster";
import http from "node:http";
import { drawCard, encodeWithSharp } from "./skia.mjs";

const PROCESSES = 2;

if (cluster.isPrimary) {
  let ready = 0;
  for (let index = 0; index < PROCESSES; index++) cluster.fork();
  cluster.on("listening", (_, { port }) => {
    if (++ready === PROCESSES) console.log(`listening http://127.0.0.1:${port}`);
  });
} else {
  const server = http.createServer(async (request, response) => {
    const { searchParams } = new URL(request.url, "http://localhost");
    const png = await encodeWithSharp(drawCard(false, [searchParams.get("title")]));
    response.writeHead(200, { "content-type": "image/png", "content-length": png.length });
    response.end(png);
  });
  server.listen(Number(process.argv[2]), "127.0.0.1");
}
