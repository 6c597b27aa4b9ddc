import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findPolicy, packageFolder } from '../../agent/cli/ready-policies.ts'
import { VERSION } from '../../agent/cli/version.ts'

test('the version in the code is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))
  expect(VERSION).toBe(version)
})

test('a ready policy is found by its name, with or without its ending, and nothing else is guessed', () => {
  expect(findPolicy('maker-space').policy.name).toBe('maker-space')
  expect(findPolicy('open-bench.yaml').policy.name).toBe('open-bench')
  for (const name of ['maker', 'nowhere/maker-space', '../maker-space', 'maker-space.yaml.yaml', ''])
    expect(() => findPolicy(name), name).toThrow(/does not exist/)
})
