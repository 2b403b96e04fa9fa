"""What the client for Python sees of a server: `clients.py HOST PORT UPSTREAM`."""

import json
import sys

from toxiproxy import Toxiproxy
from toxiproxy.api import APIConsumer

host, port, upstream = sys.argv[1], int(sys.argv[2]), sys.argv[3]
server = Toxiproxy()
server.update_api_consumer(host, port)


def proxy_of(proxy):
    return (proxy.name, proxy.listen, proxy.upstream, proxy.enabled)


def toxic_of(toxic):
    return (toxic.name, toxic.type, toxic.stream, toxic.toxicity, sorted(toxic.attributes.items()))


def failed(what, act):
    try:
        print(what, "no error", act())
    except Exception as error:  # The client raises its own kinds, which is what is compared.
        text = error.args[0]
        print(what, type(error).__name__, json.loads(text) if isinstance(text, bytes) else text)


print("running", server.running())
print("version", json.loads(server.version()))
one = server.create(name="one", upstream=upstream)
print("created", proxy_of(one))
failed("twice", lambda: server.create(name="one", upstream=upstream))
print("populated", [proxy_of(p) for p in server.populate([{"name": "two", "listen": "127.0.0.1:0", "upstream": upstream}])])
for kind, attributes in [
    ("latency", {"latency": 5, "jitter": 1}),
    ("bandwidth", {"rate": 1000}),
    ("slow_close", {"delay": 5}),
    ("timeout", {"timeout": 1000}),
    ("slicer", {"average_size": 100, "size_variation": 10, "delay": 1}),
    ("limit_data", {"bytes": 1000}),
    ("reset_peer", {"timeout": 5}),
    ("noop", {}),
]:
    one.add_toxic(type=kind, attributes=attributes, toxicity=0.5)
    print("added", toxic_of(one.get_toxic(kind + "_downstream")))
failed("twice", lambda: one.add_toxic(type="noop"))
failed("bad type", lambda: one.add_toxic(type="storm"))
failed("bad stream", lambda: one.add_toxic(type="noop", name="x", stream="sideways"))
failed("bad attribute", lambda: one.add_toxic(type="latency", name="x", attributes={"latency": -1}))
print("toxics", [toxic_of(toxic) for toxic in one.toxics().values()])
print("removed", one.destroy_toxic("noop_downstream"))
failed("removed", lambda: one.destroy_toxic("noop_downstream"))
with one.down():
    print("down", proxy_of(server.get_proxy("one")))
print("up", proxy_of(server.get_proxy("one")))
one.disable()
print("reset", server.reset(), [proxy_of(p) for _, p in sorted(server.proxies().items())])
print("reset", one.toxics())
answer = APIConsumer.get("/proxies/one")
print("answer", answer.status_code, answer.headers["Content-Type"], sorted(set(answer.json()) - {"Logger"}))
failed("missing", lambda: APIConsumer.get("/proxies/nothing"))
server.destroy_all()
print("left", server.proxies())
