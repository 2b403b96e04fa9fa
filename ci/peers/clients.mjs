// What the client for Node sees of a server: `node clients.mjs http://HOST:PORT HOST:PORT`.
import { Toxiproxy } from 'toxiproxy-node-client'

const [, , api, upstream] = process.argv
// The order of keys is not what a client sees.
const sorted = (_, value) =>
  value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value
const say = (what, value) => console.log(what, JSON.stringify(value, sorted))
const proxyOf = ({ name, listen, upstream, enabled }) => ({ name, listen, upstream, enabled })
const toxicOf = ({ name, type, stream, toxicity, attributes }) => ({ name, type, stream, toxicity, attributes })
const failed = async (what, promise) => {
  try {
    await promise
    say(what, 'no error')
  } catch (error) {
    say(what, { name: error.name, message: error.message, status: error.status ?? error.statusCode ?? error.response?.status, cause: error.cause?.message })
  }
}

const server = new Toxiproxy(api)
const wanted = name => ({ name, listen: '127.0.0.1:0', upstream })
say('version', JSON.parse(await server.getVersion()))
const one = await server.createProxy(wanted('one'))
say('created', proxyOf(one))
await failed('twice', server.createProxy(wanted('one')))
await failed('no upstream', server.createProxy({ name: 'two', listen: '127.0.0.1:0', upstream: '' }))
await failed('missing', server.get('nothing'))
const populated = await server.populate([wanted('two'), wanted('three')])
say('populated', Object.values(populated).map(proxyOf))
const kinds = [
  ['latency', { latency: 5, jitter: 1 }], ['bandwidth', { rate: 1000 }], ['slow_close', { delay: 5 }], ['timeout', { timeout: 1000 }],
  ['slicer', { average_size: 100, size_variation: 10, delay: 1 }], ['limit_data', { bytes: 1000 }], ['reset_peer', { timeout: 5 }], ['noop', {}],
]
for (const [type, attributes] of kinds) {
  const toxic = await one.addToxic({ name: `t-${type}`, type, stream: 'upstream', toxicity: 0.5, attributes })
  say('added', toxicOf(toxic))
}
await failed('twice', one.addToxic({ name: 't-noop', type: 'noop', stream: 'downstream', toxicity: 1, attributes: {} }))
await failed('bad type', one.addToxic({ name: 'x', type: 'storm', stream: 'downstream', toxicity: 1, attributes: {} }))
await failed('bad stream', one.addToxic({ name: 'x', type: 'noop', stream: 'sideways', toxicity: 1, attributes: {} }))
const toxic = await one.getToxic('t-latency')
say('updated', toxicOf(await toxic.update({ attributes: { latency: 7, jitter: 0 } })))
await toxic.remove()
await failed('removed', one.getToxic('t-latency'))
await failed('removed again', toxic.remove())
say('disabled', proxyOf(await one.update({ enabled: false, listen: one.listen, upstream: one.upstream })))
await server.reset()
say('reset', proxyOf(await server.get('one')))
say('all', Object.entries(await server.getAll()).sort().map(([, proxy]) => proxyOf(proxy)))
for (const name of ['one', 'two', 'three']) await (await server.get(name)).remove()
say('left', Object.keys(await server.getAll()))
