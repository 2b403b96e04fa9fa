"""What a toxic is asked for against what is measured: `accuracy.py NAME=HOST:PORT …`.

Each server is asked in turn, so that a busy machine is as busy for all. Prints a Markdown table.
Everything is on loopback; the whole takes about a minute for two servers. Exit codes: 0 all was
measured, whatever the figures, 1 something could not be.
"""

import http.client
import json
import math
import os
import socket
import statistics
import sys
import threading
import time

PATIENCE = 30  # seconds that a socket may be silent
LATENCIES_MS = (20, 100, 800)
RATES_KB = (100, 1_000, 10_000)
RATE_SECONDS = 2
ROUND_TRIPS = {20: 60, 100: 30, 800: 5}
CONNECTIONS = 1_000
CONNECTIONS_AT_ONCE = 50


class Failed(Exception):
    """A server refused a toxic, or bytes did not come."""


class Upstream:
    """Echoes (first byte e), or sends a number of bytes that the client names (first byte d)."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                first = connection.recv(1)
                if first == b"d":
                    count = int(connection.makefile("rb").readline())
                    connection.sendall(bytes(count))
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass  # What a toxic does to the connection is measured at its other end.


class Server:
    def __init__(self, name, address, upstream):
        self.name = name
        host, port = address.rsplit(":", 1)
        self.api = (host, int(port))
        made = self.call("POST", "/proxies", {"name": "accuracy", "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream.port}"})
        host, port = made["listen"].rsplit(":", 1)
        self.listen = (host, int(port))

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(*self.api, timeout=PATIENCE)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{self.name}: {method} {path}: {answer.status} {text!r}")
        return json.loads(text) if text else None

    def toxic(self, kind, toxicity=1.0, stream="downstream", **attributes):
        self.call("POST", "/reset")
        self.call("POST", "/proxies/accuracy/toxics", {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes})

    def connect(self):
        connection = socket.create_connection(self.listen, timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def echo(self):
        connection = self.connect()
        connection.sendall(b"e")
        return connection


def exactly(connection, count):
    got = 0
    while got < count:
        piece = connection.recv(min(1 << 20, count - got))
        if not piece:
            raise Failed(f"{got} of {count} bytes came")
        got += len(piece)


def round_trip_ms(server, rounds):
    with server.echo() as connection:
        times = []
        for _ in range(rounds):
            began = time.monotonic()
            connection.sendall(b"x")
            exactly(connection, 1)
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def latency(server, ms, jitter=0):
    server.call("POST", "/reset")
    base = round_trip_ms(server, 40)
    server.toxic("latency", latency=ms, jitter=jitter)
    return round_trip_ms(server, ROUND_TRIPS[ms]) - base


def rate(server, kb, stream):
    """kB/s over the second half of a transfer, which leaves buffers that fill at once aside."""
    server.toxic("bandwidth", stream=stream, rate=kb)
    count = kb * 1000 * RATE_SECONDS
    with server.connect() as connection:
        if stream == "downstream":
            connection.sendall(b"d%d\n" % count)
        else:
            connection.sendall(b"e")
            threading.Thread(target=connection.sendall, args=(bytes(count),), daemon=True).start()
        half = count // 4
        exactly(connection, half)
        began = time.monotonic()
        exactly(connection, count - half)
        return (count - half) / 1000 / (time.monotonic() - began)


def slicer(server, size, delay_us, count):
    """Milliseconds that a message takes, less those without the toxic."""
    def once():
        with server.echo() as connection:
            began = time.monotonic()
            connection.sendall(bytes(count))
            exactly(connection, count)
            return (time.monotonic() - began) * 1000

    server.call("POST", "/reset")
    base = statistics.median(once() for _ in range(5))
    server.toxic("slicer", average_size=size, size_variation=0, delay=delay_us)
    return statistics.median(once() for _ in range(5)) - base


def timeout(server, ms):
    server.toxic("timeout", timeout=ms)
    times = []
    for _ in range(5):
        with server.echo() as connection:
            began = time.monotonic()
            connection.sendall(b"x")
            connection.recv(1)
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def slow_close(server, ms):
    server.toxic("slow_close", stream="downstream", delay=ms)
    times = []
    for _ in range(3):
        with server.connect() as connection:
            connection.sendall(b"e")
            began = time.monotonic()
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def limit(server, count):
    server.toxic("limit_data", bytes=count)
    with server.connect() as connection:
        connection.sendall(b"d%d\n" % (count * 2))
        got = 0
        try:
            while piece := connection.recv(65536):
                got += len(piece)
        except ConnectionResetError:
            pass
    return got


def toxicity(server, share):
    """Of so many connections, those that a toxic closes instead of echoing."""
    server.toxic("limit_data", toxicity=share, bytes=0)
    hit = 0
    for _ in range(CONNECTIONS // CONNECTIONS_AT_ONCE):
        open_now = [server.echo() for _ in range(CONNECTIONS_AT_ONCE)]
        for connection in open_now:
            with connection:
                connection.sendall(b"x")
                try:
                    hit += connection.recv(1) != b"x"
                except ConnectionResetError:
                    hit += 1
    return hit


def binomial_interval(count, share):
    """The 99 % interval of a binomial count, by the normal approximation with a half added."""
    half = 2.5758 * math.sqrt(count * share * (1 - share)) + 0.5
    return count * share - half, count * share + half


def main():
    upstream = Upstream()
    servers = [Server(*argument.split("=", 1), upstream) for argument in sys.argv[1:]]
    failures = []
    print("| toxic | asked | " + " | ".join(server.name for server in servers) + " | within |")
    print("| --- | --- | " + "--- | " * len(servers) + "--- |", flush=True)

    def row(toxic, asked, unit, measure, fits, within):
        cells = []
        for server in servers:
            try:
                got = measure(server)
            except (Failed, OSError) as error:
                failures.append(f"{toxic}: {server.name}: {error}")
                cells.append("failed")
                continue
            told = f"{got:,.1f}" if isinstance(got, float) else f"{got:,}"
            cells.append(told if fits(got) else f"{told} (outside)")
        print(f"| {toxic} | {asked:,} {unit} | " + " | ".join(cells) + f" | {within} |", flush=True)

    for ms in LATENCIES_MS:
        row("latency, P50", ms, "ms", lambda server: latency(server, ms), lambda got: abs(got - ms) <= 2, "± 2 ms")
    for stream in ("downstream", "upstream"):
        for kb in RATES_KB:
            row(f"bandwidth {stream}", kb, "kB/s", lambda server: rate(server, kb, stream), lambda got: abs(got / kb - 1) <= 0.05, "± 5 %")
    slices = 32 # 3,200 bytes in slices of 100, found by halving
    row("slicer, 3,200 bytes by 100", 5_000, "µs a slice", lambda server: slicer(server, 100, 5_000, 3_200) * 1000 / slices, lambda got: 4_800 <= got <= 6_500, "4,800 to 6,500")
    row("timeout", 300, "ms", lambda server: timeout(server, 300), lambda got: 299 <= got <= 320, "- 1, + 20 ms")
    row("slow_close", 300, "ms", lambda server: slow_close(server, 300), lambda got: 299 <= got <= 320, "- 1, + 20 ms")
    row("limit_data", 100_000, "bytes", lambda server: limit(server, 100_000), lambda got: got == 100_000, "exactly")
    low, high = binomial_interval(CONNECTIONS, 0.5)
    row(f"toxicity 0.5 of {CONNECTIONS:,}", 500, "connections", lambda server: toxicity(server, 0.5), lambda got: low <= got <= high, f"{math.ceil(low)} to {math.floor(high)} (99 %)")
    for server in servers:
        server.call("DELETE", "/proxies/accuracy")
    for failure in failures:
        print(f"accuracy: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Threads of connections that a toxic holds would be waited for.
