/** Loaded when the first scan is asked for: a gateway that never scans does without databases and queues. */
export const dataSets = () => import("../data-set.ts");
