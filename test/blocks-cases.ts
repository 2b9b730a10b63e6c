import type { BlockCase } from './blocks-case.ts'
import { failureCases } from './blocks-cases-failure.ts'
import { graphCases } from './blocks-cases-graph.ts'
import { joinCases } from './blocks-cases-join.ts'
import { mapCases } from './blocks-cases-map.ts'
import { roundCases } from './blocks-cases-rounds.ts'

/** A workflow for every block and every option of one. */
export const blockCases: readonly BlockCase[] = [...roundCases, ...failureCases, ...graphCases, ...mapCases, ...joinCases]
