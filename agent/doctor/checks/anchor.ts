/** What a log alone cannot show, and whether anybody else could. */
import { isProblem, parseTlogPolicy } from '../../verify/index.ts'
import { fail, names, note, ok, type Told, warn, word } from '../finding.ts'
import { isLocalName } from '../local-name.ts'
import type { Check, Subject } from '../subject.ts'

export const anchor: Check = {
  id: 'anchor',
  examine: (subject) => {
    const { witnesses } = subject.site.config.evidence
    return witnesses === null ? [alone] : witnessed(subject, witnesses.policyFile)
  },
}

const alone = note(
  'no witness outside this machine is configured: root here could rewrite the log, or put the disk back to an older state',
  'name witnesses in the configuration, or copy the log elsewhere now and then and keep its checkpoint for `portcullis audit verify --against`',
)

function witnessed({ world }: Subject, path: string): readonly Told[] {
  const text = world.readText(path)
  if (text.kind !== 'seen') {
    const why = text.kind === 'missing' ? 'it is not there' : text.reason
    return [
      fail(`the policy of witnesses \`${path}\` cannot be read: ${why}`, `look at \`ls -l ${word(path)}\``),
    ]
  }
  const policy = parseTlogPolicy(Buffer.from(text.value, 'utf8'))
  if (isProblem(policy))
    return [
      fail(
        `the policy of witnesses \`${path}\` is wrong: ${policy.problem}`,
        'correct it, for the gate does not start',
      ),
    ]
  const local = policy.witnesses.filter(({ url }) => url !== null && isLocal(world, url))
  const elsewhere = policy.witnesses.filter(({ url }) => url !== null && !isLocal(world, url))
  const told: Told[] = []
  if (local.length > 0)
    told.push(
      warn(
        `witness ${names(local.map(({ name }) => name))} is on this machine and counts for nothing: whoever rewrites the log here rewrites its memory too`,
        'run it on another machine, such as that of the next printer',
      ),
    )
  if (!policy.isSatisfiedBy(elsewhere.map(({ key }) => key)))
    told.push(
      fail(
        `the quorum \`${policy.quorum}\` cannot be reached by witnesses on other machines`,
        `name more of them in ${word(path)}, with their addresses, or lower the quorum`,
      ),
    )
  return told.length > 0
    ? told
    : [ok(`${elsewhere.length} witnesses on other machines can vouch for the log`)]
}

/** By the text of its address: no name is looked up, for that asks others. */
function isLocal({ ownNames }: Subject['world'], url: string): boolean {
  return !URL.canParse(url) || isLocalName(new URL(url).hostname, ownNames())
}
