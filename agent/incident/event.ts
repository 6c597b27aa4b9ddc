/**
 * A finding as others understand it: an OCSF 1.7.0 Detection Finding (class 2004) in a CloudEvents 1.0 envelope, the
 * structured mode of its JSON format. It holds the least that is of use: which rule, how often, when, which records of
 * which log. The log holds the rest, for whoever may read it.
 */
import { assert } from '../errors.ts'
import type { Finding, Severity } from './finding.ts'
import type { CONFIDENCES } from './rule.ts'
import { ruleText } from './rule-book.ts'

/** Of https://schema.ocsf.io: what is used here has meant the same since 1.5.0. */
const OCSF_VERSION = '1.7.0'
const CLASS_UID = 2004

/** `severity_id` and its caption. */
const SEVERITY: Readonly<Record<Severity, readonly [number, string]>> = {
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
}
/** `confidence_id` and its caption. */
const CONFIDENCE: Readonly<Record<(typeof CONFIDENCES)[number], readonly [number, string]>> = {
  low: [1, 'Low'],
  medium: [2, 'Medium'],
  high: [3, 'High'],
}

/** Of whose log the finding is. */
export interface EventContext {
  /** `portcullis/<machine>/<log>`. */
  readonly origin: string
  /** The agent's own. */
  readonly version: string
}

const ORIGIN = /^portcullis\/(m-[0-9a-f]{16})\/l-[0-9a-f]{16}$/
const VERSION = /^[0-9A-Za-z.+-]{1,64}$/

/** Whether a context is one that may stand in an event: nothing but the names that a log and an agent give themselves. */
export function isContext({ origin, version }: EventContext): boolean {
  return ORIGIN.test(origin) && VERSION.test(version)
}

/** An event in CloudEvents' JSON format; ASCII throughout. */
export interface IncidentEvent {
  readonly specversion: '1.0'
  /** The same for the same raising of the same finding, so that what is sent twice is known as one. */
  readonly id: string
  readonly source: string
  readonly type: 'portcullis.incident'
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly dataschema: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What would leave of a finding, and all of it. */
export function incidentEvent(finding: Finding, context: EventContext): IncidentEvent {
  assert(isContext(context), 'an event comes from a log of a machine and a version of the agent')
  const { uid, lastAt } = finding
  return {
    specversion: '1.0',
    id: raisingOf(finding),
    source: context.origin,
    type: 'portcullis.incident',
    subject: uid,
    time: lastAt,
    datacontenttype: 'application/json',
    dataschema: `https://schema.ocsf.io/${OCSF_VERSION}/classes/detection_finding`,
    data: detectionFinding(finding, context),
  }
}

/** One raising of a finding: it has another name when it has grown. */
export function raisingOf({ uid, severity, count }: Pick<Finding, 'uid' | 'severity' | 'count'>): string {
  return `${uid}.${severity}.${count}`
}

/** One line of JSON. */
export function eventLine(event: IncidentEvent): string {
  return JSON.stringify(event)
}

function detectionFinding(finding: Finding, context: EventContext): Record<string, unknown> {
  const { origin, version } = context
  const { uid, rule, severity, firstAt, lastAt, count, title, measured, isUpdate } = finding
  const text = ruleText(rule)
  assert(text !== undefined, 'a finding is of a rule')
  const [severityId, severityName] = SEVERITY[severity]
  const [confidenceId, confidenceName] = CONFIDENCE[text.confidence]
  const activityId = isUpdate ? 2 : 1
  const activityName = isUpdate ? 'Update' : 'Create'
  // A clock that was set back is told in `measured`; a span of time begins before it ends.
  const times = [Date.parse(firstAt), Date.parse(lastAt)]
  const startMs = Math.min(...times)
  const endMs = Math.max(...times)
  return {
    activity_id: activityId,
    activity_name: activityName,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: CLASS_UID,
    class_name: 'Detection Finding',
    type_uid: CLASS_UID * 100 + activityId,
    type_name: `Detection Finding: ${activityName}`,
    time: Date.parse(lastAt),
    start_time: startMs,
    end_time: endMs,
    count,
    severity_id: severityId,
    severity: severityName,
    confidence_id: confidenceId,
    confidence: confidenceName,
    status_id: 1,
    status: 'New',
    message: title,
    metadata: {
      version: OCSF_VERSION,
      uid: `${origin}/${raisingOf(finding)}`,
      product: { name: 'Portcullis', vendor_name: 'Portcullis', version },
      log_name: origin,
    },
    finding_info: {
      uid: `${origin}/${uid}`,
      title,
      desc: `${text.meaning} It may be innocent: ${text.innocent}`,
      types: [rule],
      analytic: { uid: rule, name: rule, type_id: 1, type: 'Rule' },
      first_seen_time: startMs,
      last_seen_time: endMs,
    },
    evidences: evidences(finding, origin),
    resources: [{ uid: machineOf(origin), type: '3D printer gate' }],
    remediation: { desc: text.remedy },
    unmapped: {
      portcullis: { rule, count, windowSeconds: text.windowSeconds, measured, minimalData: true },
    },
  }
}

/** The records that a person who may read the log looks at first. */
function evidences({ first, last }: Finding, origin: string): readonly object[] {
  const indexes = first === last ? [first] : [first, last]
  return indexes.map((index) => ({
    uid: `${origin}/${index}`,
    name: 'log record',
    data: { origin, index },
  }))
}

function machineOf(origin: string): string {
  return ORIGIN.exec(origin)?.[1] ?? ''
}
