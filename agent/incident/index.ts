/**
 * The incident room: anomalies in the records become incidents that a person previews and exports, or that go to the
 * file, the collector or the endpoint that the site has named. It sees records and nothing else.
 */
export { type DeskOptions, IncidentDesk } from './desk.ts'
export { eventLine, type IncidentEvent, incidentEvent } from './event.ts'
export type { Finding, LogEntry } from './finding.ts'
export { type ListedIncident, listIncidents } from './list.ts'
