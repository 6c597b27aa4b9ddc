/**
 * The few pieces that all charts are drawn with. Lengths are CSS pixels; colours are classes, so that light and dark
 * can differ.
 */
import type { Tone } from '../section.ts'
import { escapeHtml } from './escape.ts'

/** What a character of the charts' text takes at most, on an average. */
const CHAR_WIDTH = 7.2

/** Two decimals are finer than any screen. */
export function px(length: number): string {
  return String(Math.round(length * 100) / 100)
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function rect({ x, y, width, height }: Box, className: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(Math.max(0, height))}" class="${className}"/>`
}

export function line(x1: number, y1: number, x2: number, y2: number, className: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${className}"/>`
}

export function text(x: number, y: number, words: string, className = ''): string {
  const classAttribute = className === '' ? '' : ` class="${className}"`
  return `<text x="${px(x)}" y="${px(y)}"${classAttribute}>${escapeHtml(words)}</text>`
}

export function toneClass(tone: Tone): string {
  return `tone-${tone}`
}

/** As much of the words as fits into so many pixels, with a mark where some are cut off. */
export function fitting(words: string, width: number): string {
  const most = Math.max(1, Math.floor(width / CHAR_WIDTH))
  return words.length <= most ? words : `${words.slice(0, most - 1)}…`
}

export function textWidth(words: string): number {
  return words.length * CHAR_WIDTH
}

/**
 * Round steps of an axis from 0: at most five of them, the last at or above `max`, none a fraction where values are
 * whole.
 */
export function axisSteps(max: number): readonly number[] {
  if (max <= 0) return [0, 1]
  const rough = max / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power)
  // 2.5 is no step of whole numbers below 10.
  const whole = Math.ceil(step)
  return Array.from({ length: Math.ceil(max / whole) + 1 }, (_, i) => i * whole)
}

/** A drawing with the title and the description that a screen reader tells in its place. */
export function drawing(
  id: string,
  title: string,
  description: string,
  size: { readonly width: number; readonly height: number },
  pieces: readonly string[],
): string {
  const { width, height } = size
  return [
    `<svg viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img"`,
    ` aria-labelledby="${id}-title ${id}-description">`,
    `<title id="${id}-title">${escapeHtml(title)}</title>`,
    `<desc id="${id}-description">${escapeHtml(description)}</desc>`,
    ...pieces,
    '</svg>',
  ].join('')
}
