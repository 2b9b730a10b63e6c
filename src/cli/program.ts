import { Command, InvalidArgumentError, Option } from 'commander'
import { type ExitCode, exitCode } from './exit-code.ts'
import { defaultStore } from './hints.ts'
import type { Terminal } from './terminal.ts'
import { uiModes } from './ui.ts'

/**
 * Every command with its flags. Each is loaded only when it is called: asking for help must not load a compiler.
 * `ended` is told what the process should end with.
 */
export function createProgram(terminal: Terminal, version: string, ended: (code: ExitCode) => void): Command {
  const program = new Command('forkchart')
    .description('Compiles workflow specs into statecharts and runs them durably.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .showHelpAfterError(`(${terminal.program} --help lists the commands and their flags)`)
    .addHelpText('after', `
Exit codes: ${exitCode.done} done, ${exitCode.failed} the run failed, ${exitCode.usage} bad usage or spec,
${exitCode.notFound} not found or locked, ${exitCode.interrupted} interrupted (state saved).

Examples:
  $ ${terminal.program} run specs/translation-vote.yaml --agents scripted --input text="Good morning"
  $ ${terminal.program} resume --last
  $ ${terminal.program} graph specs/repo-review.yaml`)

  const named = (name: string, description: string): Command =>
    program.command(name).description(description)

  program.commandsGroup('Run:')
  named('run', 'run a workflow')
    .argument('<spec>', 'the workflow: a YAML, JSON or TypeScript file')
    .option('-i, --input <value...>', 'a JSON or YAML file, JSON, or key=value; may be given several times')
    .option('--run-id <id>', 'name the run (default: made from the time)')
    .addOption(storeOption())
    .addOption(uiOption())
    .addOption(new Option('--agents <kind>', 'who answers: `scripted` rehearses the workflow offline').choices(['scripted']))
    .option('--concurrency <n>', 'steps at once (default: the limit in the spec)', positiveWhole)
    .addOption(jsonOption('print the result as one JSON object'))
    .action(async (spec, options) => {
      const { runCommand } = await import('./commands/run.ts')
      ended(await runCommand(spec, options, terminal))
    })
  named('resume', 'go on with a run where it stopped')
    .argument('[run]', 'id of the run')
    .option('--last', 'the newest run that has not ended')
    .option('--force-unlock', 'take the run from the process that holds it')
    .addOption(storeOption())
    .addOption(uiOption())
    .addOption(jsonOption('print the result as one JSON object'))
    .action(async (run, options) => {
      const { resumeCommand } = await import('./commands/resume.ts')
      ended(await resumeCommand(run, options, terminal))
    })

  program.commandsGroup('Look:')
  named('ls', 'list the runs, newest first')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { lsCommand } = await import('./commands/ls.ts')
      ended(await lsCommand(options, terminal))
    })
  named('show', 'how a run and its steps stand')
    .argument('<run>', 'id of the run')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (run, options) => {
      const { showCommand } = await import('./commands/show.ts')
      ended(await showCommand(run, options, terminal))
    })
  named('events', 'what happened in a run')
    .argument('<run>', 'id of the run')
    .option('--after <n>', 'only events with a higher number', wholeNumber, 0)
    .option('-f, --follow', 'go on until the run has ended')
    .addOption(storeOption())
    .addOption(jsonOption('one JSON object per line'))
    .action(async (run, options) => {
      const { eventsCommand } = await import('./commands/events.ts')
      ended(await eventsCommand(run, options, terminal))
    })
  named('logs', 'what the steps of a run wrote')
    .argument('<run>', 'id of the run')
    .argument('[step]', 'path of a step or a group (default: all)')
    .option('-f, --follow', 'go on until the run has ended')
    .addOption(storeOption())
    .addOption(jsonOption('one JSON object per line'))
    .action(async (run, step, options) => {
      const { logsCommand } = await import('./commands/logs.ts')
      ended(await logsCommand(run, step, options, terminal))
    })

  program.commandsGroup('Build:')
  named('check', 'find what is wrong in a workflow')
    .argument('<spec>', 'the workflow')
    .addOption(jsonOption())
    .action(async (spec, options) => {
      const { checkCommand } = await import('./commands/check.ts')
      ended(await checkCommand(spec, options, terminal))
    })
  named('graph', 'draw a workflow, or a run with the state of each step')
    .argument('<spec or run>', 'the workflow, or the id of a run')
    .addOption(new Option('--format <format>', 'how to draw it').choices(['ascii', 'mermaid', 'json']).default('ascii'))
    .addOption(storeOption())
    .addOption(jsonOption('the same as --format json').implies({ format: 'json' }))
    .action(async (what, options) => {
      const { graphCommand } = await import('./commands/graph.ts')
      ended(await graphCommand(what, options, terminal))
    })
  named('compile', 'write a workflow as a typed XState machine in TypeScript')
    .argument('<spec>', 'the workflow')
    .option('-o, --output <file>', 'the file to write (default: stdout)')
    .addOption(jsonOption())
    .action(async (spec, options) => {
      const { compileCommand } = await import('./commands/compile.ts')
      ended(await compileCommand(spec, options, terminal))
    })

  program.commandsGroup('Other:')
  named('doctor', 'what is installed, which agents can be reached, what is missing')
    .addOption(storeOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { doctorCommand } = await import('./commands/doctor.ts')
      ended(await doctorCommand(options, terminal))
    })
  return program
}

function storeOption(): Option {
  return new Option('--store <dir>', 'folder that holds the runs').default(defaultStore)
}

function uiOption(): Option {
  return new Option('--ui <mode>', 'what to show while it runs').choices(uiModes).default('auto')
}

function jsonOption(description = 'print JSON'): Option {
  return new Option('--json', description)
}

function positiveWhole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 1.')
  return Number(text)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 0.')
  return Number(text)
}
