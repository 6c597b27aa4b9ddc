/**
 * The index of a record that survives a power cut. Only the log makes one, after the disk has confirmed the record, so
 * whoever asks for one in a signature cannot be called without a record: durable before effect is a type, not a habit.
 */
declare const durable: unique symbol

export type DurableIndex = number & { readonly [durable]: true }
