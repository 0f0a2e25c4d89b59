import {
  checkSystemdMapping,
  checkSystemdSessions,
  checkSystemdTokens,
  checkSystemdUnnamed,
} from '../checks/systemd.js'
import { family, LUO_ALL } from './define.js'

const COMMON = {
  severity: 'warning',
  applies: `${LUO_ALL}; systemd since v261`,
  kernel: 'nothing: it hands the files over as they are',
  effect: 'none',
} as const

const READER = 'systemd: src/core/luo.c, where PID 1 takes its descriptors back'

/** What systemd writes down for itself: whose descriptor each token is. */
export const SYSTEMD_RULES = family('systemd', [
  {
    ...COMMON,
    id: 'SYSTEMD-MAPPING',
    title: "token 0 of the session 'systemd' says whose the other tokens are",
    explanation:
      'The session is there, and at token 0 lies no memfd with the JSON that names its files: another program made the session, systemd-shutdown came no further, or the contents were overwritten. Services get none of their descriptors back. The kernel hands all of them over, and frees them when the session is closed. Where the dump lacks the contents this says nothing against the state.',
    source: READER,
    check: checkSystemdMapping,
  },
  {
    ...COMMON,
    id: 'SYSTEMD-TOKEN-UNNAMED',
    title: "every file in the session 'systemd' is named in the mapping",
    explanation:
      'A file is preserved under a token that no unit has an entry for. No service gets it back: its memory is handed over for nothing, and is lost when systemd closes the session.',
    source: READER,
    check: checkSystemdUnnamed,
  },
  {
    ...COMMON,
    id: 'SYSTEMD-TOKEN-MISSING',
    title: 'every token in the mapping of systemd is a file of its session',
    explanation:
      'A unit is to get a descriptor whose token the session does not hold: preserving the file failed, or it was unpreserved since. The service starts without that descriptor.',
    source: READER,
    check: checkSystemdTokens,
  },
  {
    ...COMMON,
    id: 'SYSTEMD-SESSION-MISSING',
    title: 'every session in the mapping of systemd was handed over',
    explanation:
      'A unit kept a session of its own in its descriptor store, and no session of that name is in the hand-over. The service cannot retrieve any of its files.',
    source: READER,
    check: checkSystemdSessions,
  },
])
