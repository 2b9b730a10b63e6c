import type { Finding } from '../report.ts'
import { type StageOrder, unknownStage } from './stage-order-checks.ts'
import type { OrderedGroup } from './stage-order-schema.ts'

type Report = (finding: Finding) => unknown

/** Reports groups that cannot run as they are written, by name. */
export function checkGroups(spec: StageOrder, report: Report): void {
  const owners = new Map<string, OrderedGroup>()
  for (const group of spec.groups) {
    checkSize(group, report)
    group.stages.forEach((key, index) => {
      const at = [...group.at, 'stages', index]
      const stage = spec.stages.get(key)
      if (stage === undefined) {
        report(unknownStage(key, at, spec.stages))
        return
      }
      if (!spec.order.includes(key)) {
        const message = `\`${key}\` is not in \`stage_order\`: add it there, beside the other stages of the group.`
        report({ code: 'GROUP_ORDER', message, at })
      }
      if (stage.isReview) {
        const message = `\`${key}\` is a review: it waits for what it reviews, so it cannot run in a group. Take it out.`
        report({ code: 'REVIEW_IN_GROUP', message, at })
      }
      const owner = owners.get(key)
      if (owner === group) {
        report({ code: 'REPEATED_STAGE', message: `\`${key}\` is in this group already: a stage runs once. Remove it here.`, at })
      } else if (owner !== undefined) {
        const message = `\`${key}\` is in the group \`${owner.name}\` already: a stage runs once. Take it out of one of them.`
        report({ code: 'STAGE_IN_TWO_GROUPS', message, at })
      }
      owners.set(key, group)
    })
    checkShared(group, spec, report)
    checkPlace(group, spec, report)
  }
}

function checkSize({ name, at, stages }: OrderedGroup, report: Report): void {
  if (stages.length === 0) {
    const message = `The group \`${name}\` has no stages: name two or more, such as \`stages: [RESEARCH, TEST_STRATEGY]\`.`
    report({ code: 'EMPTY_GROUP', message, at: [...at, 'stages'] })
  }
  if (stages.length !== 1) return
  const message = `The group \`${name}\` has one stage only: nothing runs at the same time. Remove the group, or add a stage.`
  report({ code: 'SINGLE_STAGE_GROUP', message, at: [...at, 'stages'] })
}

/** Stages of a group share neither agents nor files. */
function checkShared({ at, stages }: OrderedGroup, spec: StageOrder, report: Report): void {
  const agents = new Map<string, string>()
  const files = new Map<string, string>()
  stages.forEach((key, index) => {
    const stage = spec.stages.get(key)
    if (stage === undefined || stages.indexOf(key) < index) return
    for (const agent of stage.workers) {
      const other = agents.get(agent)
      if (other === undefined) agents.set(agent, key)
      else {
        const hint = `an agent does one stage of a group. Name another as \`work_agent\` of \`${key}\``
        const message = `\`${agent}\` works on \`${other}\` at the same time: ${hint}.`
        report({ code: 'AGENT_TWICE_IN_GROUP', message, at: [...at, 'stages', index] })
      }
    }
    for (const file of stage.artifacts) {
      const other = files.get(file)
      if (other === undefined) files.set(file, key)
      else {
        const message = `\`${other}\` writes \`${file}\` at the same time: each stage of a group writes files of its own.`
        report({ code: 'ARTIFACT_CONFLICT', message, at: [...stage.at, 'artifacts'] })
      }
    }
  })
}

/** `stage_order` decides: the stages of a group stand in it side by side, `after` before them and `before` after them. */
function checkPlace({ name, at, stages, after, before }: OrderedGroup, spec: StageOrder, report: Report): void {
  const places = [...new Set(stages)].map((key) => spec.order.indexOf(key)).filter((place) => place >= 0)
  if (places.length === 0) return
  const first = Math.min(...places)
  const last = Math.max(...places)
  if (last - first + 1 > places.length) {
    const between = spec.order.slice(first, last + 1).filter((key) => !stages.includes(key))
    const found = `and ${between.join(', ')} is between them: move it, or add it to the group`
    const message = `The stages of \`${name}\` must stand side by side in \`stage_order\`, ${found}.`
    report({ code: 'GROUP_ORDER', message, at: [...at, 'stages'] })
  }
  const sides = [
    { side: after, actual: spec.order[first - 1], word: 'before' },
    { side: before, actual: spec.order[last + 1], word: 'after' },
  ]
  for (const { side, actual, word } of sides) {
    if (side === undefined || side.stage === actual) continue
    const place = [...at, side.key]
    if (!spec.stages.has(side.stage)) {
      report(unknownStage(side.stage, place, spec.stages))
      continue
    }
    const found =
      actual === undefined
        ? `no stage is ${word} the group: remove it`
        : `\`${actual}\` is ${word} the group: write \`${side.key}: ${actual}\``
    const message = `\`${side.key}: ${side.stage}\` is against \`stage_order\`, where ${found}, or change the order.`
    report({ code: 'GROUP_ORDER', message, at: place })
  }
}
