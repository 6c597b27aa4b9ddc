/** It was refused for good: the same again would be refused again. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable'
}
