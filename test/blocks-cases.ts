import type { BlockCase } from './blocks-case.ts'
import { endedCases } from './blocks-cases-ended.ts'
import { failureCases } from './blocks-cases-failure.ts'
import { forgivenCases } from './blocks-cases-forgiven.ts'
import { graphCases } from './blocks-cases-graph.ts'
import { joinCases } from './blocks-cases-join.ts'
import { mapCases } from './blocks-cases-map.ts'
import { outsideCases } from './blocks-cases-outside.ts'
import { roundCases } from './blocks-cases-rounds.ts'

/** A workflow for every block and every option of one. */
export const blockCases: readonly BlockCase[] = [...roundCases, ...endedCases, ...failureCases, ...forgivenCases, ...graphCases, ...mapCases, ...joinCases, ...outsideCases]
