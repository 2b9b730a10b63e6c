import { z } from 'zod'
import { durationText, jsonSchemaValue, jsonValue, scalarText } from './written-parts.ts'
import { modelSettings } from './model-settings.ts'
import { targetText } from './written-steps.ts'

/** How agents are written, and the answers of those that are scripted. */

const reply = z
  .union(
    [
      z.string(),
      z.strictObject({
        output: jsonValue,
        delay: durationText.optional(),
        usage: z
          .strictObject({
            inputTokens: z.number().min(0),
            outputTokens: z.number().min(0),
            cachedTokens: z.number().min(0).optional(),
            reasoningTokens: z.number().min(0).optional(),
          })
          .optional(),
        costUsd: z.number().min(0).optional(),
      }),
      z.strictObject({ error: z.string(), message: z.string().optional(), delay: durationText.optional() }),
    ],
    'expected a text, { output, delay, usage, costUsd } or { error, message, delay }',
  )
  .meta({ description: 'An answer; its texts may hold `${{ }}`.' })
export type WrittenReply = z.infer<typeof reply>
const replies = z.array(reply).min(1)

const agentBase = {
  instructions: z.string().optional().meta({ description: 'What the agent is told before its prompt; may hold `${{ }}`.' }),
  output: jsonSchemaValue.optional().meta({ description: 'JSON Schema of what the agent must answer.' }),
  rehearse: replies.optional().meta({ description: 'Answers for `--agents scripted`.' }),
  memory: z
    .union([z.literal('run'), z.strictObject({ scope: z.literal('run'), keep: z.boolean().optional() })], 'expected run, or { scope: run, keep: true }')
    .optional()
    .meta({ description: 'run: it is told what the agents with it did earlier in the run.' }),
}

const texts = z.record(z.string(), scalarText)
const argv = z.array(z.union([z.string(), z.number()])).min(1)
const mcp = z
  .array(
    z.union(
      [
        z.strictObject({ name: z.string(), command: argv, env: texts.optional() }),
        z.strictObject({ name: z.string(), url: z.string(), headers: texts.optional() }),
      ],
      'expected { name, command } or { name, url }',
    ),
  )
  .optional()
  .meta({ description: 'MCP servers whose tools it has.' })
const tools = z
  .array(
    z.union(
      [
        targetText,
        z.strictObject({
          call: targetText,
          name: z.string().optional(),
          description: z.string().optional(),
          parameters: jsonSchemaValue.optional().meta({ description: 'JSON Schema of its arguments.' }),
          approve: z.boolean().optional().meta({ description: 'A person is asked before each call.' }),
        }),
        z.strictObject({
          hosted: z.enum(['web_search', 'file_search', 'code_interpreter']),
          settings: z.record(z.string(), jsonValue).optional(),
        }),
      ],
      'expected ./module.ts#export, { call, approve } or { hosted }',
    ),
  )
  .optional()
  .meta({ description: 'Functions that it may call, and tools that its provider runs.' })
const coding = {
  workspace: z.enum(['shared', 'worktree', 'copy']).optional().meta({
    description: 'Where it changes files: the folder of the run (shared, unless told), or a git worktree or a copy of its own.',
  }),
  env: texts.optional(),
}

/** The schema of each kind of agent, by its `uses`. */
export const agentSchemas = {
  scripted: z.strictObject({
    ...agentBase,
    uses: z.literal('scripted'),
    replies: replies.meta({ description: 'Taken in turn by each step; the last one repeats.' }),
  }),
  openai: z.strictObject({
    ...agentBase,
    uses: z.literal('openai'),
    model: z.string().optional(),
    base_url: z.string().optional().meta({ description: 'Where a compatible service listens.' }),
    api_key_env: z.string().optional().meta({ description: 'The environment variable with the key for `base_url`.' }),
    api: z.enum(['responses', 'chat']).optional(),
    settings: modelSettings.optional().meta({ description: 'Model settings, such as temperature.' }),
    tools,
    mcp,
    guardrails: z
      .strictObject({ input: z.array(targetText).optional(), output: z.array(targetText).optional() })
      .optional()
      .meta({ description: 'Functions that refuse what goes in or comes out.' }),
    handoffs: z.array(z.string()).optional().meta({ description: 'Agents that it may hand over to; needs `allow_handoffs: true`.' }),
    allow_handoffs: z.boolean().optional(),
    session: z.enum(['none', 'run']).optional().meta({ description: 'run: its steps in a run are one conversation.' }),
  }),
  acp: z.strictObject({
    ...agentBase,
    ...coding,
    uses: z.literal('acp'),
    command: argv.meta({ description: 'Starts an agent that speaks the Agent Client Protocol.' }),
    permissions: z.enum(['ask', 'allow', 'deny']).optional().meta({
      description: 'Who decides when it wants to do something: a person (ask, unless told), or always the same.',
    }),
    mcp,
  }),
  cli: z.strictObject({
    ...agentBase,
    ...coding,
    uses: z.literal('cli'),
    cli: z.enum(['claude', 'codex', 'gemini', 'copilot']),
    model: z.string().optional(),
    args: z.array(z.union([z.string(), z.number()])).optional(),
  }),
  command: z.strictObject({
    ...agentBase,
    ...coding,
    uses: z.literal('command'),
    command: z.union([z.string().min(1), argv]).meta({ description: 'Gets the prompt on stdin; what it prints is the answer.' }),
    parse: z.enum(['text', 'json']).optional(),
  }),
  function: z.strictObject({ ...agentBase, uses: z.literal('function'), call: targetText.meta({ description: 'Is called with the prompt.' }) }),
}
export const writtenAgentSchema = z.discriminatedUnion('uses', [
  agentSchemas.scripted,
  agentSchemas.openai,
  agentSchemas.acp,
  agentSchemas.cli,
  agentSchemas.command,
  agentSchemas.function,
])
export type WrittenAgent = z.infer<typeof writtenAgentSchema>
