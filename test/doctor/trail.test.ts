import { describe, expect, test } from 'vitest'
import { names, octal, word } from '../../agent/doctor/finding.ts'
import { follow } from '../../agent/doctor/trail.ts'
import { type FakeFile, fakeWorld, folder, link } from './fake-world.ts'

const way = (path: string, files: Record<string, FakeFile>) => follow(fakeWorld({ files }), path)

describe('a path', () => {
  test('is followed through links, relative and absolute, of folders and of files', () => {
    const trail = way('/a/b/x', {
      '/a/b': link('../c/./d'),
      '/c/d/x': link('/e/y'),
      '/e/y': { uid: 7 },
    })
    expect(trail.real).toBe('/e/y')
    expect(trail.end).toMatchObject({ kind: 'seen', value: { uid: 7 } })
    expect(trail.steps.map(({ path }) => path)).toEqual([
      '/',
      '/a',
      '/a/b',
      '/c',
      '/c/d',
      '/c/d/x',
      '/e',
      '/e/y',
    ])
  })

  test('does not climb above the root', () => {
    expect(way('/a/x', { '/a/x': link('../../../../e'), '/e': {} }).real).toBe('/e')
  })

  test('that ends nowhere says where', () => {
    expect(way('/a/none/x', { '/a': folder(0o755) })).toMatchObject({
      real: '/a/none',
      end: { kind: 'missing' },
    })
    expect(way('/a/file/x', { '/a/file': {} })).toMatchObject({ real: '/a/file', end: { kind: 'missing' } })
    expect(way('/a/x', { '/a': link('/gone') })).toMatchObject({ real: '/gone', end: { kind: 'missing' } })
  })

  test('that leads in a circle ends', () => {
    const { end } = way('/a', { '/a': link('/b'), '/b': link('/a') })
    expect(end).toEqual({ kind: 'hidden', reason: 'its symbolic links lead in a circle' })
  })

  test('that grows with every link ends', () => {
    expect(way('/a', { '/a': link('a/a/a/a') }).end.kind).toBe('hidden')
  })

  test('that is hidden on its way is hidden', () => {
    expect(way('/a/b/x', { '/a/b': { hidden: 'no' }, '/a/b/x': {} })).toMatchObject({
      real: '/a/b',
      end: { kind: 'hidden', reason: 'no' },
    })
  })
})

describe('words of findings', () => {
  test('names in a row stay readable', () => {
    expect(names(['a'])).toBe('`a`')
    expect(names(['a', 'b'])).toBe('`a` and `b`')
    expect(names(['a', 'b', 'c'])).toBe('`a`, `b` and `c`')
    expect(names(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('`a`, `b`, `c`, `d`, `e` and 1 more')
  })

  test.each([
    ['/dev/ttyUSB0', '/dev/ttyUSB0'],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(reboot)', "'$(reboot)'"],
    ['-rf', "'-rf'"],
    ['', "''"],
  ])('%j is %s in a command', (text, expected) => {
    expect(word(text)).toBe(expected)
  })

  test('modes have four digits', () => {
    expect([0, 0o7, 0o660, 0o100644, 0o1777].map(octal)).toEqual(['0000', '0007', '0660', '0644', '1777'])
  })
})
