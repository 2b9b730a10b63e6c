import type { CliAgent } from '../../spec/ir-agents.ts'
import { claude } from './claude.ts'
import { codex } from './codex.ts'
import { copilot } from './copilot.ts'
import type { CliDialect } from './dialect.ts'
import { gemini } from './gemini.ts'

export const cliDialects: Readonly<Record<CliAgent['cli'], CliDialect>> = { claude, codex, gemini, copilot }
