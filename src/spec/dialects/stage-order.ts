import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { missingPromptFile } from '../prompt-files.ts'
import type { Finding } from '../report.ts'
import { createOrigins, type Origins } from './origins.ts'
import { orderedBlocks } from './stage-order-blocks.ts'
import { checkStageOrder, isEndMark, type StageOrder } from './stage-order-checks.ts'
import { checkGroups } from './stage-order-groups.ts'
import { checkStageOrderShape, groupsOf, type OrderedStage, stagesOf, textsOf } from './stage-order-schema.ts'
import type { Translation, TranslationOptions } from './translation.ts'
import { nameOfFile } from './workflow-name.ts'

/**
 * A `stages.yaml`: `stages` by their names, their `stage_order`, `parallel_groups` and `work_to_review_mapping`. Each
 * stage is a block; a review stage is a `review` of at most four rounds, an acceptance test one whose work is to fix;
 * optional stages may fail. The input is an objective, `input.objective`.
 */
export function readStageOrder(data: JsonObject, { file, readText = () => undefined }: TranslationOptions): Translation {
  const findings: Finding[] = []
  const report = (finding: Finding): number => findings.push(finding)
  const origins = createOrigins()
  const mapping = data['work_to_review_mapping']
  const spec: StageOrder = {
    data,
    stages: withTemplates(stagesOf(data), readText, report),
    order: textsOf(data['stage_order']),
    groups: groupsOf(data),
    reviews: new Map(Object.entries(isJsonObject(mapping) ? mapping : {}).map(([work, review]) => [work, String(review)])),
  }
  checkStageOrderShape(data, report)
  checkStageOrder(spec, report)
  checkGroups(spec, report)
  const { name = nameOfFile(file, 'stages'), title, description, version, input = objective, limits, env, parallel } = data
  const top = { forkchart: 1, name, title, description, version, input, limits, env, parallel }
  const stages = orderedBlocks(spec, origins)
  const translated = origins.made({ ...top, agents: agentsOf(spec, origins), stages }, [], { stages: ['stage_order'] })
  return { dialect: 'stage-order', data: translated, original: origins.original(translated), findings }
}

/** A template is a text, or the name of a file that holds it. */
function withTemplates(
  stages: ReadonlyMap<string, OrderedStage>,
  readText: (path: string) => string | undefined,
  report: (finding: Finding) => unknown,
): ReadonlyMap<string, OrderedStage> {
  const read = (stage: OrderedStage): OrderedStage => {
    const { template = '', at } = stage
    const path = template.trim().replace(/^file:\s*/, '')
    if (/\s/.test(path) || !/[/.]/.test(path)) return stage
    const text = readText(path)
    if (text !== undefined) return { ...stage, template: text.trim() }
    const isFile = /\.(md|txt|prompt|j2|jinja2?)$/i.test(path) || path !== template.trim()
    if (isFile) report(missingPromptFile(path, [...at, 'prompt_template']))
    return stage
  }
  return new Map([...stages].map(([key, stage]) => [key, read(stage)]))
}

const objective: JsonObject = {
  type: 'object',
  required: ['objective'],
  properties: {
    objective: { type: 'string', description: 'What is wanted, as Markdown: goals, success criteria, constraints, context.' },
    feature: { type: 'string', default: 'feature', description: 'The folder in which `artifacts/` is.' },
  },
}

/** Those of the file, without what is not for us; else one for each name that the stages give. */
function agentsOf({ data, stages, order }: StageOrder, origins: Origins): Json {
  const { agents } = data
  if (isJsonObject(agents)) {
    const declared = Object.entries(agents).map(([name, agent]): [string, Json] => {
      if (!isJsonObject(agent)) return [name, agent ?? null]
      const { persona: _, ...rest } = agent
      return [name, rest]
    })
    return Object.fromEntries(declared)
  }
  if (agents !== undefined) return agents
  const used = [...stages.values()].filter((stage) => order.includes(stage.key) && !isEndMark(stage, order))
  return Object.fromEntries(used.flatMap((stage) => namedAgents(stage, origins)))
}

function namedAgents({ workers, reviewAgent, at }: OrderedStage, origins: Origins): [string, JsonObject][] {
  const made = (name: string, key: string): [string, JsonObject] => [name, origins.made({ uses: 'openai' }, [...at, key])]
  return [
    ...workers.map((name) => made(name, 'work_agent')),
    ...(reviewAgent === undefined ? [] : [made(reviewAgent, 'review_agent')]),
  ]
}
