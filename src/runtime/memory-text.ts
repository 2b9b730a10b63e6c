import type { AgentMemory, AgentRequest } from '../executors/executor.ts'

/** Most characters of memory in front of a prompt. */
const longest = 24_000

/** The request with what the agent remembers: as data, and in words in front of its prompt, whatever kind of agent it is. */
export function withMemory(request: AgentRequest, memory: readonly AgentMemory[]): AgentRequest {
  return memory.length === 0 ? request : { ...request, memory, prompt: `${memoryText(memory)}\n\nNow:\n${request.prompt}` }
}

/** The newest count most: the oldest are left out when it would be too long, and it says so. */
function memoryText(memory: readonly AgentMemory[]): string {
  const told: string[] = []
  let size = 0
  for (const entry of memory.toReversed()) {
    const text = entryText(entry)
    if (told.length > 0 && size + text.length > longest) break
    told.unshift(text.length > longest ? `${text.slice(0, longest)}…` : text)
    size += text.length
  }
  const missing = memory.length - told.length
  const first = missing === 0 ? [] : [`(${missing} earlier ${missing === 1 ? 'one is' : 'ones are'} left out.)`]
  return ['What was done earlier in this run:', ...first, ...told].join('\n\n')
}

function entryText({ path, agent, prompt, tools, decisions, said, output, error }: AgentMemory): string {
  return [
    `[${path}, by ${agent}]`,
    ...(prompt === '' ? [] : [`Asked: ${prompt}`]),
    ...tools.map(({ tool, result }) => `${tool} gave: ${result}`),
    ...decisions.map(({ question, answer }) => `Decided: ${question} ${answer}`),
    ...(said === undefined ? [] : [`Said: ${said}`]),
    ...(output === undefined ? [] : [`Answered: ${output}`]),
    ...(error === undefined ? [] : [`Failed: ${error}`]),
  ].join('\n')
}
