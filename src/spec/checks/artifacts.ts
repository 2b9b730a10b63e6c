import { posix } from 'node:path'
import { isInner, type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { itemName } from './names-in-scope.ts'
import { needsBefore } from './needs.ts'

/** A file that a step says it leaves. */
interface Artifact {
  /** The same for the same file: its path, from the folder of the step. */
  readonly file: string
  readonly text: string
  readonly at: SourcePath
  readonly step: OutlineBlock
}

/** Does each step that runs beside others leave files of its own? */
export function checkArtifacts(context: CheckContext): void {
  for (const block of outlineBlocks(context.stages)) {
    if (block.kind === 'parallel' || block.kind === 'graph') checkBranches(context, block)
    if (block.kind === 'map') checkItems(context, block)
  }
}

function checkBranches({ report }: CheckContext, group: OutlineBlock): void {
  const writers = new Map<string, { branch: OutlineBlock; step: OutlineBlock }[]>()
  for (const branch of group.children.filter(isInner)) {
    for (const { file, text, at, step } of artifactsIn(branch)) {
      const earlier = writers.get(file) ?? []
      writers.set(file, [...earlier, { branch, step }])
      const other = earlier.find((one) => one.branch !== branch && !needsBefore(branch, one.branch) && !needsBefore(one.branch, branch))
      if (other === undefined) continue
      const message =
        `\`${other.step.path}\` writes \`${text}\` at the same time: what runs at once writes files of its own. ` +
        `Write another name, such as \`${ownName(text, branch.id)}\`.`
      report({ code: 'ARTIFACT_CONFLICT', message, at })
    }
  }
}

/** All items of a map leave the same file unless its name tells them apart. */
function checkItems({ report }: CheckContext, map: OutlineBlock): void {
  for (const { text, at } of map.children.filter(isInner).flatMap(artifactsIn)) {
    if (text.includes('${{')) continue
    const message =
      `Every item writes \`${text}\` at the same time. Write a name of its own for each, such as \`${ownName(text, '${{ index }}')}\` ` +
      `or one with \`\${{ ${itemName(map)} }}\` in it.`
    report({ code: 'ARTIFACT_CONFLICT', message, at })
  }
}

function artifactsIn(branch: OutlineBlock): Artifact[] {
  return [...outlineBlocks([branch])].flatMap((step) => {
    const { artifacts, cwd } = step.value
    const folder = typeof cwd === 'string' ? cwd : ''
    const list: readonly unknown[] = Array.isArray(artifacts) ? artifacts : []
    return list.flatMap((text, index): Artifact[] =>
      typeof text === 'string' ? [{ file: posix.join(folder, text), text, at: [...step.at, 'artifacts', index], step }] : [],
    )
  })
}

function ownName(text: string, mark: string): string {
  const { dir, name, ext } = posix.parse(text)
  return posix.join(dir, `${name}-${mark}${ext}`)
}
