import { expect, test } from 'vitest'
import { HOST_PROFILES as CONFIGURED } from '../../agent/config/schema.ts'
import { HOST_PROFILES as SPOKEN } from '../../agent/core/host/host-profile.ts'

test('every host that the gate can speak to can be configured, and no other', () => {
  expect([...CONFIGURED]).toEqual([...SPOKEN])
})
