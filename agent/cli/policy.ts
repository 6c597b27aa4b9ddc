import {
  describeRules,
  failedCases,
  type OptionDescription,
  type RuleDescription,
} from '../../policies/index.ts'
import { AgentError } from '../errors.ts'
import { badUsage } from './end.ts'
import { bold, columns, dim, green, say, sayJson } from './output.ts'
import { findPolicy } from './ready-policies.ts'

/** `portcullis policy validate`: reads a policy and runs the cases that it carries. */
export async function validate(file: string, options: { readonly json?: true }): Promise<void> {
  const { policy, sha256, path } = findPolicy(file)
  const failed = failedCases(policy)
  if (options.json) {
    sayJson({ path, name: policy.name, version: policy.version, sha256, cases: policy.cases.length, failed })
  } else if (failed.length === 0) {
    const rules = policy.rules.length
    say(
      `${green('valid')}  ${policy.name} version ${policy.version}: ${rules} rules, ${policy.cases.length} cases hold`,
    )
  }
  if (failed.length === 0) return
  const told = failed.map(({ name, message }) => `case \`${name}\`: ${message}`)
  throw new AgentError(
    'POLICY_INVALID',
    told.map((line) => `${path}: ${line}`),
  )
}

/** `portcullis policy rules`: what rules there are, and what their options mean. */
export async function listRules(id: string | undefined, options: { readonly json?: true }): Promise<void> {
  const rules = describeRules()
  const chosen = id === undefined ? rules : rules.filter((rule) => rule.id === id)
  if (chosen.length === 0)
    throw badUsage(`there is no rule \`${id}\`; there are ${rules.map((rule) => rule.id).join(', ')}`)
  if (options.json) sayJson(chosen)
  else if (id === undefined)
    say(
      ...columns(
        rules.map((rule) => [rule.id, rule.summary]),
        '',
      ),
      '',
      dim('`portcullis policy rules ID` tells all about one'),
    )
  else say(...chosen.flatMap(ruleLines))
}

function ruleLines(rule: RuleDescription): readonly string[] {
  return [
    `${bold(rule.id)}  ${rule.summary}`,
    `  ${rule.why}`,
    ...(rule.isImplied ? ['  In force even where a policy does not mention it.'] : []),
    '',
    ...rule.options.flatMap(optionLines),
  ]
}

function optionLines(option: OptionDescription): readonly string[] {
  const need = option.isRequired
    ? 'required'
    : option.default === undefined
      ? 'optional'
      : `default ${option.default}`
  return [`  ${bold(option.name)}  ${dim(`${option.type}; ${need}`)}`, `      ${option.description}`]
}
