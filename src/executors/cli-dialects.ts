import type { CliAgent } from '../spec/ir-agents.ts'
import { claude } from './cli-claude.ts'
import { codex } from './cli-codex.ts'
import { copilot } from './cli-copilot.ts'
import type { CliDialect } from './cli-dialect.ts'
import { gemini } from './cli-gemini.ts'

export const cliDialects: Readonly<Record<CliAgent['cli'], CliDialect>> = { claude, codex, gemini, copilot }
