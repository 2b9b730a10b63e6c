import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../../json.ts'
import { laterBlockKinds, laterKeys } from '../known-keys.ts'
import { didYouMean } from '../nearest.ts'
import { kindsOf, outlineBlocks } from '../outline.ts'
import type { SourcePath } from '../source.ts'
import { blockKinds, shallowBlockSchemas, stepKinds, workflowShape } from '../written.ts'
import { agentSchemas } from '../written-agent.ts'
import type { CheckContext } from '../report.ts'
import { reportIssues } from '../zod-issues.ts'

const anyBlock = z.looseObject({}, 'expected a block: an object')
const topSchema = z.strictObject({ ...workflowShape(anyBlock), agents: z.record(z.string(), z.unknown()).optional() })

/** Is every part of the form it must have? Each block and each agent by itself, so that one mistake hides no other. */
export function checkShape(context: CheckContext): void {
  checkTop(context)
  checkAgents(context)
  for (const block of outlineBlocks(context.stages)) checkBlock(context, block.value, block.at)
}

function checkTop(context: CheckContext): void {
  const { data, report } = context
  reportIssues(context, topSchema, data, [], {
    laterIn: (at) => (at[0] === 'limits' ? laterKeys.limits : laterKeys.workflow),
  })
  if (data['stages'] === undefined) {
    report({ code: 'MISSING_KEY', message: '`stages` is missing: the list of what the workflow does.', at: [] })
  }
}

function checkAgents(context: CheckContext): void {
  const agents = context.data['agents']
  if (!isJsonObject(agents)) return
  for (const [name, agent] of Object.entries(agents)) {
    const at = ['agents', name]
    if (!isJsonObject(agent)) {
      context.report({ code: 'WRONG_TYPE', message: `Agent \`${name}\`: expected an object with \`uses\`.`, at })
      continue
    }
    const { uses } = agent
    if (isAgentKind(uses)) reportIssues(context, agentSchemas[uses], agent, at, { laterIn: () => noLaterKeys })
    else reportAgentKind(context, uses, at)
  }
}

const noLaterKeys: ReadonlySet<string> = new Set()

function isAgentKind(uses: unknown): uses is keyof typeof agentSchemas {
  return typeof uses === 'string' && Object.hasOwn(agentSchemas, uses)
}

function reportAgentKind({ report }: CheckContext, uses: unknown, at: SourcePath): void {
  const known = Object.keys(agentSchemas)
  if (uses === undefined) {
    report({ code: 'MISSING_KEY', message: `\`uses\` is missing: ${known.join(' or ')}.`, at })
  } else {
    const hint = didYouMean(String(uses), known)
    const message = `\`uses\`: expected ${known.join(' or ')}, got ${JSON.stringify(uses)}.${hint}`
    report({ code: 'WRONG_VALUE', message, at: [...at, 'uses'] })
  }
}

function checkBlock(context: CheckContext, value: JsonObject, at: SourcePath): void {
  const kinds = kindsOf(value)
  const [kind, second] = kinds
  if (kind === undefined) {
    reportNoKind(context, value, at)
    return
  }
  if (second !== undefined) {
    const message = `A block does one thing, and here are ${kinds.map((key) => `\`${key}\``).join(' and ')}.`
    context.report({ code: 'BLOCK_KIND', message, at: [...at, second], part: 'key' })
    return
  }
  const isGroup = !stepKinds.some((step) => step === kind)
  if (isGroup && value['retry'] !== undefined) {
    const message = `\`retry\` is for steps, and this is a ${kind}: write it on the steps in it.`
    context.report({ code: 'RETRY_ON_GROUP', message, at: [...at, 'retry'], part: 'key' })
  }
  reportIssues(context, shallowBlockSchemas[kind], value, at, {
    laterIn: () => laterKeys.block,
    kind,
    reported: isGroup ? ['retry'] : [],
  })
}

function reportNoKind({ report }: CheckContext, value: JsonObject, at: SourcePath): void {
  const later = laterBlockKinds.find((key) => value[key] !== undefined)
  if (later !== undefined) {
    report({
      code: 'NOT_YET_AVAILABLE',
      message: `\`${later}\` is not available in this version yet.`,
      at: [...at, later],
      part: 'key',
    })
    return
  }
  const guess = Object.keys(value).map((key) => [key, didYouMean(key, blockKinds)] as const).find(([, hint]) => hint !== '')
  const hint = guess === undefined ? '' : ` \`${guess[0]}\` is not one.${guess[1]}`
  const kinds = blockKinds.map((key) => `\`${key}\``).join(', ')
  report({ code: 'BLOCK_KIND', message: `A block needs one of ${kinds}.${hint}`, at })
}
