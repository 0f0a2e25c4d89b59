/**
 * Characters that a terminal or a reader's eye takes for something else: controls (ESC among them), DEL, C1
 * controls, line and paragraph separators, zero-width and bidirectional controls, lone surrogates, U+FEFF.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** Printable ASCII: nearly all that is ever written. */
const PRINTABLE = /^[ -~]*$/

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text from a dump or a command line, fit for a terminal: unsafe characters become `\n`, `\x1b`, `\u202e`. */
export function escapeText(text: string): string {
  if (PRINTABLE.test(text)) return text
  return text.replace(UNSAFE, character => {
    const code = character.charCodeAt(0)
    const short = SHORT[character]
    if (short !== undefined) return short
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : jsonEscape(code)
  })
}

/** A string in double quotes, with quotes and backslashes escaped too. */
export function quoteText(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, '\\$&'))}"`
}

/** Printable ASCII that JSON has as it is: nearly all that is ever written. */
const PLAIN = /^[ !#-[\]-~]*$/

/** A JSON string that is safe to show on a terminal as well; any JSON parser gives back the same text. */
export function jsonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  const plain = JSON.stringify(text)
  // JSON.stringify escapes below 0x20 and lone surrogates only.
  return plain.replace(UNSAFE, character => jsonEscape(character.charCodeAt(0)))
}

function jsonEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}
