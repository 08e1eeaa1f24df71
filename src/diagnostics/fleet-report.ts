/** What the machine around the gate has to do with it. */
export interface FleetReport {
  /** balena's update lock; null = not on balena. */
  updateLock: { state: 'free' | 'held' | 'stopping'; why?: string; heldFor?: number } | null;
  /** Of balena's supervisor; null = it is not asked. */
  device: { name: string | null; updateWaiting: boolean } | null;
}
