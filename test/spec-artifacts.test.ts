import { describe, expect, it } from 'vitest'
import { problemsOf } from './dialect-reading.ts'

function found(stage: string): string[] {
  return problemsOf(`forkchart: 1\nname: x\nstages:\n${stage}\n`)
}

describe('files that steps leave at the same time', () => {
  it.each([
    ['in two branches', '  - parallel:\n    - { run: a, artifacts: [out/r.md] }\n    - sequence: [{ run: b, artifacts: [x, ./out//r.md] }]', ['6:43 ARTIFACT_CONFLICT']],
    ['in three branches, each told', '  - parallel: [{ run: a, artifacts: [r] }, { run: b, artifacts: [r] }, { run: c, artifacts: [r] }]', ['4:66 ARTIFACT_CONFLICT', '4:94 ARTIFACT_CONFLICT']],
    ['with the same expression', '  - parallel:\n    - { run: a, artifacts: ["${{ run.id }}.md"] }\n    - { run: b, artifacts: ["${{ run.id }}.md"] }', ['6:29 ARTIFACT_CONFLICT']],
    ['by way of the folder', '  - parallel:\n    - { run: a, cwd: out, artifacts: [r.md] }\n    - { run: b, artifacts: [out/r.md] }', ['6:29 ARTIFACT_CONFLICT']],
    ['in nodes that do not wait for each other', '  - graph:\n    - { id: a, run: a, artifacts: [r] }\n    - { id: b, run: b }\n    - { id: c, needs: [b], run: c, artifacts: [r] }', ['7:48 ARTIFACT_CONFLICT']],
    ['in all items of a map', '  - map: { over: [1, 2], do: { run: a, artifacts: [r.md] } }', ['4:52 ARTIFACT_CONFLICT']],
    ['of what verifies a branch', '  - parallel:\n    - { run: a, artifacts: [r] }\n    - { run: b, verify: { run: c, artifacts: [r] } }', ['6:47 ARTIFACT_CONFLICT']],
  ])('are refused %s', (_, stage, problems) => expect(found(stage)).toEqual(problems))

  it.each([
    ['one after another', '  - sequence: [{ run: a, artifacts: [r] }, { run: b, artifacts: [r] }]'],
    ['within a branch', '  - parallel: [{ run: x }, { sequence: [{ run: a, artifacts: [r] }, { run: b, artifacts: [r] }] }]'],
    ['in nodes that wait by a detour', '  - graph:\n    - { id: a, run: a, artifacts: [r] }\n    - { id: b, needs: [a], run: b }\n    - { id: c, needs: [b], run: c, artifacts: [r] }'],
    ['in folders of their own', '  - parallel: [{ run: a, cwd: api, artifacts: [r] }, { run: b, cwd: web, artifacts: [r] }]'],
    ['under the names of the items', '  - map: { over: [1, 2], do: { run: a, artifacts: ["${{ index }}.md"] } }'],
  ])('may have one name %s', (_, stage) => expect(found(stage)).toEqual([]))
})
