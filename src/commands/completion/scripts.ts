/** The shells that `kho completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** What a completion script needs to know of an option. */
export interface CompletedOption {
  long: string
  short: string | null
  about: string
  /** True when a value follows. */
  value: boolean
  choices: readonly string[] | null
}

/** What a completion script needs to know of a command. */
export interface CompletedCommand {
  name: string
  summary: string
  options: CompletedOption[]
  arguments: { name: string; choices: readonly string[] | null }[]
}

/** A completion script. Where nothing better is known, file names complete: most arguments are images. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  if (shell === 'bash') return bash(commands)
  return shell === 'zsh' ? zsh(commands) : fish(commands)
}

function bash(commands: readonly CompletedCommand[]): string {
  const names = [...commands.map(c => c.name), 'help'].join(' ')
  return `# bash completion for kho
_kho() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} cmd=\${COMP_WORDS[1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$cur"))
    return
  fi
  if [ "$cmd" = help ]; then
    COMPREPLY=($(compgen -W '${commands.map(c => c.name).join(' ')}' -- "$cur"))
    return
  fi
  case "$cmd $prev" in
${commands.flatMap(bashValues).join('\n')}
  esac
  case "$cmd" in
${commands.map(bashWords).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [ "\${cur:0:1}" = - ] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _kho kho
`
}

function bashValues(command: CompletedCommand): string[] {
  const lines: string[] = []
  for (const option of command.options.filter(o => o.value)) {
    const patterns = optionNames(option).map(name => `'${command.name} ${name}'`)
    const reply = option.choices === null ? '-f' : `-W '${option.choices.join(' ')}'`
    lines.push(`    ${patterns.join(' | ')}) COMPREPLY=($(compgen ${reply} -- "$cur")); return ;;`)
  }
  return lines
}

function bashWords(command: CompletedCommand): string {
  const words = command.options.flatMap(optionNames)
  const choices = command.arguments.flatMap(argument => argument.choices ?? [])
  return `    ${command.name}) if [ "\${cur:0:1}" = - ]; then words='${words.join(' ')}'; else words='${choices.join(' ')}'; fi ;;`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands.map(c => `    '${zshQuote(c.name)}:${zshQuote(c.summary)}'`)
  const cases = commands.map(c => {
    const specs = [...c.options.flatMap(zshOption), ...c.arguments.map(zshArgument)]
    return `    ${c.name})\n      _arguments -s \\\n${specs.map(s => `        ${s}`).join(' \\\n')}\n      ;;`
  })
  return `#compdef kho
# zsh completion for kho
_kho() {
  local -a commands
  commands=(
${list.join('\n')}
    'help:print the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
    help)
      _describe command commands
      ;;
  esac
}
if [ "$funcstack[1]" = "_kho" ]; then _kho "$@"; else compdef _kho kho; fi
`
}

function zshOption(option: CompletedOption): string[] {
  const action = option.choices === null ? '_files' : `(${option.choices.join(' ')})`
  const value = option.value ? `:value:${action}` : ''
  return optionNames(option).map(name => `'*${name}[${zshQuote(option.about)}]${value}'`)
}

function zshArgument(argument: { name: string; choices: readonly string[] | null }): string {
  return `'*:${argument.name}:${argument.choices === null ? '_files' : `(${argument.choices.join(' ')})`}'`
}

function zshQuote(text: string): string {
  return text.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&')
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = ['# fish completion for kho']
  for (const command of commands) {
    lines.push(
      `complete -c kho -n __fish_use_subcommand -f -a ${command.name} -d ${fishQuote(command.summary)}`,
    )
  }
  lines.push("complete -c kho -n __fish_use_subcommand -f -a help -d 'print the help of a command'")
  lines.push(
    `complete -c kho -n '__fish_seen_subcommand_from help' -f -a ${fishQuote(commands.map(c => c.name).join(' '))}`,
  )
  for (const command of commands) {
    const when = `complete -c kho -n '__fish_seen_subcommand_from ${command.name}'`
    for (const option of command.options) {
      const names = `${option.short === null ? '' : ` -s ${option.short.slice(1)}`} -l ${option.long.slice(2)}`
      const value = option.value
        ? ` -r${option.choices === null ? '' : ` -f -a ${fishQuote(option.choices.join(' '))}`}`
        : ''
      lines.push(`${when}${names}${value} -d ${fishQuote(option.about)}`)
    }
    for (const argument of command.arguments) {
      if (argument.choices !== null) lines.push(`${when} -f -a ${fishQuote(argument.choices.join(' '))}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function fishQuote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}

function optionNames(option: CompletedOption): string[] {
  return option.short === null ? [option.long] : [option.long, option.short]
}
