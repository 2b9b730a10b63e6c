import type { OrderedStage } from './stage-order-schema.ts'

/** What the agents of a `stages.yaml` are told. */

/** What a stage is told of one before it. */
export interface EarlierResult {
  readonly name: string
  /** A CEL expression of the text. */
  readonly output: string
}

export function workPrompt(stage: OrderedStage, earlier: readonly EarlierResult[], isReviewed: boolean): string {
  return joined([
    ...introduction(stage),
    earlier.length === 0 ? '' : '## What there is so far',
    ...earlier.map(({ name, output }) => `### ${name}\n\n\${{ ${output} }}`),
    isReviewed ? saidInReview : '',
    ...duties(stage),
  ])
}

/** `subject` names the work that the stage reviews. */
export function reworkPrompt(stage: OrderedStage, subject: string): string {
  return joined([
    ...introduction(stage),
    `## The work: ${subject}\n\n\${{ prev }}`,
    saidInReview,
    'Bring the work to where it can be approved. Answer with the whole of it as it then stands, and with the ' +
      'evidence: what was checked, and what came out.',
  ])
}

export function reviewPrompt(stage: OrderedStage, subject: string): string {
  return joined([
    ...introduction(stage),
    `## The work: ${subject}\n\n\${{ prev }}`,
    ...duties(stage),
    'Look at the evidence yourself. Approve with a line `VERIFIED_APPROVED:` that says what you verified. Any other ' +
      'answer rejects the work: say then, point by point, what has to change.',
  ])
}

export function fixPrompt(stage: OrderedStage): string {
  return joined([
    ...introduction(stage),
    `## What is to be met\n\n\${{ prev }}`,
    '## Results so far\n\n${{ feedback }}',
    'Fix what keeps the scenarios from passing. Change the product, not the scenarios. Answer with what you changed.',
  ])
}

/** `scenarios` are expressions of the texts that hold them. */
export function acceptancePrompt(stage: OrderedStage, scenarios: readonly string[]): string {
  return joined([
    ...introduction(stage),
    `## Scenarios\n\n${scenarios.map((text) => `\${{ ${text} }}`).join('\n\n')}`,
    ...duties(stage),
    'Run every scenario. Answer with one line for each: `AT-001: PASSED`, `AT-001: FAILED - reason` or ' +
      '`AT-001: SKIPPED - reason`.',
  ])
}

const saidInReview = '${{ feedback == "" ? "" : "## Said in review\\n\\n" + feedback }}'

function introduction({ name, template, description, withObjective }: OrderedStage): string[] {
  return [
    `# ${name}`,
    description,
    template ?? '',
    withObjective ? '## Objective\n\n${{ input.objective }}' : '',
  ]
}

function duties({ criteria, artifacts }: OrderedStage): string[] {
  return [
    criteria.length === 0 ? '' : `## Done when\n\n${criteria.map((line) => `- ${line}`).join('\n')}`,
    artifacts.length === 0
      ? ''
      : `## Files to write\n\n${artifactsOf(artifacts).map((file) => `- ${file}`).join('\n')}`,
  ]
}

/** The paths of the files of a stage, as templates. */
export function artifactsOf(files: readonly string[]): string[] {
  return files.map((file) => `\${{ input.?feature.orValue("feature") }}/artifacts/${file}`)
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n')
}
