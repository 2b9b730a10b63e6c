import { Annotation, END, MemorySaver, Send, START, StateGraph } from '@langchain/langgraph'
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres'
import { syncSettings } from './postgres.mjs'

/** `length` nodes one after another; the state keeps the last output. */
function chain(length, checkpointer) {
  const graph = new StateGraph(Annotation.Root({ last: Annotation() }))
  for (let index = 0; index < length; index += 1) graph.addNode(`s${index}`, async () => ({ last: `s${index}` }))
  graph.addEdge(START, 's0')
  for (let index = 1; index < length; index += 1) graph.addEdge(`s${index - 1}`, `s${index}`)
  return graph.addEdge(`s${length - 1}`, END).compile({ checkpointer })
}

/** As many tasks as the input says, sent all at once; the state gathers their outputs. */
function fan(checkpointer) {
  const State = Annotation.Root({
    width: Annotation(),
    outputs: Annotation({ reducer: (all, more) => all.concat(more), default: () => [] }),
  })
  return new StateGraph(State)
    .addNode('work', async ({ index }) => ({ outputs: [index] }))
    .addConditionalEdges(START, ({ width }) => Array.from({ length: width }, (_, index) => new Send('work', { index })), ['work'])
    .addEdge('work', END)
    .compile({ checkpointer })
}

let threads = 0

/** µs per step of one run; `sync` makes a super-step wait until the checkpoint of the one before is stored. */
async function timed(graph, input, steps) {
  threads += 1
  const begun = performance.now()
  await graph.invoke(input, { configurable: { thread_id: `run-${process.pid}-${threads}` }, recursionLimit: 1000, durability: 'sync' })
  return ((performance.now() - begun) * 1000) / steps
}

function casesOn(makeSaver, kind) {
  // One saver for each case: the memory of one must not weigh on another.
  const graphs = { chain: chain(100, makeSaver()), fan20: fan(makeSaver()), fan1000: fan(makeSaver()) }
  return {
    [`chain-100/${kind}`]: () => timed(graphs.chain, { last: '' }, 100),
    [`fan-20/${kind}`]: () => timed(graphs.fan20, { width: 20 }, 20),
    [`fan-1000/${kind}`]: () => timed(graphs.fan1000, { width: 1000 }, 1000),
  }
}

export async function open({ postgres }) {
  const memory = casesOn(() => new MemorySaver(), 'memory')
  const only = (why) => ({ about: `in memory only: ${why}`, cases: memory, close: async () => {} })
  if (postgres === undefined) return only('there is no Postgres')
  const saver = PostgresSaver.fromConnString(postgres)
  try {
    await saver.setup()
  } catch (error) {
    return only(error)
  }
  return {
    about: `durability "sync"; ${await syncSettings(postgres)}`,
    cases: { ...memory, ...casesOn(() => saver, 'durable') },
    close: () => saver.end(),
  }
}
