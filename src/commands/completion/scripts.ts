/** The shells that `kho completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/*
 * The scripts hand the words of the line to `kho __complete` and show what it says: one place knows commands, options, values and
 * what is in an image. What comes back is data: it is quoted by the shell, and never looked at as a command.
 */

const BASH = `# bash completion for kho
_kho() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word value given reply i
  # bash breaks words at = and : too; what no blank parts belongs together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 0)) && [[ $line != [[:space:]]* ]]; then
      words[-1]+=$word
    else
      line=\${line#"\${line%%[![:space:]]*}"}
      words+=("$word")
    fi
    line=\${line#"$word"}
  done
  mapfile -t reply < <("\${words[0]/#\\~/$HOME}" __complete "\${words[@]:1}" 2>/dev/null)
  # Only what follows the last = or : is replaced.
  word=\${words[-1]}
  given=\${word%"\${COMP_WORDS[COMP_CWORD]}"}
  [[ \${COMP_WORDS[COMP_CWORD]} == [:=] ]] && given=$word
  COMPREPLY=()
  for value in "\${reply[@]}"; do
    if [ "$value" = :files ]; then
      compopt -o default
      continue
    fi
    value=\${value%%$'\\t'*}
    case $value in */ | *=) compopt -o nospace ;; esac
    case $word in
      [\\'\\"]*) ;;
      *) printf -v value %q "$value" ;;
    esac
    COMPREPLY+=("\${value#"$given"}")
  done
}
complete -F _kho kho
`

const ZSH = `#compdef kho
# zsh completion for kho
_kho() {
  local -a reply ends goes
  local line value files
  reply=("\${(@f)$(\${(Q)words[1]/#\\~\\//$HOME/} __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $reply; do
    if [[ $line == :files ]]; then
      files=1
      continue
    fi
    value=\${\${line%%$'\\t'*}//:/\\\\:}
    case $value in
      */|*=) goes+=("$value:\${line#*$'\\t'}") ;;
      *) ends+=("$value:\${line#*$'\\t'}") ;;
    esac
  done
  local found=1
  (( $#ends )) && _describe -t values value ends && found=0
  (( $#goes )) && _describe -t values value goes -S '' && found=0
  [[ -n $files ]] && _files && found=0
  return found
}
if [ "$funcstack[1]" = "_kho" ]; then _kho "$@"; else compdef _kho kho; fi
`

const FISH = `# fish completion for kho
function __kho_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c kho -f -a '(__kho_complete)'
`

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }

/** The completion script of a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}
