/** Where, in what, by whom and for whom: what the licence binds, and what is known or declared of it. */
import { describe, expect, test } from 'vitest'
import { commitToName, isNameOf } from '../../../agent/licence/commitment.ts'
import type { Declarations, PrinterIdentity } from '../../../agent/licence/index.ts'
import { NOW_MS, used } from '../fixture.ts'
import { jobWith, judged, machineWith, sentences } from '../judge.ts'

const SALT = '00112233445566778899aabbccddeeff'
const sealed = (name: string): object => ({ salt: SALT, sha256: commitToName(SALT, name) })

describe('a printer', () => {
  const here: PrinterIdentity = {
    level: 'usb',
    uuid: 'CEDE2A2F-41A2-4748',
    firmware: 'Marlin 2.1.2.4 (Sep  2 2024)',
    usbSerial: 'A50285BI',
  }
  const at = (changes: Partial<PrinterIdentity> = {}): ReturnType<typeof machineWith> =>
    machineWith({ printer: { ...here, ...changes } })
  const bound = (printer: object): object => ({ machines: [{ id: 'bench-1', printer }] })

  test('is any where the licence names none', async () => {
    expect(await judged({}, machineWith({ printer: null }))).toBe('allowed')
    expect(await judged({}, at({ uuid: null, level: 'reported' }))).toBe('allowed')
  })

  test('is the one that the licence names, in every part that it names', async () => {
    const all = { uuid: 'cede2a2f-41a2-4748', firmware: 'Marlin', usb: 'A50285BI', level: 'usb' }
    expect(await judged(bound(all), at())).toBe('allowed')
    expect(await judged(bound(all), at({ uuid: 'cede2a2f-41a2-4749' }))).toBe('other-printer')
    expect(await judged(bound(all), at({ firmware: 'Klipper 0.12' }))).toBe('other-printer')
    expect(await judged(bound(all), at({ usbSerial: 'a50285bi' }))).toBe('other-printer')
    expect(await judged(bound(all), at({ uuid: 'x', firmware: 'y', usbSerial: 'z' }))).toBe(
      'other-printer, other-printer, other-printer',
    )
  })

  test('is named by its firmware, whatever the version, and not by one that begins alike', async () => {
    const marlin = bound({ firmware: 'Marlin' })
    for (const firmware of ['Marlin', 'Marlin 2', 'Marlin bugfix-2.1.x']) {
      expect(await judged(marlin, at({ firmware }))).toBe('allowed')
    }
    for (const firmware of ['Marlinesque 1', 'marlin 2', ' Marlin', 'Marlin-Evil 2', '']) {
      expect(await judged(marlin, at({ firmware }))).toBe('other-printer')
    }
  })

  test('that is not known is none that a licence can name', async () => {
    expect(await judged(bound({ firmware: 'Marlin' }), machineWith({ printer: null }))).toBe(
      'printer-unknown',
    )
    expect(await judged(bound({ uuid: 'cede2a2f-41a2-4748' }), at({ uuid: null }))).toBe('printer-unknown')
    expect(await judged(bound({ usb: 'A50285BI' }), at({ usbSerial: null }))).toBe('printer-unknown')
    expect(await judged(bound({ firmware: 'Marlin' }), at({ firmware: null }))).toBe('printer-unknown')
  })

  test('is known at least as surely as the licence asks', async () => {
    expect(await judged(bound({ level: 'reported' }), at({ level: 'usb' }))).toBe('allowed')
    expect(await judged(bound({ level: 'reported' }), at({ level: 'reported' }))).toBe('allowed')
    expect(await judged(bound({ level: 'usb' }), at({ level: 'reported' }))).toBe('printer-unknown')
    expect(await judged(bound({ level: 'reported' }), machineWith({ printer: null }))).toBe('printer-unknown')
  })

  test('is asked of this machine, not of another that the licence names', async () => {
    const machines = [
      { id: 'bench-1', copies: 1 },
      { id: 'bench-2', copies: 1, printer: { uuid: 'cede2a2f-41a2-4748' } },
    ]
    expect(await judged({ machines }, machineWith({ printer: null }))).toBe('allowed')
    expect(await judged({ machines }, machineWith({ id: 'bench-2' }))).toBe('printer-unknown')
  })

  test('is said in words', async () => {
    expect(await sentences(bound({ uuid: 'cede2a2f-41a2-4748' }), at({ uuid: 'x`y' }))).toEqual([
      "licence is for a printer whose UUID is `cede2a2f-41a2-4748`, here it is `x'y`",
    ])
    expect(await sentences(bound({ uuid: 'cede2a2f-41a2-4748' }), at({ uuid: null }))).toEqual([
      'licence is for a printer whose UUID it names, and this one tells none of its own',
    ])
    expect(await sentences(bound({ level: 'usb' }), machineWith({ printer: null }))).toEqual([
      'licence is for one printer, and it is not known which one is here',
    ])
    expect(await sentences(bound({ level: 'usb' }), at({ level: 'reported' }))).toEqual([
      'licence asks for a printer known by `usb`, this one is known by `reported`',
    ])
  })
})

describe('a material', () => {
  const loaded = (material?: Declarations['material']): object => ({
    declared: material === undefined ? {} : { material },
  })
  const bound = (...materials: object[]): object => ({ materials })

  test('is any where the licence names none', async () => {
    expect(await judged({}, loaded())).toBe('allowed')
    expect(await judged({}, loaded({ type: 'PEEK' }))).toBe('allowed')
  })

  test('is one of those that the licence names', async () => {
    const two = bound({ type: 'PLA' }, { type: 'PA-CF' })
    expect(await judged(two, loaded({ type: 'PLA' }))).toBe('allowed')
    expect(await judged(two, loaded({ type: 'pa-cf', vendor: 'anybody' }))).toBe('allowed')
    expect(await judged(two, loaded({ type: 'PA' }))).toBe('other-material')
    expect(await judged(two, loaded())).toBe('material-undeclared')
  })

  test('fits in vendor, lot and tag where they are named, and all of one spool', async () => {
    const spool = { type: 'PLA', vendor: 'Spoolworks', lot: 'L-7', tag: '04a2' }
    expect(await judged(bound(spool), loaded(spool))).toBe('allowed')
    for (const part of ['vendor', 'lot', 'tag']) {
      expect(await judged(bound(spool), loaded({ ...spool, [part]: 'x' }))).toBe('other-material')
      const unsaid = { ...spool, [part]: undefined } as unknown as typeof spool
      expect(await judged(bound(spool), loaded(unsaid))).toBe('material-undeclared')
    }
    const crossed = bound({ type: 'PLA', vendor: 'A', lot: '1' }, { type: 'PLA', vendor: 'B', lot: '2' })
    expect(await judged(crossed, loaded({ type: 'PLA', vendor: 'A', lot: '2' }))).toBe('other-material')
  })

  test('that differs in what was said is another, whatever was left unsaid', async () => {
    const spool = bound({ type: 'PLA', vendor: 'Spoolworks', lot: 'L-7' })
    expect(await judged(spool, loaded({ type: 'PLA', lot: 'L-8' }))).toBe('other-material')
    expect(await judged(spool, loaded({ type: 'PETG' }))).toBe('other-material')
  })

  test('is compared as people read it: composed letters are the same letters', async () => {
    const claims = bound({ type: 'PLA', vendor: 'Köln' })
    expect(await judged(claims, loaded({ type: 'PLA', vendor: 'Ko\u0308ln' }))).toBe('allowed')
    expect(await judged(claims, loaded({ type: 'PLA', vendor: 'KÖLN' }))).toBe('other-material')
  })

  test('is said in words', async () => {
    const claims = bound({ type: 'PLA', vendor: 'Spoolworks' }, { type: 'PETG', lot: 'L-7', tag: '04a2' })
    expect(await sentences(claims, loaded({ type: 'ABS', vendor: 'Brand' }))).toEqual([
      'licence is for `PLA of Spoolworks`, `PETG lot L-7 spool tag 04a2`, loaded is `ABS of Brand`',
    ])
    expect(await sentences(claims, loaded())).toEqual([
      'licence is for `PLA of Spoolworks`, `PETG lot L-7 spool tag 04a2`, and nobody said what is loaded',
    ])
  })
})

describe('an operator', () => {
  const by = (operator?: string, role?: string): object => ({
    declared: { ...(operator !== undefined && { operator }), ...(role !== undefined && { role }) },
  })
  const technician = { role: 'technician' }

  test('is anybody where the licence names nobody', async () => {
    expect(await judged({}, by())).toBe('allowed')
  })

  test('has the role, letter by letter', async () => {
    expect(await judged({ operators: [technician] }, by('ana', 'technician'))).toBe('allowed')
    expect(await judged({ operators: [technician] }, by(undefined, 'technician'))).toBe('allowed')
    expect(await judged({ operators: [technician] }, by('ana', 'Technician'))).toBe('other-operator')
    expect(await judged({ operators: [technician] }, by('technician'))).toBe('operator-undeclared')
    expect(await judged({ operators: [technician] }, by())).toBe('operator-undeclared')
  })

  test('has the name, which the licence does not tell', async () => {
    const claims = { operators: [sealed('Ana Pérez')] }
    expect(await judged(claims, by('Ana Pérez'))).toBe('allowed')
    expect(await judged(claims, by('Ana Pe\u0301rez'))).toBe('allowed')
    expect(await judged(claims, by('ana pérez'))).toBe('other-operator')
    expect(await judged(claims, by('Ana Pérez '))).toBe('other-operator')
    expect(await judged(claims, by(undefined, 'technician'))).toBe('operator-undeclared')
  })

  test('is one of several', async () => {
    const claims = { operators: [technician, sealed('Ana'), sealed('Bo')] }
    expect(await judged(claims, by('Bo'))).toBe('allowed')
    expect(await judged(claims, by('Cy', 'technician'))).toBe('allowed')
    expect(await judged(claims, by('Cy', 'visitor'))).toBe('other-operator')
    expect(await judged(claims, by('Cy'))).toBe('operator-undeclared')
  })

  test('is said in words, without the names that are sealed', async () => {
    const claims = { operators: [technician, sealed('Ana'), sealed('Bo')] }
    expect(await sentences(claims, by('Cy', 'visitor'))).toEqual([
      'licence is for `role technician`, `a person named in it`, this is `Cy, role visitor`',
    ])
    expect(await sentences(claims, by())).toEqual([
      'licence is for `role technician`, `a person named in it`, and nobody said who starts it',
    ])
  })
})

describe('a sealed name', () => {
  test('is SHA-256 over salt, a zero byte and the name', () => {
    // printf '\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00Ana' | sha256sum
    expect(commitToName(SALT, 'Ana')).toBe('bb7aa3cc9f80e0f0ea9154e959053d936641f4a1ef534c8578f826c157b84486')
  })

  test('is of one name and one salt', () => {
    const commitment = { salt: SALT, sha256: commitToName(SALT, 'Ana') }
    expect(isNameOf(commitment, 'Ana')).toBe(true)
    expect(isNameOf(commitment, 'Anna')).toBe(false)
    expect(isNameOf({ ...commitment, salt: 'ff'.repeat(16) }, 'Ana')).toBe(false)
    expect(isNameOf({ ...commitment, sha256: '' }, 'Ana')).toBe(false)
  })
})

describe('the end use', () => {
  const bound = { code: 'medical-training', countries: ['NL', 'BE'], end_user: sealed('Clinic North') }
  const right = { endUse: 'medical-training', destination: 'NL', endUser: 'Clinic North' }

  test('is free where the licence binds nothing', async () => {
    expect(await judged({}, { declared: {} })).toBe('allowed')
    expect(await judged({ end_use: { reexport: true, statement: 'a'.repeat(64) } }, { declared: {} })).toBe(
      'allowed',
    )
  })

  test('is what was declared, in each part that is bound', async () => {
    expect(await judged({ end_use: bound }, { declared: right })).toBe('allowed')
    expect(await judged({ end_use: bound }, { declared: { ...right, destination: 'be' } })).toBe('allowed')
    for (const wrong of [{ endUse: 'display' }, { destination: 'FR' }, { endUser: 'Clinic South' }]) {
      expect(await judged({ end_use: bound }, { declared: { ...right, ...wrong } })).toBe('other-end-use')
    }
    for (const part of ['endUse', 'destination', 'endUser'] as const) {
      const { [part]: _, ...rest } = right
      expect(await judged({ end_use: bound }, { declared: rest })).toBe('end-use-undeclared')
    }
    expect(await judged({ end_use: bound }, { declared: {} })).toBe(
      'end-use-undeclared, end-use-undeclared, end-use-undeclared',
    )
  })

  test('is said in words', async () => {
    const declared = { endUse: 'display', destination: 'FR', endUser: 'Clinic South' }
    expect(await sentences({ end_use: bound }, { declared })).toEqual([
      'licence is for the end use medical-training, declared is `display`',
      'licence is for the destination NL, BE, declared is `FR`',
      'licence is for the end user sealed in it, declared is `Clinic South`',
    ])
    expect(await sentences({ end_use: bound }, { declared: {} })).toEqual([
      'licence binds the end use, and nobody declared it',
      'licence binds the destination, and nobody declared it',
      'licence binds the end user, and nobody declared it',
    ])
  })
})

describe('a limit', () => {
  const cases = [
    ['nozzle_c', 'nozzleMaxCelsius', 250, "nozzle target 250.5 °C is above the licence's limit of 250 °C"],
    ['bed_c', 'bedMaxCelsius', 90, "bed target 90.5 °C is above the licence's limit of 90 °C"],
    ['chamber_c', 'chamberMaxCelsius', 50, "chamber target 50.5 °C is above the licence's limit of 50 °C"],
    [
      'feedrate_mm_min',
      'feedrateMaxMmPerMin',
      6000,
      "feedrate 6000.5 mm/min is above the licence's limit of 6000 mm/min",
    ],
    ['flow_mm3_s', 'flowMaxMm3PerS', 10, "flow 10.5 mm³/s is above the licence's limit of 10 mm³/s"],
    ['seconds', 'estimatedSeconds', 3600, "duration 3600.5 s is above the licence's limit of 3600 s"],
  ] as const

  test.each(cases)('of %s is met up to its very value', async (claim, fact, limit, sentence) => {
    const claims = { limits: { [claim]: limit } }
    expect(await judged(claims, jobWith({ [fact]: limit }))).toBe('allowed')
    expect(await judged(claims, jobWith({ [fact]: 0 }))).toBe('allowed')
    expect(await sentences(claims, jobWith({ [fact]: limit + 0.5 }))).toEqual([sentence])
    expect(await judged(claims, jobWith({ [fact]: Number.NaN }))).toBe('outside-envelope')
    expect(await judged(claims, jobWith({ [fact]: Number.POSITIVE_INFINITY }))).toBe('outside-envelope')
    expect(await judged({}, jobWith({ [fact]: 1e9 }))).toBe('allowed')
  })

  test('of what the job does not do is met', async () => {
    const limits = {
      nozzle_c: 1,
      bed_c: 1,
      chamber_c: 1,
      feedrate_mm_min: 1,
      flow_mm3_s: 1,
      layer_mm: [1, 1],
    }
    const nothing = {
      nozzleMaxCelsius: null,
      bedMaxCelsius: null,
      chamberMaxCelsius: null,
      feedrateMaxMmPerMin: null,
      flowMaxMm3PerS: null,
      layerMinMm: null,
      layerMaxMm: null,
      sizeMm: null,
    }
    const size = { size_mm: { x: 0, y: 0, z: 0 } }
    expect(await judged({ limits: { ...limits, ...size } }, jobWith(nothing))).toBe('allowed')
  })

  test('of the size is met in each direction by itself', async () => {
    const claims = { limits: { size_mm: { x: 20, y: 30, z: 40 } } }
    expect(await judged(claims, jobWith({ sizeMm: { x: 20, y: 30, z: 40 } }))).toBe('allowed')
    expect(await sentences(claims, jobWith({ sizeMm: { x: 30, y: 20.001, z: 40.0004 } }))).toEqual([
      "size in X 30 mm is above the licence's limit of 20 mm",
      "size in Z 40.0004 mm is above the licence's limit of 40 mm",
    ])
    expect(await judged(claims, jobWith({ sizeMm: { x: 1, y: 31, z: 1 } }))).toBe('outside-envelope')
  })

  test('of the layers is met from both sides', async () => {
    const claims = { limits: { layer_mm: [0.1, 0.3] } }
    expect(await judged(claims, jobWith({ layerMinMm: 0.1, layerMaxMm: 0.3 }))).toBe('allowed')
    expect(await sentences(claims, jobWith({ layerMinMm: 0.05, layerMaxMm: 0.35 }))).toEqual([
      "layer height 0.05 mm is below the licence's limit of 0.1 mm",
      "layer height 0.35 mm is above the licence's limit of 0.3 mm",
    ])
    expect(await judged(claims, jobWith({ layerMinMm: Number.NaN, layerMaxMm: 0.3 }))).toBe(
      'outside-envelope',
    )
  })
})

describe('how much and how often', () => {
  test('filament is counted with this job, up to the very limit', async () => {
    const claims = { grant: { copies: 3, filament_mm: 1000 } }
    expect(await judged(claims, jobWith({ filamentMm: 1000 }))).toBe('allowed')
    expect(
      await judged(claims, { ...jobWith({ filamentMm: 100 }), uses: used(1, { filamentMm: 900 }) }),
    ).toBe('allowed')
    expect(
      await sentences(claims, { ...jobWith({ filamentMm: 101 }), uses: used(1, { filamentMm: 900 }) }),
    ).toEqual(['with this job 1001 mm of filament are used, the licence allows 1000 mm'])
    expect(await judged(claims, jobWith({ filamentMm: Number.NaN }))).toBe('filament-used-up')
    expect(await judged({}, jobWith({ filamentMm: 1e12 }))).toBe('allowed')
  })

  test('copies a day end at the number of the day', async () => {
    const claims = { grant: { copies: 3, per: { day: 2 } } }
    expect(await judged(claims, { uses: used(2, { usedToday: 1 }) })).toBe('allowed')
    expect(await sentences(claims, { uses: used(2, { usedToday: 2 }) })).toEqual([
      '2 of 2 copies a day are used',
    ])
    expect(await judged(claims, { uses: used(3, { usedToday: 2 }) })).toBe('copies-used-up')
    expect(await judged({}, { uses: used(2, { usedToday: 2 }) })).toBe('allowed')
  })

  test('copies on one machine end at what is its own', async () => {
    const shared = {
      machines: [
        { id: 'bench-1', copies: 2 },
        { id: 'bench-2', copies: 1 },
      ],
    }
    expect(await judged(shared, { uses: used(1) })).toBe('allowed')
    expect(await judged(shared, { uses: used(2) })).toBe('copies-used-up')
    const each = {
      grant: { copies: 4, per: { machine: 2 } },
      machines: [{ id: 'bench-1' }, { id: 'bench-2' }],
    }
    expect(await judged(each, { uses: used(1) })).toBe('allowed')
    expect(await judged(each, { uses: used(2) })).toBe('copies-used-up')
    expect(await judged({ ...each, grant: { copies: 3, per: { machine: 2 } } })).toBe('allocation-missing')
    expect(await judged({ ...each, grant: { copies: 4 } })).toBe('allocation-missing')
  })

  test('everything that is wrong is told at once, what denies before what holds and warns', async () => {
    const claims = {
      materials: [{ type: 'PLA' }],
      limits: { nozzle_c: 200 },
      grant: { copies: 3, per: { day: 1 } },
    }
    const place = {
      time: { nowMs: NOW_MS, signedMs: 0, doubt: 'ahead' },
      uses: used(3, { usedToday: 1 }),
    } as const
    expect(await judged(claims, place)).toBe(
      'material-undeclared, outside-envelope, copies-used-up, clock-untrusted (hold: site)',
    )
  })
})
