import { describe, expect, test } from 'vitest'
import { readDeclared } from '../../agent/cli/declared.ts'

describe('what is declared of a job', () => {
  test('is nothing where no flag is given', () => {
    expect(readDeclared({})).toBeUndefined()
  })

  test('is what the flags say', () => {
    expect(
      readDeclared({
        role: 'technician',
        material: 'type=PLA, vendor=Prüfwerk GmbH ,lot=A=1,tag=04:a2',
        endUse: 'medical-training',
        destination: 'de',
        endUser: 'Lise M',
      }),
    ).toEqual({
      role: 'technician',
      material: { type: 'PLA', vendor: 'Prüfwerk GmbH', lot: 'A=1', tag: '04:a2' },
      endUse: 'medical-training',
      destination: 'DE',
      endUser: 'Lise M',
    })
    expect(readDeclared({ material: 'PA-CF' })).toEqual({ material: { type: 'PA-CF' } })
  })

  test.each([
    [{ material: 'type=PLA,colour=red' }, /`--material` wants .*: `colour=red` is none of type, vendor/],
    [{ material: 'vendor=X' }, /its `type` is missing/],
    [{ material: 'type=PLA,type=PETG' }, /`type` is given twice/],
    [{ material: 'type=' }, /`--material`: its `type` is blank/],
    [{ material: '' }, /is blank/],
    [{ material: 'type=PLA,__proto__=x' }, /is none of/],
    [{ material: `type=${'x'.repeat(201)}` }, /its `type` has more than 200 characters/],
    [{ destination: 'Germany' }, /`--destination`: what it says is not a country code/],
    [{ endUse: 'a\nb' }, /`--end-use`: what it says has characters that cannot be shown/],
    [{ endUser: ' ' }, /`--end-user`: what it says is blank/],
    [{ endUser: 'portcullis:site' }, /begins with `portcullis:`/],
    [{ role: '\u001b[31m' }, /`--role`: what it says has characters/],
  ])('is refused in a sentence where it cannot be: %j', (options, sentence) => {
    expect(() => readDeclared(options)).toThrow(expect.objectContaining({ code: 'USAGE' }))
    expect(() => readDeclared(options)).toThrow(sentence)
  })
})
