/** A machine's key for sealed jobs: an X25519 identity of age, as the age programs write it too. */

/** A new identity, `AGE-SECRET-KEY-1...`. */
export async function newIdentity(): Promise<string> {
  const { generateX25519Identity } = await import('age-encryption')
  return await generateX25519Identity()
}

/** The public key of an identity, `age1...`. Undefined where it is no X25519 identity. */
export async function recipientOf(identity: string): Promise<string | undefined> {
  if (!identity.startsWith('AGE-SECRET-KEY-1')) return undefined
  const { identityToRecipient } = await import('age-encryption')
  try {
    return await identityToRecipient(identity)
  } catch {
    return undefined
  }
}
