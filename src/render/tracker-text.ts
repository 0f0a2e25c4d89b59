import type { TrackerStep } from '../../formats/trackers/tracker.js'

/** `tracker/nodes/0x630000[2] → … → tracker/nodes/0x640000 bit 13398`. Documents are plain ASCII: ` > ` there. */
export function trackerText(steps: readonly TrackerStep[], between = ' → '): string {
  return steps
    .map(({ node, slot, bit }) => {
      const place = bit === null ? '' : ` bit ${bit}`
      return `${node}${slot === null ? '' : `[${slot}]`}${place}`
    })
    .join(between)
}
