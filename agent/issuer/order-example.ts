/** The order that ships as an example: every key with its meaning, valid as it stands. Its only source is this text. */

/** A complete, commented order, for an issuer to fill in. */
export function exampleOrder(): string {
  return EXAMPLE
}

const EXAMPLE = `# An order for one licence:   portcullis licence issue --issuer DIR order.yaml --out part.licence
#
# The least that an order needs is licence-order, licensee, design, copies, machines and expires; leave out what you do
# not need. What a licence does not say in the way of a limit is not limited by it; what it does not allow is denied.
# Dates are UTC: 2027-06-30 is the first instant of that day. Files are looked for from this file's folder.

licence-order: 1

# The licence's id, a lower-case UUID. Left out: a random one.
# id: 5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07

# Who may print.
licensee: North Workshop

# How closely the design is held: open, registered, controlled or restricted.
tier: registered

design:
  # Your name for the design and its revision. Left out: from its digest, and 1.
  id: bracket-7
  revision: C
  title: Wall bracket
  # The files that are this design: any one of them may be printed. form says what must match: gcode-canon the commands
  # of the job (comments and spacing may change), gcode-raw every byte of it, model every byte of the model that a slicer
  # made it from. In place of file, sha256 names what you do not have at hand.
  files:
    - file: part.gcode
      form: gcode-canon
    - sha256: 0f343b0931126a20f133d67c2b018a3b5f7bd0d3ac4c1b5c9c7c0a1b2c3d4e5f
      form: model
  # Codes of the dictionary (portcullis licence classes): they say which tier is the least.
  classes: ["site:own-design"]
  # What may be done to a model before it is sliced. Left out: nothing.
  transforms:
    scale: [0.98, 1.02]
    rotate: z # none, z or any
    mirror: false
    split: false

# How free the slicing is: exact-gcode (a file above is what is printed), or attested-slicer (a slicer that the site
# knows vouches that it made the job from a model above).
slicing:
  mode: attested-slicer
  slicers: [slicer-1]
  # The one profile that may be used: its file, or its SHA-256.
  profile: 0f343b0931126a20f133d67c2b018a3b5f7bd0d3ac4c1b5c9c7c0a1b2c3d4e5f

# How many may be printed in total, on each machine, on each day (UTC), and of how much filament together.
copies: 25
copies-per-machine: 20
copies-per-day: 5
filament-mm: 500000

# From when on a print counts although it did not come to its end: once this layer is complete (0: with the first byte).
# A copy that ends before that is returned, or spent.
commit: { layer: 1, on-abort: return }

# The machines, by the id that portcullis licence machine tells. Machines that are out of touch cannot count together:
# give each its copies here, or later (portcullis licence allocate). A lone machine has all of them.
machines:
  - id: m-0123456789abcdef
    copies: 15
    # What the printer behind it must be, and how surely that must be known: reported by itself, or usb as well. The UUID
    # is what M115 answers; many printers have the one that Marlin ships with, which names none of them.
    printer:
      uuid: 6f9619ff-8b86-d011-b42d-00c04fc964ff
      firmware: Marlin
      usb-serial: 9553034373435111A161
      level: usb
  - m-fedcba9876543210

# From when (left out: now) and until when it may be used.
from: 2027-01-01
expires: 2027-06-30

# The materials that may be used.
materials:
  - PLA
  - type: PA-CF
    vendor: Acme
    lot: L-2026-11
    tag: "04:A2:33"

# Who may start it: people by name (the licence holds only salted digests of names) or by role.
operators:
  - name: Ada Lovelace
  - role: technician

# Limits of the job; each can only narrow what the site's policy allows.
limits:
  nozzle-celsius: 250
  bed-celsius: 80
  chamber-celsius: 50
  size-mm: { x: 200, y: 200, z: 180 }
  feedrate-mm-per-min: 12000
  flow-mm3-per-s: 15
  layer-mm: [0.1, 0.3]
  duration: 12 h

# What the part is for, where it may go (ISO 3166-1) and to whom (as a salted digest), and the statement of it that you
# hold: its file, or its SHA-256.
end-use:
  code: medical-training
  countries: [DE, NL]
  end-user: St. Elisabeth Hospital
  re-export: false
  statement: 0f343b0931126a20f133d67c2b018a3b5f7bd0d3ac4c1b5c9c7c0a1b2c3d4e5f

# On which ground it goes past the rules of its tier (humanitarian, critical-use, repair, research), and who granted it.
exemption:
  basis: humanitarian
  authority: https://export.example.org

# What the licensee owes. A report that is overdue holds the next job.
obligations:
  - report-within: 30 days # after each copy; or report-by: 2027-07-31
  - retain: 365 days
  - witnesses: 1

# How much the evidence must be worth: software, witnessed or hardware.
assurance: witnessed

# How old a status list (portcullis licence status publish) may be that it is used with, and what happens beyond it:
# deny, hold or warn. Left out: the licence cannot be called back.
status: { max-age: 90 days, beyond: hold }

# The key of the licensee who may pass it on (portcullis licence delegate-key init), and over how many levels.
delegate:
  key: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
  depth: 1

# Where a refusal may be disputed, and for how long.
appeal: { uri: https://licences.example.org/appeal, within: 30 days }

# From then on, by signed time, what its tier demands only warns: the rule behind it has lapsed.
sunset: 2027-05-01

# true: made for a drill. It never reaches a real printer.
drill: false
`
