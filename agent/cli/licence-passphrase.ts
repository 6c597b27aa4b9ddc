/**
 * Passphrases of private keys: from a file, a descriptor, or a prompt on the terminal that shows nothing. Never from the
 * command line, where every user could read them, nor from the environment, which every child inherits.
 */
import { readSync } from 'node:fs'
import type { ReadStream } from 'node:tty'
import { systemReason } from '../errors.ts'
import { readBoundedFile } from '../token/index.ts'
import { badUsage, wholeNumber } from './end.ts'

/** A passphrase is short; what is longer is the wrong file. */
const PASSPHRASE_BYTES_MAX = 65_536

const DESCRIPTOR_MAX = 1023

export interface PassphraseOptions {
  readonly passphraseFile?: string
  readonly passphraseFd?: string
}

export interface NewPassphraseOptions extends PassphraseOptions {
  /** Commander's form of `--no-passphrase`: false where it was given. */
  readonly passphrase?: boolean
}

/** The passphrase of keys that are there: given, or asked for once one of them turns out to be encrypted. */
export async function passphraseFrom(
  options: PassphraseOptions,
): Promise<string | ((keyPath: string) => Promise<string>)> {
  const given = await givenPassphrase(options)
  if (given !== undefined) return given
  let asked: Promise<string> | undefined
  return (keyPath) => {
    asked ??= ask(`Passphrase of ${keyPath}: `)
    return asked
  }
}

/** The passphrase of keys to be made: given, or asked for twice; undefined only where `--no-passphrase` says so. */
export async function newPassphrase(options: NewPassphraseOptions): Promise<string | undefined> {
  const given = await givenPassphrase(options)
  if (options.passphrase === false) {
    if (given === undefined) return undefined
    throw badUsage('option `--no-passphrase` contradicts the passphrase that was given')
  }
  if (given !== undefined) return given
  const first = await ask('New passphrase for the private keys: ')
  if ((await ask('The same again: ')) === first) return first
  throw badUsage('the two passphrases are not the same')
}

async function givenPassphrase({
  passphraseFile: file,
  passphraseFd: descriptor,
}: PassphraseOptions): Promise<string | undefined> {
  if (file !== undefined && descriptor !== undefined)
    throw badUsage('options `--passphrase-file` and `--passphrase-fd` are one too many')
  if (file !== undefined) {
    const text = (await readBoundedFile(file, PASSPHRASE_BYTES_MAX, 'file')).toString('utf8')
    return firstLine(text, `passphrase file \`${file}\``)
  }
  if (descriptor === undefined) return undefined
  const number = wholeNumber('--passphrase-fd', descriptor, 0, DESCRIPTOR_MAX)
  return firstLine(readDescriptor(number), `descriptor ${number}`)
}

function firstLine(text: string, what: string): string {
  const [line = ''] = text.split(/\r?\n/)
  if (line === '') throw badUsage(`${what} has an empty first line`)
  return line
}

/** Reads up to the first line end, or the end. */
function readDescriptor(number: number): string {
  const buffer = Buffer.alloc(PASSPHRASE_BYTES_MAX)
  let length = 0
  try {
    while (length < buffer.length && !buffer.subarray(0, length).includes(0x0a)) {
      const read = readSync(number, buffer, length, buffer.length - length, null)
      if (read === 0) break
      length += read
    }
  } catch (error) {
    const reason = systemReason(error, { EBADF: 'it is not open', EAGAIN: 'nothing is there to read' })
    throw badUsage(`descriptor ${number} cannot be read: ${reason}`)
  }
  return buffer.toString('utf8', 0, length)
}

/** Asks on the terminal, without showing what is typed. */
async function ask(question: string): Promise<string> {
  const input = process.stdin
  if (!input.isTTY || !process.stderr.isTTY) {
    throw badUsage(
      'a passphrase is needed: give `--passphrase-file` or `--passphrase-fd`, or run this on a terminal',
    )
  }
  process.stderr.write(question)
  try {
    return await readHidden(input)
  } finally {
    process.stderr.write('\n')
  }
}

/** What was typed after the end of the line that was asked for: the beginning of the next. */
let typedAhead = ''

function readHidden(input: ReadStream): Promise<string> {
  input.setRawMode(true)
  input.setEncoding('utf8')
  return new Promise<string>((resolve, reject) => {
    let typed = ''
    const end = (settle: () => void): void => {
      input.off('data', take)
      input.setRawMode(false)
      input.pause()
      settle()
    }
    const take = (text: string): void => {
      const keys = [...text]
      for (const [i, key] of keys.entries()) {
        // In raw mode the terminal hands on what otherwise would end or erase.
        const isEnd = key === '\r' || key === '\n' || key === '\x03' || key === '\x04'
        if (isEnd) {
          typedAhead = keys.slice(i + 1).join('')
          const isTyped = typed !== '' && key !== '\x03' && key !== '\x04'
          end(() => (isTyped ? resolve(typed) : reject(badUsage('no passphrase was typed'))))
          return
        }
        if (key === '\x7f' || key === '\b') typed = [...typed].slice(0, -1).join('')
        else if (key === '\x15') typed = ''
        else if (key >= ' ') typed += key
      }
    }
    input.on('data', take)
    input.resume()
    const ahead = typedAhead
    typedAhead = ''
    take(ahead)
  })
}
