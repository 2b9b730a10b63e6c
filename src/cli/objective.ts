import type { JsonObject } from '../json.ts'

/** The lists and texts of an objective, by their titles in it; also in the singular. */
const sections = { goals: 'goals?', success_criteria: 'success criteri(?:a|on)', constraints: 'constraints?', context: 'context' } as const
type Section = keyof typeof sections
const item = /^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]?\]\s*)?(\S.*)$/

/**
 * What an objective in Markdown says: `# Objective: …` is its `title`, and `feature` a name for a folder made of it;
 * `goals`, `success_criteria` (`- [ ] …`) and `constraints` are lists, `context` is a text. `objective` is the whole.
 */
export function readObjective(markdown: string): JsonObject {
  const lines = new Map<Section, string[]>()
  let title: string | undefined
  let open: Section | undefined
  for (const line of markdown.split(/\r?\n/)) {
    const [, heading] = /^#\s+(?:objective\s*:\s*)?(\S.*?)\s*$/i.exec(line) ?? []
    const started = sectionOf(line)
    if (started !== undefined) {
      open = started.section
      lines.set(open, [started.rest])
    } else if (heading !== undefined && title === undefined) title = heading
    else if (/^(#{1,6}\s|\*\*[^*]+\*\*\s*:?\s*$)/.test(line)) open = undefined
    else if (open !== undefined) lines.get(open)?.push(line)
  }
  const listOf = (section: Section): string[] => (lines.get(section) ?? []).flatMap((line) => item.exec(line)?.[1]?.trim() ?? [])
  const context = lines.get('context')?.join('\n').trim()
  const feature = title?.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 60)
  return {
    objective: markdown.trim(),
    ...(title !== undefined && { title }),
    ...(feature !== undefined && feature !== '' && { feature }),
    goals: listOf('goals'),
    success_criteria: listOf('success_criteria'),
    constraints: listOf('constraints'),
    ...(context !== undefined && { context }),
  }
}

/** A heading (`## Goals`) or a bold line (`**Goals**: …`) with one of the titles, and what follows in its line. */
function sectionOf(line: string): { section: Section; rest: string } | undefined {
  for (const [section, name] of Object.entries(sections)) {
    const found = new RegExp(`^(?:#{2,6}\\s+${name}\\s*:?|\\*\\*${name}\\s*:?\\*\\*\\s*:?)\\s*(.*)$`, 'i').exec(line)
    if (found !== null) return { section: section as Section, rest: found[1] ?? '' }
  }
  return undefined
}
