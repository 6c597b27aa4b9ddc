/** The example that ships: every key with its meaning, valid as it stands. Its only source is this text. */

/** A commented configuration, for an administrator to fill in. */
export function exampleConfig(): string {
  return EXAMPLE
}

const EXAMPLE = `# Portcullis: the gate in front of one 3D printer. Several printers are several files and several gates.
#
# The least that a gate needs; everything else below has a safe default:
#
#   printer: { port: /dev/serial/by-id/usb-FILL_IN }
#   host:    { link: /run/portcullis/printer }
#   policy:  maker-space
#
# Try it:    portcullis serve --config FILE        Install it:  portcullis install-files --config FILE --print
# Check it:  portcullis doctor --config FILE       A path that does not begin with / starts at this file's folder.

printer:
  # The printer's serial device. Choose the name under /dev/serial/by-id: it stays the same when the printer is
  # unplugged and back, or another is plugged in first. Also: tcp://HOST:PORT for a printer behind ser2net, and sim
  # for the built-in printer, to try things without one.
  port: /dev/serial/by-id/usb-FILL_IN

  # The line speed that the printer's firmware is set to. Most are 115200; some are 250000.
  baud: 115200

  # How the firmware reads G-code.
  dialect: marlin

# Where host programs - OctoPrint, Printrun, Cura, a script - find the gate. There must be link or tcp, or both.
host:
  # The virtual serial port: hosts open this name as they would open /dev/ttyUSB0. It needs a folder that the gate
  # may write to.
  link: /run/portcullis/printer

  # Who may open the virtual port. Unless set, only the user that the gate runs as. With a group its members may
  # too: put the host program's user in it. It should not be dialout, which opens real devices. To give the port to
  # another owner, the gate would have to run as root: prefer a group.
  # owner: octoprint
  # group: portcullis-hosts

  # The port's permissions, in quotes: "0600" for its owner only, "0660" for its group too (the default once there
  # is a group). Modes that let everyone in are refused.
  # mode: "0660"

  # A TCP port that takes the same lines, for hosts on other machines. On 127.0.0.1 every program of this machine can
  # connect, whoever runs it.
  # tcp: 127.0.0.1:2525

  # A file whose first line is a secret that a TCP host must send as its own first line. Required as soon as tcp is
  # not an address of this machine alone: whoever can connect can print.
  # secretFile: /etc/portcullis/secret

  # How a refusal is worded so that the host program shows it and stops its job: octoprint, printrun, cura, repetier,
  # prusalink, cncjs, generic, or auto to tell them apart by their first lines.
  profile: auto

  # Which jobs a host may print. any: what the policy allows. armed: only the job that somebody armed with
  # portcullis arm, line by line. Unless set, the policy decides: armed where it has rules that judge whole jobs, such
  # as licence, material or part-size, which cannot be asked about a job that comes line by line.
  # jobs: armed

  # Whether a licensed job that is paused may be jogged by hand (allow): the gate puts position, temperatures and
  # modes back before the job goes on. Or not (refuse).
  pauses: refuse

# What is allowed: the name of a policy that comes with Portcullis (maker-space, open-bench), or a file of your own
# such as policy.yaml. Anything with a point or a slash in it is a file.
policy: maker-space

# The folder of the gate's keys and of its log. Nobody else may write there. Unless set: $PORTCULLIS_STATE, else
# the gate's user's own state folder.
state: /var/lib/portcullis

# When the machine is brought to rest - heaters off - without being asked.
stop:
  # The host has gone (closed the port, crashed) and this long no host has come: 1 to 3600 seconds.
  hostLostSeconds: 30

  # The host is connected and says nothing while something is hot: 1 to 1440 minutes.
  hostSilentMinutes: 30

  # A job was refused and the machine is still hot: 1 to 3600 seconds, for a person to look.
  refusedSeconds: 120

  # At most 8 lines sent after the heaters are off, to move the nozzle away from the print. Of G0 G1 G4 G28 G90 G91
  # M18 M84 M400 M300, and no E words. The position is not known then: lift before you move sideways.
  park: []
  # park:
  #   - G91
  #   - G1 Z10 F600
  #   - G90

# Witnesses: others that cosign the head of this gate's log, so that nobody on this machine can cut it or put an older
# one in its place unseen. Left out: nobody does. A witness on this machine counts for nothing.
# witnesses:
#   # A file in the form of C2SP tlog-policy: lines witness NAME KEY URL, groups, and one line quorum NAME.
#   # portcullis witness serve runs a witness; portcullis witness key prints the key that is named here.
#   policy: witnesses.txt
#   # never: nothing waits for them. jobs: no job begins before the quorum has cosigned its decision.
#   required: never
#   # So long a job waits for them, where it must: 1 to 60 seconds. Then it is refused.
#   waitSeconds: 10

# Incidents: bursts of refusals, a clock that steps back, a printer that counts more filament than was sent, and the
# like. They are always on record; portcullis audit incidents shows what would be told of them.
incidents:
  # Whether each is sent to the sink by itself. Nothing leaves this machine unless this says so.
  automatic: false
  # At most so many an hour; what comes after is one incident, a flood.
  perHourMax: 12
  # sink: { kind: file, path: /var/log/portcullis/incidents.jsonl }
  # sink: { kind: syslog, host: 192.0.2.7, port: 514, protocol: tcp }
  # sink: { kind: http, url: https://incidents.example.org/portcullis, secretFile: /etc/portcullis/incidents-token }

# Names, file names, addresses and free text lie beside the log, encrypted, where they can be erased.
privacy:
  # They are erased at this age, by whole months. Left out: only when somebody asks for it. A clock that is more than
  # 40 days ahead of the records of before is not believed, and so erases nothing younger, until witnesses name such a
  # time too or 40 days have gone by under it.
  # keepDays: 365
  # So long they are kept even where their erasure is asked for; the erasure is then done later, and says so.
  mustKeepDays: 0

# Within what time people here answer. Reports name what is overdue; an appeal after its time is refused.
answers:
  holdHours: 72
  appealDays: 30
  appealAnswerDays: 14

# What the gate tells on standard error: silent, error, warn, info or debug. The audit log is kept whatever this says.
log: info
`
