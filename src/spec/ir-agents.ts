import { z } from 'zod'
import { json, jsonSchema } from './ir-steps.ts'

/** Agents as the intermediate representation has them; see `ir.ts`. */

/** Tokens as the provider counted them. Those that were cached or spent on reasoning are among the others. */
export const usageSchema = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedTokens: z.number().optional(),
  reasoningTokens: z.number().optional(),
})
export type Usage = z.infer<typeof usageSchema>

/** One answer of a scripted agent. `text` and `output` may hold templates. */
export const scriptedReplySchema = z.union([
  z.strictObject({
    output: json,
    delayMs: z.number().optional(),
    usage: usageSchema.optional(),
    costUsd: z.number().optional(),
  }),
  z.strictObject({ error: z.string(), message: z.string().optional(), delayMs: z.number().optional() }),
])
export type ScriptedReply = z.infer<typeof scriptedReplySchema>

const agentBase = {
  instructions: z.string().optional(),
  /** JSON Schema of what the agent must answer. */
  output: jsonSchema.optional(),
  /** Answers for `--agents scripted`. */
  rehearse: z.array(scriptedReplySchema).min(1).optional(),
  /** What agents with it did earlier in the run is told to it; kept beyond the run when `keep` is set. */
  memory: z.strictObject({ keep: z.boolean() }).optional(),
}

/** A server of tools: a program to start, or one that listens. */
const mcpServer = z.union([
  z.strictObject({ name: z.string(), command: z.array(z.string()).min(1), env: z.record(z.string(), z.string()) }),
  z.strictObject({ name: z.string(), url: z.string(), headers: z.record(z.string(), z.string()) }),
])
export type McpServer = z.infer<typeof mcpServer>

const tool = z.union([
  /** A function of a module, see `CallStep.target`; with `approve` a person is asked before each call. */
  z.strictObject({ call: z.string(), name: z.string().optional(), description: z.string().optional(), parameters: jsonSchema.optional(), approve: z.boolean() }),
  /** One that the model's provider runs: `web_search`, `file_search`, `code_interpreter`. */
  z.strictObject({ hosted: z.string(), settings: z.record(z.string(), json) }),
])
export type AgentTool = z.infer<typeof tool>

/** Where an agent that changes files works: in the folder of the run, or in one of its own. */
const workspace = z.enum(['shared', 'worktree', 'copy'])
export type Workspace = z.infer<typeof workspace>

const coding = { workspace, env: z.record(z.string(), z.string()) }
const openai = z.strictObject({
  ...agentBase,
  uses: z.literal('openai'),
  model: z.string().optional(),
  baseUrl: z.string().optional(),
  /** The environment variable that holds the key for `baseUrl`. */
  apiKeyEnv: z.string().optional(),
  api: z.enum(['responses', 'chat']).optional(),
  /** Model settings as the SDK names them. */
  settings: z.record(z.string(), json).optional(),
  tools: z.array(tool).optional(),
  mcp: z.array(mcpServer).optional(),
  /** Functions of modules that look at what goes in and comes out; one that says no fails the step. */
  guardrails: z.strictObject({ input: z.array(z.string()), output: z.array(z.string()) }).optional(),
  /** Names of agents that it may hand over to. */
  handoffs: z.array(z.string()).optional(),
  /** `run`: all steps of a run that this agent does are one conversation. */
  session: z.literal('run').optional(),
})
export type OpenAIAgent = z.infer<typeof openai>
const acp = z.strictObject({
  ...agentBase,
  ...coding,
  uses: z.literal('acp'),
  /** Starts an agent that speaks the Agent Client Protocol on its stdin and stdout. */
  command: z.array(z.string()).min(1),
  /** What it is answered when it wants to do something: a person decides, or always the same. */
  permissions: z.enum(['ask', 'allow', 'deny']),
  mcp: z.array(mcpServer).optional(),
})
export type AcpAgent = z.infer<typeof acp>
const cli = z.strictObject({
  ...agentBase,
  ...coding,
  uses: z.literal('cli'),
  cli: z.enum(['claude', 'codex', 'gemini', 'copilot']),
  model: z.string().optional(),
  /** Further arguments, as they are. */
  args: z.array(z.string()),
})
export type CliAgent = z.infer<typeof cli>
const command = z.strictObject({
  ...agentBase,
  ...coding,
  uses: z.literal('command'),
  /** Gets the prompt on stdin; what it prints is the answer. As for a `run` step. */
  command: z.union([z.string(), z.array(z.string()).min(1)]),
  parse: z.enum(['text', 'json']),
})
export type CommandAgent = z.infer<typeof command>
/** Is called with the prompt. */
const called = z.strictObject({ ...agentBase, uses: z.literal('function'), call: z.string() })
export const agentSchema = z.discriminatedUnion('uses', [
  z.strictObject({ ...agentBase, uses: z.literal('scripted'), replies: z.array(scriptedReplySchema).min(1) }),
  openai,
  acp,
  cli,
  command,
  called,
])
export type Agent = z.infer<typeof agentSchema>
