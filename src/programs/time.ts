export const microsecondNs = 1_000;
export const millisecondNs = 1_000_000;
export const secondNs = 1_000_000_000;
