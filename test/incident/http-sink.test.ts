// Incidents posted to real servers: what is sent, where it may go, and what each answer means.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { describe, expect, onTestFinished, test } from 'vitest'
import { HttpSink } from '../../agent/incident/http-sink.ts'
import { openSink } from '../../agent/incident/sink.ts'
import { Undeliverable } from '../../agent/incident/undeliverable.ts'
import { dispatch, never, scratchFolder } from './dispatch.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function take(asked: Asked[], answer: (response: ServerResponse) => void) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answer(response)
    })
  }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(code, headers).end('an answer that nobody reads')
  }

async function endpoint(answer = status(202)) {
  const asked: Asked[] = []
  const port = await listen(createServer(take(asked, answer)))
  return { asked, url: `http://127.0.0.1:${port}/events?for=us`, port }
}

async function faultOf(sending: Promise<void>): Promise<unknown> {
  return sending.then(
    () => undefined,
    (error) => error,
  )
}

test('an event is posted by itself, as structured CloudEvents ask', async () => {
  const { asked, url } = await endpoint()
  await openSink({ kind: 'http', url }).send(dispatch(), never())
  expect(asked).toHaveLength(1)
  const [{ method, url: path, headers, body }] = asked as [Asked]
  expect([method, path]).toEqual(['POST', '/events?for=us'])
  expect(headers['content-type']).toBe('application/cloudevents+json')
  expect(Number(headers['content-length'])).toBe(body.length)
  expect(headers.authorization).toBeUndefined()
  expect(JSON.parse(body)).toEqual(dispatch().event)
})

describe('an answer', () => {
  test.each([200, 201, 202, 204])('of %i has taken it', async (code) => {
    const { url } = await endpoint(status(code))
    await openSink({ kind: 'http', url }).send(dispatch(), never())
  })

  test.each([500, 503, 429, 408])('of %i may be another one later', async (code) => {
    const { url } = await endpoint(status(code))
    const fault = await faultOf(openSink({ kind: 'http', url }).send(dispatch(), never()))
    expect(fault).toMatchObject({ message: `the endpoint answered with status ${code}` })
    expect(fault).not.toBeInstanceOf(Undeliverable)
  })

  test.each([400, 401, 403, 404, 413])('of %i is no', async (code) => {
    const { url } = await endpoint(status(code))
    expect(await faultOf(openSink({ kind: 'http', url }).send(dispatch(), never()))).toBeInstanceOf(
      Undeliverable,
    )
  })

  test('that leads elsewhere is not followed', async () => {
    const elsewhere = await endpoint()
    const { url } = await endpoint(status(307, { location: elsewhere.url }))
    expect(await faultOf(openSink({ kind: 'http', url }).send(dispatch(), never()))).toBeInstanceOf(
      Undeliverable,
    )
    expect(elsewhere.asked).toEqual([])
  })

  test('that has no end is not waited for', async () => {
    const { url } = await endpoint((response) => {
      response.writeHead(200)
      response.write('a')
    })
    await openSink({ kind: 'http', url }).send(dispatch(), never())
  })

  test('that never comes is given up when the agent ends', async () => {
    const ending = new AbortController()
    const { url } = await endpoint(() => ending.abort())
    expect(await faultOf(openSink({ kind: 'http', url }).send(dispatch(), ending.signal))).toMatchObject({
      name: 'AbortError',
    })
  })
})

describe('a token', () => {
  const TOKEN = 'abcdefghijklmnop.0123456789~-_'
  const secretFile = (text: string, mode = 0o600): string => {
    const path = join(scratchFolder(), 'token')
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  test('is read from its file each time and sent as a bearer', async () => {
    const { asked, url } = await endpoint()
    const path = secretFile(`${TOKEN}\n`)
    const sink = openSink({ kind: 'http', url, secretFile: path })
    await sink.send(dispatch(), never())
    writeFileSync(path, 'another-one')
    await sink.send(dispatch(), never())
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${TOKEN}`,
      'Bearer another-one',
    ])
  })

  test.each([
    ['that others can read', secretFileOf(TOKEN, 0o640), 'open to others'],
    ['of two lines', secretFileOf('one\ntwo', 0o600), 'does not hold one token'],
    ['with a line end that would make a header', secretFileOf('x\r\nx-evil: 1', 0o600), 'does not hold one'],
    ['that is empty', secretFileOf('', 0o600), 'does not hold one token'],
    ['that is endless', secretFileOf('x'.repeat(5000), 0o600), 'does not hold one token'],
  ])('%s is not sent', async (_, make, why) => {
    const { asked, url } = await endpoint()
    const fault = await faultOf(openSink({ kind: 'http', url, secretFile: make() }).send(dispatch(), never()))
    expect(fault).toBeInstanceOf(Undeliverable)
    expect((fault as Error).message).toContain(why)
    expect(String(fault)).not.toContain(TOKEN)
    expect(asked).toEqual([])
  })

  function secretFileOf(text: string, mode: number): () => string {
    return () => secretFile(text, mode)
  }

  test('is not read through a link', async () => {
    const { url } = await endpoint()
    const link = join(scratchFolder(), 'link')
    symlinkSync(secretFile(TOKEN), link)
    expect(
      await faultOf(openSink({ kind: 'http', url, secretFile: link }).send(dispatch(), never())),
    ).toMatchObject({
      code: 'ELOOP',
    })
  })

  test('does not go over a network in plain text, not even a private one', async () => {
    const sink = new HttpSink({ kind: 'http', url: 'http://10.255.255.1/', secretFile: secretFile(TOKEN) })
    expect(await faultOf(sink.send(dispatch(), never()))).toMatchObject({
      name: 'Undeliverable',
      message: expect.stringContaining('the token would go over the network in plain text'),
    })
  })
})

describe('an address', () => {
  test.each([
    ['http://203.0.113.7/', 'plain text beyond the private network'],
    ['http://[2001:db8::1]/', 'plain text beyond the private network'],
    ['http://0.0.0.0/', 'plain text beyond the private network'],
    ['http://[::ffff:203.0.113.7]/', 'plain text beyond the private network'],
    ['https://user:secret@example.org/', 'put it into `secretFile`'],
    ['ftp://example.org/', 'is no address of a sink'],
    ['file:///etc/passwd', 'is no address of a sink'],
    ['nonsense', 'is no address of a sink'],
  ])('of %s is refused at the start', (url, why) => {
    expect(() => openSink({ kind: 'http', url })).toThrow(why)
  })

  test.each([
    'https://example.org/',
    'http://127.0.0.1:9/',
    'http://[::1]:9/',
    'http://192.168.1.7/',
    'http://[fd00::1]/',
    'http://collector.local/',
  ])('of %s is not', (url) => {
    expect(() => openSink({ kind: 'http', url })).not.toThrow()
  })

  test('beyond the private network takes plain text only where the site says so', async () => {
    const far = { kind: 'http', url: 'http://203.0.113.7/' } as const
    expect(() => openSink({ ...far, insecure: true })).not.toThrow()
    expect(await faultOf(new HttpSink(far).send(dispatch(), never()))).toMatchObject({
      name: 'Undeliverable',
    })
  })

  test('by name is looked up, and taken where it is near', async () => {
    const { asked, port } = await endpoint()
    await openSink({ kind: 'http', url: `http://localhost:${port}/` }).send(dispatch(), never())
    expect(asked).toHaveLength(1)
  })
})

describe('over TLS', () => {
  /** A certificate that nobody but itself vouches for. */
  function selfSigned(): { readonly key: string; readonly cert: string } {
    const { publicKey, privateKey } = forge.pki.rsa.generateKeyPair(2048)
    const cert = forge.pki.createCertificate()
    cert.publicKey = publicKey
    cert.serialNumber = '01'
    cert.validity.notBefore = new Date(Date.now() - 86_400_000)
    cert.validity.notAfter = new Date(Date.now() + 86_400_000)
    const name = [{ name: 'commonName', value: 'localhost' }]
    cert.setSubject(name)
    cert.setIssuer(name)
    cert.setExtensions([
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ])
    cert.sign(privateKey, forge.md.sha256.create())
    return { key: forge.pki.privateKeyToPem(privateKey), cert: forge.pki.certificateToPem(cert) }
  }

  test('an endpoint is sent to where its certificate is trusted, and not otherwise, whatever the environment says', async () => {
    const asked: Asked[] = []
    const pair = selfSigned()
    const port = await listen(createTlsServer(pair, take(asked, status(202))) as unknown as Server)
    const url = `https://localhost:${port}/`
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    onTestFinished(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    expect(await faultOf(openSink({ kind: 'http', url }).send(dispatch(), never()))).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    expect(asked).toEqual([])
    // Node reads what else is trusted when it starts.
    const ca = join(scratchFolder(), 'ca.pem')
    writeFileSync(ca, pair.cert)
    const program = `
      import { openSink } from '${join(import.meta.dirname, '../../agent/incident/sink.ts')}'
      const finding = { severity: 'low', rule: 'x' }
      await openSink({ kind: 'http', url: '${url}' })
        .send({ finding, event: { subject: 'by-tls' } }, new AbortController().signal)`
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca, NODE_TLS_REJECT_UNAUTHORIZED: '1' }
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      env,
    })
    expect(asked.map(({ body }) => JSON.parse(body) as unknown)).toEqual([{ subject: 'by-tls' }])
  })
})
